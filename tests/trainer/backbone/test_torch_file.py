"""A torch file is read as torch reads it, and can do nothing but hold tensors."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.backbone.torch_files import HEAD, pickled, tensor, write_zip
from trainer.backbone.torch_file import NotTensors, read_tensors

HERE = Path(__file__).parent
FORMS = ("tensors.pth", "tensors-legacy.pth")  # written by torch 2.14
TWELVE = np.arange(12, dtype=np.float32).tobytes()


class Touching:
    """Makes a file when it is unpickled by whoever lets it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


def write(path: Path, form: str, data: bytes) -> None:
    if form == "zip":
        write_zip(path, data, {"0": TWELVE})
    else:
        path.write_bytes(HEAD + data + pickle.dumps(["0"], 2) + (12).to_bytes(8, "little") + TWELVE)


@pytest.mark.parametrize("form", FORMS)
def test_tensors_are_those_that_torch_wrote(form: str) -> None:
    found = read_tensors(HERE / form)
    base = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    expected = {"plain": base, "turned": base.transpose(2, 0, 1), "part": base[1, 1:], "number": np.array(7)}
    expected["half"] = np.array([0.5, -2], np.float16)
    assert list(found) == list(expected)
    for name, each in expected.items():
        assert found[name].dtype == each.dtype
        np.testing.assert_array_equal(found[name], each)


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_no_code_of_a_pickle_runs(tmp_path: Path, form: str) -> None:
    write(tmp_path / "evil.pth", form, pickle.dumps({"a": Touching(tmp_path / "ran")}, 2))
    with pytest.raises(NotTensors, match=r"system, which no tensor needs"):
        read_tensors(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.parametrize(
    "piece",
    [
        tensor("0", 12, (3, 5), (5, 1)),
        tensor("0", 12, (12,), (1,), first=1),
        tensor("0", 12, (2**40, 2**40), (0, 0)),
        tensor("0", 12, (-3, -4), (4, 1)),
        tensor("0", 12, (3,), (-4,)),
        tensor("0", 12, (3, 4), (1,)),
        tensor("0", 2**40, (3,), (1,)),
        tensor("1", 12, (12,), (1,)),
        pickle.dumps("no tensor", 2)[2:-1],
    ],
    ids=["shape", "first", "repeated", "negative", "backwards", "ranks", "storage", "lost", "text"],
)
def test_what_lies_beyond_its_storage_is_refused(tmp_path: Path, form: str, piece: bytes) -> None:
    write(tmp_path / "wrong.pth", form, pickled({"a": piece}))
    with pytest.raises(NotTensors):
        read_tensors(tmp_path / "wrong.pth")
    write(tmp_path / "right.pth", form, pickled({"a": tensor("0", 12, (3, 4), (4, 1))}))
    assert read_tensors(tmp_path / "right.pth")["a"].shape == (3, 4)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_cut_is_refused_wherever_that_is(tmp_path: Path, form: str) -> None:
    whole = (HERE / form).read_bytes()
    for end in range(0, len(whole) - 1, 37):
        (tmp_path / form).write_bytes(whole[:end])
        with pytest.raises(NotTensors):
            read_tensors(tmp_path / form)


def test_what_unpacks_to_more_than_it_has_is_refused(tmp_path: Path) -> None:
    data = pickled({"a": tensor("0", 12, (3, 4), (4, 1))})
    write_zip(tmp_path / "bomb.pth", data, {"0": TWELVE}, zipfile.ZIP_DEFLATED)
    with pytest.raises(NotTensors, match="compressed"):
        read_tensors(tmp_path / "bomb.pth")


@pytest.mark.parametrize("content", [b"", b"\x80\x02.", b"PK\x05\x06" + 18 * b"\0", pickle.dumps(3), b"\x89HDF\r\n"])
def test_what_is_no_torch_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(NotTensors):
        read_tensors(tmp_path / "other")
