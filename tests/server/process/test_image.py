"""What an image makes of its arguments and of what is mounted into it, without a container."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.process.image import SHIPPED, command, room
from tests.digits import Digits
from tests.live import ROOT, LiveServer

NONE = Path("/nowhere")
IMAGE = {"RELEARN_BASELINE": SHIPPED}


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        ((), ["server"]),
        (("server",), ["server"]),
        (("server", "key", "ana", "--scopes", "read"), ["server", "key", "ana", "--scopes", "read"]),
        (("server.process.ready",), ["server.process.ready"]),
        (("--help",), ["server", "--help"]),
        (
            ("--workers", "2", "--port", "9000", "--log-format=json"),
            ["server", "--workers", "2", "--log-format=json", "--port=9000"],
        ),
        (
            ("--model_name=digits", "--http_port=8080", "--grpc_port=9000"),
            ["server", "--name=digits", "--port=8080", "--grpc-port=9000"],
        ),
        (
            ("--collect", "--model_name", "digits", "--drain-seconds", "10", "--http_port", "8080"),
            ["server", "--collect", "--drain-seconds", "10", "--name=digits", "--port=8080"],
        ),
    ],
)
def test_arguments_are_the_server_s_under_either_name(arguments: tuple[str, ...], module: list[str]) -> None:
    assert command(arguments, IMAGE, NONE, NONE) == module


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"name": "flowers", "version": "0"}))
    (folder / "model.onnx").touch()
    return folder


def test_a_mounted_model_is_served_under_its_name_unless_another_is_named(mounted: Path, tmp_path: Path) -> None:
    room = tmp_path / "room"
    assert command((), IMAGE, mounted, room) == ["server", "--name=flowers", f"--baseline={mounted}"]
    assert command(("--model_dir", str(mounted)), IMAGE, NONE, room)[1:] == ["--name=flowers", f"--baseline={mounted}"]
    assert command(("--baseline=/other",), IMAGE, mounted, room) == ["server", "--baseline=/other"]
    assert command((), {"RELEARN_BASELINE": "/other"}, mounted, room) == ["server"]
    assert command(("server", "check"), IMAGE, mounted, room) == ["server", "check"]
    assert not room.exists()


@pytest.mark.parametrize("flags", [("--model_name=mine",), ("--name", "mine"), ()])
def test_a_model_of_another_name_is_taken_under_the_one_that_is_given(
    mounted: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    (room / "old").touch()
    environment = IMAGE if flags else IMAGE | {"RELEARN_NAME": "mine"}
    assert command(flags, environment, mounted, room) == ["server", "--name=mine", f"--baseline={room}"]
    assert json.loads((room / "manifest.json").read_text()) == {"name": "mine", "version": "0"}
    assert sorted(path.name for path in room.iterdir()) == ["manifest.json", "model.onnx"]


def test_the_model_that_ships_is_taken_under_the_name_that_kserve_gives(mounted: Path, tmp_path: Path) -> None:
    room, shipped = tmp_path / "room", mounted
    told = ["server", "--name=mine", f"--baseline={room}"]
    assert command(("--model_name", "mine"), IMAGE, NONE, room, shipped) == told
    assert command(("--name=mine",), IMAGE, NONE, room, shipped) == ["server", "--name=mine"]  # begins from nothing
    begun = ("--model_name=mine", "--labels=cat,dog")
    assert command(begun, IMAGE, NONE, room, shipped) == ["server", "--labels=cat,dog", "--name=mine"]


@pytest.mark.parametrize("wrong", ["model.onnx", "manifest.json", "[]", "no JSON"])
def test_what_is_mounted_and_no_model_is_told(mounted: Path, wrong: str) -> None:
    if (mounted / wrong).exists():
        (mounted / wrong).unlink()
    else:
        (mounted / "manifest.json").write_text(wrong)
    with pytest.raises(ValueError, match="holds no model of ours"):
        command((), IMAGE, mounted, NONE)


def test_an_empty_mount_is_none(tmp_path: Path) -> None:
    assert command((), IMAGE, tmp_path, NONE) == ["server"]


def test_a_copy_lies_where_something_can_be_written(tmp_path: Path) -> None:
    assert room("/nowhere", str(tmp_path)) == tmp_path / "relearn-model"
    assert room("/nowhere", "/none") == Path("/nowhere/relearn-model")


def test_the_image_begins_with_it_and_ships_what_it_knows() -> None:
    image = (ROOT / "Dockerfile.serve").read_text()
    assert 'ENTRYPOINT ["python", "-m", "server.process.image"]' in image
    assert f"RELEARN_BASELINE={SHIPPED} " in image


class Started(LiveServer):
    """Begun as the image begins."""

    module = "server.process.image"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server as KServe starts one, of a version that was taken from another by its archive."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with LiveServer(folder / "first", "--trainer", "none") as first:
        zipfile.ZipFile(io.BytesIO(first.get("/models/0/archive").content)).extractall(folder / "models")
    flags = ("--model_name=my-digits", f"--model_dir={folder / 'models'}", "--http_port=0", "--trainer=none")
    with Started(folder / "second", *flags, environment={"TMPDIR": str(folder)}) as second:
        yield second


def test_a_version_that_was_taken_elsewhere_answers_under_the_name_it_is_given(
    elsewhere: LiveServer, digits: Digits
) -> None:
    assert elsewhere.predict(digits.png(0)).json()["label"] == str(digits.classes[0])
    assert elsewhere.get("/v2/models/my-digits/ready").json() == {"name": "my-digits", "ready": True}
    assert elsewhere.get("/v2/models/digits").status_code == 404
