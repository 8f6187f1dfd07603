"""The notebook is stored without outputs and runs from top to bottom."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.digits import write_small_mnist
from tests.live import TRAINING_SECONDS

NOTEBOOK = Path(__file__).parents[2] / "trainer" / "walkthrough.ipynb"


def test_it_is_stored_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.long(seconds=30)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq", "ignore::RuntimeWarning:zmq")
def test_it_runs_with_a_small_setting(tmp_path: Path) -> None:
    write_small_mnist(tmp_path / "small", 2000, 300)
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    settings = notebook.cells[1]
    settings.source = settings.source.replace('"data/mnist"', repr(str(tmp_path / "small"))).replace(
        "EPOCHS = 3", "EPOCHS = 1"
    )
    assert str(tmp_path) in settings.source
    NotebookClient(
        notebook, timeout=int(TRAINING_SECONDS), resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    ).execute()
    shown = str(notebook.cells[-1].outputs)
    assert "score" in shown
    assert sum("image/svg+xml" in str(cell.get("outputs")) for cell in notebook.cells) == 3
