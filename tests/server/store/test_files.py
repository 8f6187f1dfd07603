"""What is written is whole or absent, and a failed fsync is a failure."""

import errno
import os
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
