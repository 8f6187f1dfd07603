"""Golden images that are not of the contract are refused, and before memory is asked for in their name."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from server.models.golden import IMAGES_LEAST, IMAGES_MOST, read_golden
from server.store.errors import BrokenArtifact
from tests.live import ROOT
from tests.tiny import tiny_candidate

MANIFEST = tiny_candidate().manifest("digits", "1")


def packed(images: np.ndarray, probabilities: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, images=images, probabilities=probabilities)
    return file.getvalue()


def of(rows: int, side: int = 28, labels: int = 10) -> bytes:
    return packed(np.zeros((rows, side, side, 1), np.uint8), np.full((rows, labels), 0.1, np.float32))


@pytest.mark.parametrize("rows", [IMAGES_LEAST, 32, IMAGES_MOST])
def test_what_the_trainer_writes_is_read(rows: int) -> None:
    images, probabilities = read_golden(of(rows), MANIFEST)
    assert (images.shape, str(images.dtype)) == ((rows, 28, 28, 1), "uint8")
    assert (probabilities.shape, str(probabilities.dtype)) == ((rows, 10), "float32")


def renamed(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(of(4))) as source, zipfile.ZipFile(file, "w") as target:
        for entry in source.infolist():
            target.writestr(name if entry.filename == "images.npy" else entry.filename, source.read(entry))
    return file.getvalue()


def rewritten(images: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive whose entry for the images has those bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(of(4))) as source, zipfile.ZipFile(file, "w", compression) as target:
        target.writestr("images.npy", images)
        target.writestr("probabilities.npy", source.read("probabilities.npy"))
    return file.getvalue()


def header(shape: tuple[int, ...], dtype: str = "|u1", fortran: bool = False) -> bytes:
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": dtype, "fortran_order": fortran, "shape": shape})
    return file.getvalue()


PIXELS = bytes(4 * 28 * 28)
WRONG = {
    "nothing": b"",
    "no archive": b"not an archive",
    "cut": of(4)[:-30],
    "cut in the middle": of(4)[:200],
    "no image": of(0),
    "one image": of(IMAGES_LEAST - 1),
    "too many images": of(IMAGES_MOST + 1),
    "other sides": of(4, side=32),
    "other labels": of(4, labels=11),
    "one answer for all": packed(np.zeros((4, 28, 28, 1), np.uint8), np.full((1, 10), 0.1, np.float32)),
    "fewer answers": packed(np.zeros((4, 28, 28, 1), np.uint8), np.full((3, 10), 0.1, np.float32)),
    "answers of no rows": packed(np.zeros((4, 28, 28, 1), np.uint8), np.array(0.1, np.float32)),
    "images as floats": packed(np.zeros((4, 28, 28, 1), np.float32), np.full((4, 10), 0.1, np.float32)),
    "answers as doubles": packed(np.zeros((4, 28, 28, 1), np.uint8), np.full((4, 10), 0.1)),
    "an object": packed(np.array([{}] * 4, object), np.full((4, 10), 0.1, np.float32)),
    "an array of another name": renamed("pictures.npy"),
    "a header that promises more": rewritten(header((10**9, 28, 28, 1)) + PIXELS),
    "a header that promises a negative number": rewritten(header((-4, 28, 28, 1)) + PIXELS),
    "fewer pixels than promised": rewritten(header((4, 28, 28, 1)) + PIXELS[:-1]),
    "another order": rewritten(header((4, 28, 28, 1), fortran=True) + PIXELS),
    "an endless header": rewritten(b"\x93NUMPY\x01\x00\xff\xff" + b" " * 2000),
    "a compression that numpy never uses": rewritten(header((4, 28, 28, 1)) + PIXELS, zipfile.ZIP_LZMA),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_not_of_the_contract_is_refused(kind: str) -> None:
    with pytest.raises(BrokenArtifact, match=r"golden\.npz"):
        read_golden(WRONG[kind], MANIFEST)


BOMB_BYTES = 200 * 2**20
MEASURE = """
import resource, sys
from server.models.golden import read_golden
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest
manifest = Manifest.from_json(open(sys.argv[1], "rb").read())
data = open(sys.argv[2], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_golden(data, manifest)
except BrokenArtifact as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_an_archive_that_inflates_to_gigabytes_is_refused_before_it_does(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(MANIFEST.to_json())
    with zipfile.ZipFile(tmp_path / "golden.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("images.npy", "w", force_zip64=True) as entry:
            entry.write(header((BOMB_BYTES // 784, 28, 28, 1)))
            for _ in range(BOMB_BYTES // 2**20):
                entry.write(bytes(2**20))
        archive.writestr("probabilities.npy", b"")
    assert (tmp_path / "golden.npz").stat().st_size < 2**20
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "manifest.json"), str(tmp_path / "golden.npz")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert int(done.stdout) < 20_000, "kilobytes"
