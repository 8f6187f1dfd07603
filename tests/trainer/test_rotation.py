"""A held-out upload judges until newer ones do, and is then learnt: for no training it is both."""

from pathlib import Path

import numpy as np
from PIL import Image

from server.pictures import image
from server.pictures.preprocessing import Preprocessing
from server.store.dataset import Labelled
from server.store.memory import Memory
from server.store.split import split_of
from tests.digits import Digits
from tests.tiny import memory_in
from trainer.dataset import find
from trainer.prepare import Prepared, prepare

DIGIT = Preprocessing("digit", 28, 28, 1, 2)
MOST = 4


def test_what_judges_rotates_from_training_to_training(tmp_path: Path, digits: Digits) -> None:
    for position in range(60):
        folder = tmp_path / "set" / str(position % 2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{position}.png").write_bytes(digits.png(position))
    memory = memory_in(tmp_path)
    memory.dataset.held_out_limit = MOST
    shas = {position: _sha(digits.images[position]) for position in range(60, 200)}
    held_out = [position for position, sha256 in shas.items() if split_of(sha256) == "test"]
    roles: list[tuple[set[str], set[str]]] = []
    for some in (held_out[:MOST], held_out[MOST : MOST + 2], held_out[MOST + 2 : MOST + 9]):
        memory.dataset.add([Labelled(Image.fromarray(digits.images[each]), "1") for each in some], "upload")
        roles.append(_roles(_prepared(tmp_path, memory, len(roles))))
    learnt = [set[str](), {shas[each] for each in held_out[:2]}, {shas[each] for each in held_out[: MOST + 5]}]
    judging = [held_out[:MOST], held_out[2 : MOST + 2], held_out[MOST + 5 : MOST + 9]]
    assert roles == [(one, {shas[each] for each in other}) for one, other in zip(learnt, judging, strict=True)]
    for earlier, later in ((0, 1), (0, 2), (1, 2)):  # what a version learned judges none of those that come
        assert not roles[earlier][0] & roles[later][1]


def _prepared(folder: Path, memory: Memory, number: int) -> Prepared:
    work = folder / f"work-{number}"
    work.mkdir()
    return prepare(find(folder / "set"), memory, DIGIT, work)


def _roles(prepared: Prepared) -> tuple[set[str], set[str]]:
    """The uploads that are learnt from, and those that judge."""
    learnt, judging = ({prepared.sha256s[int(row)] for row in prepared.rows[part]} for part in ("uploads", "held out"))
    assert not prepared.skipped
    return learnt, judging


def _sha(pixels: np.ndarray) -> str:
    return image.pixels_sha256(image.pixels(Image.fromarray(pixels)))
