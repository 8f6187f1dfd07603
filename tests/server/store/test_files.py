"""What is written is whole or absent, and a failed fsync is a failure."""

import errno
import os
import threading
from pathlib import Path

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


def test_the_first_writer_wins(tmp_path: Path) -> None:
    assert files.write_once(tmp_path / "a", b"1")
    assert not files.write_once(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_line_after_a_cut_one_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    files.append_line(path, '{"a": 1}')
    with path.open("ab") as file:
        file.write(b'{"cut')
    files.append_line(path, '{"b": 2}')
    assert files.read_json_lines(path) == [{"a": 1}, {"b": 2}]
    assert files.read_json_lines(tmp_path / "none") == []


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


def test_a_lock_keeps_others_out_until_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with files.locked(path), pytest.raises(files.LockTimeout), files.locked(path, 0.05):
        pytest.fail("two hold it")
    with files.locked(path, 0, shared=True), files.locked(path, 0, shared=True):
        pass
    counted: list[int] = []

    def count() -> None:
        with files.locked(path):
            seen = len(counted)
            counted.append(seen)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == list(range(8))
