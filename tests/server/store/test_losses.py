"""What a fact names and the disk has not is named, and nothing else is."""

from concurrent.futures import ThreadPoolExecutor

from server.store.content import sample_path
from server.store.memory import Memory
from server.store.sample import Caps
from tests.server.store.filled import a_sample
from tests.server.store.memories import labelled, publish, sha_of


def test_what_is_lost_is_named(memory: Memory) -> None:
    memory.dataset.add([labelled(1), labelled(2)], "upload")
    publish(memory)
    with ThreadPoolExecutor(1) as executor:
        losses = memory.losses(executor)
        assert losses.look() == []
        model = memory.versions.folder("1") / "model.onnx"
        model.write_bytes(model.read_bytes()[:-1])
        (cut,) = losses.look()
        assert cut.startswith("files of version 1 are lost or cut")
        (picture,) = memory.content.path("data", "").rglob(f"{sha_of(1)}.png")
        picture.unlink()
        assert f"the file of 1 image is lost, such as {sha_of(1)}" in losses.look()[1]
        memory.samples.add([a_sample(3)], Caps(9, 9, 2**20, 9))
        memory.samples.add([a_sample(4)], Caps(9, 9, 2**20, 9))
        memory.content.path("data", sample_path(sha_of(4))).unlink()
        assert f"the file of 1 sample is lost, such as {sha_of(4)}: remove it" in losses.look()[2]
