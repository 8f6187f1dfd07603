"""`python -m server check`: every damage is named in a sentence, a store without any is clean, and nothing changes."""

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from export.publish import publish
from server.models.model import load
from server.settings import Settings
from server.store import living
from server.store.check import pictures as looking
from server.store.check.run import CLEAN, FOUND, NOT_LOOKED, Check
from server.store.content import picture_path
from server.store.dataset import Labelled
from server.store.manifest import Manifest
from server.store.standing import Revision
from server.store.vocabulary import Change, Kind
from tests.server.store.filled import execute, picture, sha_of, tree
from tests.tiny import memory_in, tiny_candidate

JOB = "INSERT INTO job (model_id, state, created_at, by, options, policy) VALUES (1, 'queued', '', 'me', '{}', '{}')"
ROOT = Path(__file__).parents[3]
GONE = f"{living.own().rsplit(' ', 2)[0]} 999999 1"  # a process of this machine that is not there


def check(folder: Path, **settings: object) -> tuple[int, list[str]]:
    """What the check says of a folder, which it may not change."""
    out = io.StringIO()
    given = {"artifacts": folder / "artifacts", "data": folder / "data", "baseline": folder / "none", **settings}
    before = tree(folder)
    code = Check(Settings(**given), try_to_serve, out).run()  # type: ignore[arg-type]
    assert tree(folder) == before
    return code, out.getvalue().splitlines()


def try_to_serve(folder: Path, manifest: Manifest) -> None:
    load(folder, manifest, 4)


def file_of(folder: Path, number: int) -> Path:
    sha256 = sha_of(number)
    (path,) = folder.glob(f"data/*/{sha256[:2]}/{sha256}.png")
    return path


def test_a_store_without_damage_is_clean(folder: Path) -> None:
    code, lines = check(folder)
    assert lines == ["nothing is wrong; looked at 13 images, 3 versions, 1 job, 6 decisions"]
    assert code == CLEAN


def test_nothing_of_a_relabelled_picture_is_in_force_once_its_upload_is_undone(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    batch = memory.dataset.add([Labelled(picture(1), "1")], "upload").batch
    memory.revisions.make(Revision.RELABEL, [sha_of(1)], "test", "4")
    memory.dataset.remove_batch(str(batch))
    code, lines = check(tmp_path, baseline=ROOT / "artifacts/baseline")
    assert (code, len(lines)) == (CLEAN, 1), lines


def test_where_nothing_was_ever_stored_only_the_model_is_looked_at(tmp_path: Path) -> None:
    assert check(tmp_path, baseline=ROOT / "artifacts/baseline") == (CLEAN, ["nothing is wrong; nothing is stored yet"])
    code, lines = check(tmp_path)
    assert code == FOUND
    assert "no version of 'digits'" in lines[0]


def remove_picture(folder: Path) -> None:
    file_of(folder, 0).unlink()


def swap_picture(folder: Path) -> None:
    shutil.copy(file_of(folder, 4), file_of(folder, 0))


def swap_sample(folder: Path) -> None:
    shutil.copy(file_of(folder, 4), file_of(folder, 40))


def stray_sample(folder: Path) -> None:
    place = folder / "data/samples/00"
    place.mkdir()
    shutil.copy(file_of(folder, 0), place / f"{'0' * 64}.png")


def cut_picture(folder: Path) -> None:
    path = file_of(folder, 0)
    path.write_bytes(path.read_bytes()[:70])


def link_picture(folder: Path) -> None:
    path = file_of(folder, 0)
    path.unlink()
    path.symlink_to(file_of(folder, 4))


def pad_picture(folder: Path) -> None:
    with file_of(folder, 0).open("ab") as file:
        file.write(b"more")


def stray_picture(folder: Path) -> None:
    path = folder / "data" / picture_path("ab" * 32)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")


def stray_temp(folder: Path) -> None:
    path = file_of(folder, 0)
    path.with_name(f".tmp-{path.name}-1-2-3").write_bytes(b"")


def altered(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "artifacts/models/digits/1" / name
        path.write_bytes(change(path.read_bytes()))

    return damage


def removed(path: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        target = folder / "artifacts" / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return damage


def made(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "artifacts" / path).mkdir(parents=True)


def temp_in_version(folder: Path) -> None:
    (folder / "artifacts/models/digits/1/.tmp-model.onnx-1-2-3").write_bytes(b"")


def sql(*statements: str) -> Callable[[Path], None]:
    return lambda folder: execute(folder, *statements)


def broken_page(folder: Path) -> None:
    """Overwrite the last page of the file, whose table or index it is of."""
    path = folder / "artifacts/relearn.sqlite3"
    data = bytearray(path.read_bytes())
    data[-4096:] = b"\xff" * 4096
    path.write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "picture lost": (remove_picture, f"image {sha_of(0)}: its file .* is missing; upload the picture again, or remove"),
    "picture swapped": (swap_picture, f"image {sha_of(0)}: its file .* has other pixels, whose hash is {sha_of(4)}"),
    "picture cut": (cut_picture, f"image {sha_of(0)}: its file .* is no picture of ours"),
    "picture a link": (link_picture, f"image {sha_of(0)}: its file .* can't be read"),
    "picture longer": (pad_picture, f"image {sha_of(0)}: its file .* bytes are noted|image {sha_of(0)}: .* noted down"),
    "picture of nobody": (stray_picture, f"the picture train/ab/{'ab' * 32}.png is no image's; remove it"),
    "temp file of a picture": (stray_temp, r"\.tmp-.* left of a write that was stopped; remove it"),
    "sample lost": (lambda folder: file_of(folder, 40).unlink(), "sample 1: its file .* is missing; remove it: DELETE"),
    "sample swapped": (swap_sample, f"sample 1: its file .* other pixels, whose hash is {sha_of(4)}; remove it"),
    "sample's size": (sql("UPDATE sample SET bytes = 1"), "sample 1: its file .* bytes, and 1 are noted down"),
    "sample of nobody": (stray_sample, f"the picture samples/00/{'0' * 64}.png is no sample's; remove it"),
    "day": (sql("UPDATE day SET unfamiliar = 5"), "the answers '7' of 'digits' on 2024-10-04 do not fit each other"),
    "day's confidence": (sql("UPDATE day SET confidence = 4.5"), "the answers '7' of 'digits' on .* delete that row"),
    "another model": (
        altered("model.onnx", lambda data: data[:-1] + b"?"),
        "version 1 of 'digits': model.onnx is not the file that the manifest",
    ),
    "another manifest": (
        altered("manifest.json", lambda data: data + b" "),
        "version 1 of 'digits': the sha256 of manifest.json is",
    ),
    "no manifest": (altered("manifest.json", lambda data: data[:9]), "version 1 of 'digits': the manifest can't be"),
    "version lost": (removed("models/digits/3"), "version 3 of 'digits': manifest.json can't be read: No such file"),
    "version's file lost": (removed("models/digits/3/golden.npz"), "version 3 of 'digits': golden.npz is missing; put"),
    "candidate lost": (removed("candidates/1"), "the candidate of job 1: manifest.json can't be read"),
    "candidate's file lost": (removed("candidates/1/model.onnx"), "the candidate of job 1: model.onnx is missing"),
    "version of nobody": (made("models/digits/9"), "the folder models/digits/9 in artifacts is of no row"),
    "candidate of nobody": (made("candidates/9"), "the folder candidates/9 in artifacts is of no row"),
    "job of nobody": (made("jobs/9"), "the folder jobs/9 in artifacts is of no row"),
    "temp file of a version": (temp_in_version, r"\.tmp-model.onnx-1-2-3 is what is left of a write"),
    "size of a file": (
        sql("UPDATE image SET bytes = bytes + 1 WHERE id = 1"),
        "and .* are noted down; set image.bytes",
    ),
    "label": (sql("UPDATE image SET label = '9' WHERE id = 1"), f"image {sha_of(0)}: its label is '9', and its ann"),
    "suspicion": (
        sql("UPDATE image SET suspect_id = NULL WHERE suspect_id IS NOT NULL AND label IS NULL"),
        f"image {sha_of(21)}: annotation None is noted as its suspicion",
    ),
    "split": (
        sql("UPDATE image SET split = CASE split WHEN 'test' THEN 'train' ELSE 'test' END WHERE id = 1"),
        f"image {sha_of(0)}: it is in .*, and the lesson that goes on says",
    ),
    "lesson": (
        sql("UPDATE lesson SET label = '9' WHERE id = 1"),
        f"image {sha_of(0)}: its label is '0', and the lesson that goes on says '9'",
    ),
    "lesson lost": (sql("DELETE FROM lesson WHERE id = 1"), f"image {sha_of(0)}: .* the lesson that goes on says None"),
    "lesson that goes on": (
        sql("UPDATE lesson SET until = NULL WHERE until IS NOT NULL"),
        f"lesson .* says that image {sha_of(3)} shows '0', and it has no label any more",
    ),
    "nothing said": (sql("DELETE FROM annotation WHERE image_id = 1"), f"image {sha_of(0)}: nothing is said of it"),
    "undone batch": (
        sql("UPDATE batch SET undone_by = 1 WHERE id = 2"),
        "batch 2 was undone, and 4 of its annotations stand",
    ),
    "tally": (
        sql("UPDATE tally SET images = 99 WHERE split = 'train' AND label = '1'"),
        "says that 99 images in train",
    ),
    "images": (sql("UPDATE model SET images = 99"), "model.images of 'digits' is 99, and what is stored comes to 13"),
    "bytes": (sql("UPDATE model SET bytes = 99"), "model.bytes of 'digits' is 99"),
    "suspects": (sql("UPDATE model SET suspects = 99"), "model.suspects of 'digits' is 99"),
    "batches": (sql("UPDATE model SET batches = 99"), "model.batches of 'digits' is 99, and .* comes to 2"),
    "fingerprint": (sql("UPDATE model SET fingerprint = 'x'"), "model.fingerprint of 'digits' is x"),
    "decision altered": (sql("UPDATE decision SET by = 'me' WHERE id = 2"), "decision 2 of 'digits' .* does not carry"),
    "decision taken out": (
        sql("PRAGMA foreign_keys = OFF", "DELETE FROM decision WHERE id = 2"),
        "decision 3 of 'digits' .* does not carry",
    ),
    "newest decision taken out": (
        sql("DELETE FROM decision WHERE id = 6"),
        "the newest decision of 'digits' is 5, and its dataset is as decision 6 left it",
    ),
    "move altered": (
        sql("UPDATE move SET to_version = 1 WHERE id = 2"),
        "move 3 .* leads away from version 2, and the",
    ),
    "move taken out": (sql("DELETE FROM move WHERE id = 1"), "move 2 .* leads away from version 1"),
    "move to nothing": (
        sql("INSERT INTO move VALUES (9, 1, '', 1, 8, 'promoted', 'me', '')"),
        "move 9 of 'digits' leads to version 8, of which there is no row",
    ),
    "pointer at a pruned version": (
        sql("INSERT INTO move VALUES (9, 1, '', 1, 2, 'promoted', 'me', '')"),
        "the pointer of 'digits' is at version 2, whose files were pruned; promote another",
    ),
    "version's row altered": (sql("UPDATE version SET bytes = 1 WHERE number = 1"), "gives model.onnx .* and 1 are"),
    "foreign key": (
        sql("PRAGMA foreign_keys = OFF", "UPDATE annotation SET batch_id = 99 WHERE id = 1"),
        "row 1 of the table annotation names a row of batch that is not there",
    ),
    "job open and over": (sql("UPDATE job SET open = 1"), "job 1 is open, and its state is 'refused'"),
    "job without its trainer": (
        sql(JOB, f"UPDATE job SET state = 'training', lease = 1, holder = '{GONE}' WHERE id = 2"),  # noqa: S608
        "job 2 is training, and its trainer is gone",
    ),
    "two open jobs": (sql("DROP INDEX uq_job_open", JOB, JOB), "2 jobs of 'digits' are open"),
    "broken page": (broken_page, "the database is damaged, as its pages show: .*; put a copy of it back"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named(name: str, folder: Path) -> None:
    damage, words = DAMAGES[name]
    damage(folder)
    code, lines = check(folder)
    assert any(re.search(words, line) for line in lines), lines
    assert code == FOUND
    assert lines[-1].split(" to see to")[0] in (f"{len(lines) - 1} things", "1 thing")


def garbage(folder: Path) -> None:
    (folder / "artifacts/relearn.sqlite3").write_bytes(b"not a database" * 1000)


CLOSED: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "garbage": (garbage, FOUND, "the database can't be opened: file is not a database; put a copy of it back"),
    "newer": (sql("UPDATE alembic_version SET version_num = '9'"), NOT_LOOKED, "schema is 9, of a newer release"),
    "missing": (removed("relearn.sqlite3"), FOUND, "of a database that is not here, such as models/digits/"),
    "without tables": (
        lambda folder: (folder / "artifacts/relearn.sqlite3").open("wb").close(),
        FOUND,
        "of a database that is not here",
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_database_that_cannot_be_looked_at_is_named(name: str, folder: Path) -> None:
    damage, expected, words = CLOSED[name]
    damage(folder)
    code, lines = check(folder)
    assert words in lines[0]
    assert lines[1:] == ["1 thing to see to; the rest was not looked at"]
    assert code == expected


def test_an_older_schema_asks_for_a_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.store.schema.HEAD", "9998")
    code, lines = check(folder)
    assert code == NOT_LOOKED
    assert "of an older release: start a server, which makes it 9998" in lines[0]


def test_a_wal_without_its_database_is_named(folder: Path) -> None:
    removed("relearn.sqlite3")(folder)
    (folder / "artifacts/relearn.sqlite3-wal").write_bytes(b"newest changes")
    code, lines = check(folder)
    assert (code, "its -wal is there" in lines[0]) == (FOUND, True)


def test_a_version_that_no_server_could_serve_is_named(folder: Path) -> None:
    memory = memory_in(folder)
    publish(memory, tiny_candidate(1, golden=b"not an archive"), "1", "test")
    memory.close()
    code, lines = check(folder)
    assert code == FOUND
    assert "version 4 of 'digits' is current, and a server could not serve it: golden.npz can't be read" in lines[0]


def test_a_broken_baseline_is_named(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "artifacts/baseline", tmp_path / "baseline")
    (tmp_path / "baseline/golden.npz").unlink()
    code, lines = check(tmp_path, baseline=tmp_path / "baseline")
    assert code == FOUND
    assert lines[0].endswith("baseline: golden.npz is missing; check it out again")


def test_it_looks_at_pages_as_at_the_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("labels", "pictures"):
        monkeypatch.setattr(f"server.store.check.{module}.PAGE", 2)
    assert check(folder)[0] == CLEAN
    remove_picture(folder)
    file_of(folder, 11).unlink()
    assert len(check(folder)[1]) == 3


def test_what_is_listed_as_pending_is_accounted_for(folder: Path) -> None:
    memory = memory_in(folder)
    path = picture_path(sha_of(99))
    memory.content.claim("data", [path])
    memory.content.write({path: b"half"}, "data")
    memory.versions.reserve().folder.mkdir(parents=True)
    memory.close()
    assert check(folder)[0] == CLEAN


def test_what_changes_while_it_looks_is_no_damage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = memory_in(folder)
    judge = looking._wrong

    def removed_meanwhile(look: object, row: object) -> str | None:
        memory.dataset.remove(row.sha256)  # type: ignore[attr-defined]
        return judge(look, row)  # type: ignore[arg-type]

    monkeypatch.setattr(looking, "_wrong", removed_meanwhile)
    out = io.StringIO()
    settings = Settings(artifacts=folder / "artifacts", data=folder / "data", baseline=folder / "none")
    assert Check(settings, lambda *_: None, out).run() == CLEAN, out.getvalue()
    memory.close()


def test_it_sees_what_others_just_wrote_and_leaves_their_files_alone(folder: Path) -> None:
    memory = memory_in(folder)
    memory.dataset.add([Labelled(picture(40), "1")], "upload")
    assert (folder / "artifacts/relearn.sqlite3-wal").stat().st_size
    before = tree(folder)
    assert command(folder) == (0, "nothing is wrong; looked at 14 images, 3 versions, 1 job, 7 decisions\n", "")
    assert tree(folder) == before
    memory.close()


@pytest.mark.parametrize("is_shm_there", [True, False])
def test_it_sees_what_a_crash_left_in_the_wal(folder: Path, tmp_path: Path, is_shm_there: bool) -> None:
    memory = memory_in(folder)
    memory.dataset.add([Labelled(picture(40), "1")], "upload")
    shutil.copytree(folder, tmp_path / "crashed")
    memory.close()
    if not is_shm_there:
        (tmp_path / "crashed/artifacts/relearn.sqlite3-shm").unlink()
    assert check(tmp_path / "crashed")[1] == ["nothing is wrong; looked at 14 images, 3 versions, 1 job, 7 decisions"]


def command(folder: Path, *more: str, code: str = "from server.__main__ import main; main()") -> tuple[int, str, str]:
    """`python -m server check` as a command: what it ends with, and what it says on stdout and stderr."""
    flags = ("--artifacts", str(folder / "artifacts"), "--data", str(folder / "data"), "--baseline", str(folder / "no"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RELEARN_")}
    done = subprocess.run(
        [sys.executable, "-c", code, "check", *flags, *more],
        capture_output=True, text=True, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_the_command_says_it_on_stdout_and_by_its_code(folder: Path) -> None:
    assert command(folder) == (0, "nothing is wrong; looked at 13 images, 3 versions, 1 job, 6 decisions\n", "")
    remove_picture(folder)
    code, out, err = command(folder)
    assert (code, err) == (1, "")
    assert out.splitlines()[-1].startswith("1 thing to see to; looked at")
    code, out, err = command(folder, "--batch-limit", "many")
    assert (code, out) == (2, "")
    assert "RELEARN_BATCH_LIMIT='many' is not a whole number" in err


def test_the_command_loads_no_runtime_where_there_is_nothing_to_serve(folder: Path) -> None:
    report = "import sys; from server.__main__ import check; check(sys.argv[2:]); print('onnxruntime' in sys.modules)"
    assert command(folder, code=report)[1].splitlines()[-1] == "True"
    garbage(folder)
    assert command(folder, code=report)[1].splitlines()[-1] == "False"


def test_a_decision_about_classes_that_was_altered_is_named(folder: Path) -> None:
    memory = memory_in(folder)
    memory.classes.change(Change(Kind.RENAME, "0", "zero"), ("0", "1", "2"), "ana")
    memory.close()
    assert check(folder)[0] == CLEAN
    execute(folder, "UPDATE class_change SET becomes = '1' WHERE kind = 'rename'")
    code, lines = check(folder)
    assert code == FOUND
    assert "class_change 4 (rename '0') is not what decision 7 was about: it was altered" in lines[0]
    assert "the classes of 'digits' don't follow from one another: '1' is, or was, the name of another" in lines[1]
