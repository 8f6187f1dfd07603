"""Only what was listed is ever removed, and not before nobody needs it."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.store import files, living, opening
from server.store.content import Content, candidate_path, job_path
from server.store.errors import ClaimLost, StoreError
from server.store.lease import take
from server.store.memory import Memory, open_memory
from tests.faults.breaking import breakable
from tests.opener import Opener
from tests.server.store.memories import gone_process, labelled, labels, process_elsewhere, sha_of, stored

PATH = f"train/00/{'0' * 64}.png"


def claim_and_write(memory: Memory) -> Path:
    memory.content.claim("data", [PATH])
    memory.content.write({PATH: b"half"}, "data")
    return memory.content.path("data", PATH)


def test_a_claim_whose_writer_died_is_swept(opener: Opener) -> None:
    path = claim_and_write(opener(living_name=gone_process()))
    assert opener().content.sweep() == 1
    assert not path.exists()
    assert opener().content.sweep() == 0


def test_a_claim_whose_writer_lives_is_not_swept(opener: Opener) -> None:
    path = claim_and_write(opener())
    assert opener().content.sweep() == 0
    assert path.exists()


def test_a_claim_of_another_machine_lives_as_long_as_its_worker_is_listed(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = claim_and_write(opener(living_name=process_elsewhere()))
    memory = opener()
    with monkeypatch.context() as patch:
        patch.setattr(living, "own", process_elsewhere)
        worker = memory.workers.join(None)
    assert memory.content.sweep() == 0
    memory.workers.leave(worker)
    assert memory.content.sweep() == 1
    assert not path.exists()


def test_a_claim_of_another_machine_lives_as_long_as_its_job_is_open(opener: Opener) -> None:
    memory = opener(living_name=process_elsewhere())
    claim_and_write(memory)
    lease = take(memory.database, memory.jobs.create({}, "api", {}).job, process_elsewhere(), living.Heartbeats())
    assert lease is not None
    assert opener().content.sweep() == 0
    lease.end({"state": "failed"})
    assert opener().content.sweep() == 1


def test_a_process_that_is_killed_in_an_upload_leaves_nothing(opener: Opener) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from server.store import files; from server.store.memory import open_memory\n"
        "from tests.server.store.memories import labelled\n"
        "artifacts, data, database = sys.argv[1:]\n"
        "memory = open_memory(Path(artifacts), Path(data), 'digits', Path('none'), database)\n"
        "memory.dataset.add([labelled(1)], 'upload')\n"
        "real, left = os.replace, iter(range(4))\n"
        "def kill(*paths):\n"
        "    next(left, None) is None and os.kill(os.getpid(), signal.SIGKILL)\n"
        "    real(*paths)\n"
        "os.replace = kill\n"
        "memory.dataset.add([labelled(each) for each in range(2, 12)], 'upload')\n"
    )
    arguments = [str(opener.artifacts), str(opener.data), opener.database]
    done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=Path(__file__).parents[3], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(stored(opener.data)) > 4
    memory = opener()
    memory.content.sweep()
    assert stored(opener.data) == labels(memory).keys() == {sha_of(1)}
    assert memory.dataset.add([labelled(each) for each in range(2, 12)], "upload").count == 10


def test_what_was_not_listed_is_never_removed(opener: Opener) -> None:
    memory = opener(living_name=gone_process())
    memory.dataset.add([labelled(1), labelled(2)], "upload")
    (place,) = [path.parent for path in opener.data.rglob(f"{sha_of(1)}.png")]
    own = [
        opener.data / "notes.txt",
        opener.data / "train" / f"{'1' * 64}.png",
        opener.data / "train" / "00" / f"{'2' * 64}.png",
        place / ".tmp-mine",
        place / f"{sha_of(1)}.txt",
        opener.artifacts / "models" / "digits" / "7" / "model.onnx",
        opener.artifacts / "candidates" / "7" / "model.onnx",
        opener.artifacts / "jobs" / "7" / "trainer.log",
    ]
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    claim_and_write(memory)
    memory.versions.reserve()
    memory.dataset.remove(sha_of(1))
    memory.dataset.remove_batch("1")
    memory.jobs.prune(0)
    memory.content.sweep()
    assert all(path.read_bytes() == b"mine" for path in own)
    left = {path for root in (opener.data, opener.artifacts) for path in root.rglob("*") if path.is_file()}
    assert {path for path in left if not path.name.startswith("relearn.sqlite3")} == set(own)


def test_a_folder_keeps_what_somebody_else_put_into_it(opener: Opener) -> None:
    memory = opener(living_name=gone_process())
    reservation = memory.versions.reserve()
    for name in ("model.onnx", "manifest.json", "report/report.json", ".tmp-model.onnx-1", "mine.txt", "own/x"):
        (reservation.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (reservation.folder / name).write_bytes(b"x")
    (reservation.folder / "work").symlink_to(opener.data)
    memory.content.sweep()
    assert {path.name for path in reservation.folder.iterdir()} == {"mine.txt", "own", "work"}


def test_a_finished_jobs_folders_go_when_it_is_forgotten(memory: Memory) -> None:
    number = memory.jobs.create({}, "api", {}).job
    folders = [memory.content.path("artifacts", path) for path in (job_path(number), candidate_path(number))]
    for folder in folders:
        files.make_folder(folder)
        files.write_atomically(folder / "trainer.log", b"x")
    memory.jobs.cancel(number)
    memory.content.sweep()
    assert all(folder.is_dir() for folder in folders)
    assert memory.jobs.prune(0) == [number]
    assert not any(folder.exists() for folder in folders)


def test_pictures_stay_while_an_open_job_learns_from_an_older_state(opener: Opener) -> None:
    memory = opener()
    memory.dataset.add([labelled(1), labelled(2), labelled(3)], "upload")
    memory.dataset.remove(sha_of(3))
    lease = take(memory.database, memory.jobs.create({}, "api", {}).job, living.own(), living.Heartbeats())
    assert lease is not None
    assert memory.jobs.get(lease.job).decision == memory.browser.overview().decision
    memory.dataset.remove(sha_of(1))
    memory.dataset.add([labelled(4)], "upload")
    memory.dataset.remove_batch("2")
    assert opener().content.sweep() == 0
    assert stored(opener.data) == {sha_of(1), sha_of(2), sha_of(4)}
    assert memory.dataset.add([labelled(4)], "upload").count == 1
    lease.end({"state": "failed"})
    assert opener().content.sweep() == 1
    assert stored(opener.data) == labels(memory).keys() == {sha_of(2), sha_of(4)}


def test_an_upload_that_was_taken_for_dead_stores_nothing(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    late, other = opener(living_name=gone_process()), opener()
    real = Content.write

    def slow(content: Content, contents: dict[str, bytes], root: str) -> None:
        real(content, contents, root)
        assert other.content.sweep() == 2

    monkeypatch.setattr(Content, "write", slow)
    with pytest.raises(ClaimLost):
        late.dataset.add([labelled(1), labelled(2)], "upload")
    monkeypatch.undo()
    assert stored(opener.data) == labels(other).keys() == set()
    assert late.dataset.add([labelled(1), labelled(2)], "upload").count == 2


def test_a_swept_claim_leaves_what_another_upload_stored_meanwhile(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, other = opener(living_name=gone_process()), opener()
    real = Content.write

    def slow(content: Content, contents: dict[str, bytes], root: str) -> None:
        real(content, contents, root)
        monkeypatch.undo()
        other.dataset.add([labelled(1)], "upload")
        other.content.sweep()

    monkeypatch.setattr(Content, "write", slow)
    with pytest.raises(ClaimLost):
        late.dataset.add([labelled(1)], "upload")
    assert stored(opener.data) == labels(other).keys() == {sha_of(1)}


def test_every_new_folders_name_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    real = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    folder = tmp_path / "new" / "data"
    memory = open_memory(tmp_path / "artifacts", folder, "digits", tmp_path / "none")
    memory.dataset.add([labelled(1)], "upload")
    (path,) = folder.rglob("*.png")
    assert {path.parent, path.parents[1], path.parents[2], path.parents[3], tmp_path} <= set(synced)
    synced.clear()
    memory.dataset.add([labelled(1, "2"), labelled(1, "3")], "upload")
    assert synced == []
    memory.close()
    other = open_memory(tmp_path / "artifacts", folder, "digits", tmp_path / "none")
    path.unlink()
    other.dataset.add([labelled(1)], "upload")
    assert {path.parent, path.parents[1], path.parents[2]} <= set(synced)  # its maker may have died before it synced
    other.close()


def test_what_cannot_be_removed_is_removed_another_time(
    memory: Memory, data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path) -> int:
        raise OSError(30, "Read-only file system", str(path))

    memory.dataset.add([labelled(1)], "upload")
    with monkeypatch.context() as patch:
        patch.setattr(files, "remove_ours", refuse)
        memory.dataset.remove(sha_of(1))
    assert "can't be removed yet: Read-only file system" in caplog.text
    assert stored(data) == {sha_of(1)}
    assert memory.content.sweep() == 1
    assert stored(data) == set()


def test_what_an_upload_wrote_goes_even_where_the_database_failed_it(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though its process lives on, as a server does for months."""
    monkeypatch.setattr(opening, "RETRY_SECONDS", 0.0)
    memory = opener.ready()
    real = Content.write
    with breakable() as faults:

        def write(content: Content, contents: dict[str, bytes], root: str) -> None:
            real(content, contents, root)
            faults.arm(0, "errors")

        monkeypatch.setattr(Content, "write", write)
        with pytest.raises(StoreError):
            memory.dataset.add([labelled(1)], "upload")
        faults.arm(None)
    assert stored(opener.data) == {sha_of(1)}
    assert memory.content.sweep() == 1
    assert not stored(opener.data)


def test_a_temp_file_that_could_not_be_removed_goes_later(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = opener.ready()
    claim = memory.content.claim("data", [PATH])
    temp = memory.content.path("data", PATH).with_name(f".tmp-{Path(PATH).name}-{os.getpid()}-1")
    temp.parent.mkdir(parents=True)
    temp.write_bytes(b"half")
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError("no")))
        memory.content.drop(claim)
    assert temp.exists()
    memory.content.sweep()
    assert not temp.exists()


def test_a_temp_file_stays_while_another_call_of_its_process_writes_there(opener: Opener) -> None:
    memory = opener.ready()
    given_up, other = memory.content.claim("data", [PATH]), memory.content.claim("data", [PATH])
    temp = memory.content.path("data", PATH).with_name(f".tmp-{Path(PATH).name}-{os.getpid()}-1")
    temp.parent.mkdir(parents=True)
    temp.write_bytes(b"half")
    memory.content.drop(given_up)
    assert temp.exists()
    memory.content.drop(other)
    memory.content.sweep()
    assert not temp.exists()


def test_a_long_list_is_swept_to_its_end(opener: Opener) -> None:
    memory = opener(living_name=gone_process())
    paths = [f"train/00/{each:064}.png" for each in range(150)]
    memory.content.claim("data", paths)
    memory.content.write(dict.fromkeys(paths, b"x"), "data")
    assert opener().content.sweep() == 150
    assert stored(opener.data) == set()


def test_a_folder_that_cannot_be_removed_goes_later(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    reservation = memory.versions.reserve()
    reservation.folder.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "rmdir", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EIO, "no")))
        memory.versions.give_up(reservation)
    assert reservation.folder.exists()
    memory.content.sweep()
    assert not reservation.folder.exists()


def test_what_another_call_writes_is_not_removed(opener: Opener) -> None:
    path = claim_and_write(opener(living_name=gone_process()))
    opener().content.claim("data", [PATH])
    assert opener().content.sweep() == 0
    assert path.exists()


def test_every_folder_of_many_pictures_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = open_memory(tmp_path / "artifacts", tmp_path / "data", "digits", tmp_path / "none")
    memory.dataset.add([labelled(each) for each in range(40)], "upload")
    synced: list[str] = []
    real = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    memory.dataset.add([labelled(each) for each in range(40, 80)], "upload")
    new = [path for path in (tmp_path / "data").rglob("*.png") if path.stem in {sha_of(each) for each in range(40, 80)}]
    assert len(new) == 40
    last = max(number for number, each in enumerate(synced) if ".tmp-" in each)
    assert {str(path.parent) for path in new} <= set(synced[last:])
    memory.close()
