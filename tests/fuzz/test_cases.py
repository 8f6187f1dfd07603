"""What a search found once is taken as it has to be, and so is whatever is near what people send."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import HARNESSES

# Pillow warns of broken files, which a server ignores.
pytestmark = [pytest.mark.parametrize("name", HARNESSES), pytest.mark.filterwarnings("ignore::UserWarning")]

edits = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 20), st.binary(max_size=8)), max_size=4)


def harness(name: str) -> Any:
    return importlib.import_module(f"tests.fuzz.{name}")


def test_what_was_found_is_found_no_more(name: str) -> None:
    cases = [path.read_bytes() for path in sorted(Path(__file__).with_name("cases").glob(f"{name}/*"))]
    for data in [b"", *harness(name).seeds(), *cases]:
        harness(name).check(data)


@settings(max_examples=100)
@given(st.data(), edits)
def test_changed_here_and_there_it_is_taken_or_refused(
    name: str, chosen: st.DataObject, edits: list[tuple[int, int, bytes]]
) -> None:
    data = chosen.draw(st.sampled_from(harness(name).seeds()))
    for place, removed, inserted in edits:
        at = place % (len(data) + 1)
        data = data[:at] + inserted + data[at + removed :]
    harness(name).check(data)
