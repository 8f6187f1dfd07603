"""What is written is whole or absent, and a failed fsync is a failure."""

import errno
import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.store import files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write_atomically(path, b"1")
    files.write_atomically(path, b"22")
    assert path.read_bytes() == b"22"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_failed_fsync_leaves_the_old_file_and_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "a"
    files.write_atomically(path, b"old")
    calls = 0

    def fail(_: int) -> None:
        nonlocal calls
        calls += 1
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(code)):
        files.write_atomically(path, b"new")
    assert calls == 1
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_links_folders_and_pipes_are_not_read(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"x")
    assert files.read_regular(plain, 10) == b"x"
    (tmp_path / "link").symlink_to(plain)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder", "none"):
        with pytest.raises(OSError, match=r"."):
            files.read_regular(tmp_path / name, 10)
    with pytest.raises(OSError, match="larger than"):
        files.read_regular(plain, 0)


def test_nothing_is_read_through_a_link_at_any_depth(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "plain").write_bytes(b"x")
    (tmp_path / "to-a").symlink_to("a")
    (tmp_path / "a" / "to-b").symlink_to(inner)
    assert files.read_regular(inner / "plain", 10) == b"x"
    for path in (tmp_path / "to-a" / "b" / "plain", tmp_path / "a" / "to-b" / "plain"):
        assert path.read_bytes() == b"x"
        with pytest.raises(NotADirectoryError):
            files.read_regular(path, 10)
    os.link(inner / "plain", tmp_path / "second-name")
    with pytest.raises(OSError, match="not a plain file of its own"):
        files.read_regular(inner / "plain", 10)
    assert files.read_regular(inner / "plain", 10, alone=False) == b"x"


def test_what_is_no_plain_file_is_not_written_to(tmp_path: Path) -> None:
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "link").symlink_to("plain")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name in ("link", "pipe", "socket"):
            with pytest.raises(OSError, match=r"."):
                files.open_plain(tmp_path / name, append)
    os.close(files.open_plain(tmp_path / "new", append))
    assert (tmp_path / "new").read_bytes() == b""


def test_refusing_costs_no_descriptors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/dev/fd").iterdir()))
    for name in ("pipe", "none", "none/none"):
        with pytest.raises(OSError, match=r"."):
            files.open_plain(tmp_path / name)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_json_of_any_depth_is_refused_as_json_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested"):
        files.read_json(tmp_path / "a")


def test_only_an_object_is_json_for_us(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"b": [1]}')
    assert files.read_json(tmp_path / "a") == {"b": [1]}
    (tmp_path / "a").write_text("[1]")
    with pytest.raises(ValueError, match="no JSON object"):
        files.read_json(tmp_path / "a")


def test_temp_files_of_one_writer_go_and_no_others(tmp_path: Path) -> None:
    for name in (".tmp-a-1-2-3", ".tmp-a-4-5-6", ".tmp-ab-1-2-3", "a", "a-1"):
        (tmp_path / name).write_bytes(b"x")
    files.remove_temps(tmp_path / "a", 1)
    assert {path.name for path in tmp_path.iterdir()} == {".tmp-a-4-5-6", ".tmp-ab-1-2-3", "a", "a-1"}
    files.remove_temps(tmp_path / "none" / "a", 1)


def test_removing_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert files.remove_ours(tmp_path / "a") == 0
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    files.remove_ours(tmp_path / "a")
    assert not (tmp_path / "a").is_symlink()


def test_nobody_waits_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code = "import sys; from pathlib import Path; from server.store import files; files.open_plain(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path / "pipe")]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=120, check=False
    )
    assert "not a plain file" in done.stderr


def test_a_file_beyond_its_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    monkeypatch.setattr(os, "fdopen", lambda *_, **__: pytest.fail("it is read"))
    with pytest.raises(OSError, match="larger than 4 bytes"):
        files.read_regular(tmp_path / "a", 4)


def test_a_file_that_grows_is_not_read_beyond_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"1")
    real = os.fdopen

    def grow(descriptor: int, *arguments: Any, **options: Any) -> Any:
        (tmp_path / "a").write_bytes(b"123456")
        return real(descriptor, *arguments, **options)

    monkeypatch.setattr(os, "fdopen", grow)
    with pytest.raises(OSError, match="larger than 4 bytes"):
        files.read_regular(tmp_path / "a", 4)


def test_a_file_of_another_size_is_not_hashed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert files.digest(tmp_path / "a", 5) == (hashlib.sha256(b"12345").hexdigest(), 5)
    assert files.digest(tmp_path / "a", 4) == (hashlib.sha256().hexdigest(), 5)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was synced and renamed, in order, by its last name."""
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def note_sync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        done.append("sync a temp file" if name.startswith(files.TEMP_PREFIX) else f"sync {name}")
        sync(descriptor)

    def note_replace(source: Path, target: Path) -> None:
        done.append(f"name {Path(target).name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    return done


def test_a_file_is_synced_before_and_its_folder_after_it_has_its_name(tmp_path: Path, steps: list[str]) -> None:
    files.write_atomically(tmp_path / "a", b"1")
    assert steps == ["sync a temp file", "name a", f"sync {tmp_path.name}"]


def test_the_name_of_each_new_folder_is_synced(tmp_path: Path, steps: list[str]) -> None:
    files.make_folder(tmp_path / "a" / "b")
    assert steps == [f"sync {tmp_path.name}", "sync a"]


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "model.onnx").write_bytes(b"x")
    (tmp_path / "link").symlink_to("theirs")
    assert files.remove_ours(tmp_path / "link") == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["theirs", "model.onnx"]
