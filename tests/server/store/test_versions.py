"""The pointer moves once, for one caller; a number is used once, for one version."""

import threading
from functools import partial

import pytest

from server.store.errors import BrokenArtifact, ClaimLost, CurrentMoved, NotFound
from server.store.memory import Memory
from tests.opener import Opener
from tests.server.store.memories import REPORT, at_once, gone_process, publish, write_version


def test_an_empty_store_has_nothing(memory: Memory) -> None:
    assert (memory.versions.all(), memory.versions.page(10), memory.pointer.moves(10)) == ([], [], [])
    assert memory.pointer.current() is None
    assert list(memory.pointer.fallbacks()) == memory.versions.on_disk() == []


def test_a_published_version_is_current_and_has_its_figures(opener: Opener) -> None:
    assert publish(opener()) == "1"
    memory = opener()
    assert (memory.pointer.current(), memory.versions.all(), memory.versions.on_disk()) == ("1", ["1"], ["1"])
    found = memory.versions.find("1")
    assert (found.version, found.bytes) == ("1", 5)
    assert found.figures["metrics"] == {"test": {"accuracy": 0.9}}
    assert found.figures["training"] == {"epochs": 1}
    assert found.figures["dataset"] is None
    manifest = memory.versions.manifest("1")
    assert memory.versions.read(manifest, "model.onnx") == b"graph"
    (move,) = memory.pointer.moves(10)
    assert (move.from_version, move.to_version, move.kind, move.by) == (None, "1", "published", "a test")


def test_versions_are_listed_in_pages(memory: Memory) -> None:
    numbers = [publish(memory) for _ in range(12)]
    assert numbers == memory.versions.all() == [str(number) for number in range(1, 13)]
    assert [each.version for each in memory.versions.page(5)] == ["12", "11", "10", "9", "8"]
    assert [each.version for each in memory.versions.page(5, before=3)] == ["2", "1"]
    assert [each.to_version for each in memory.pointer.moves(2)] == ["11", "12"]


def test_a_baseline_of_this_name_stands_first_and_serves_before_the_first_move(opener: Opener, memory: Memory) -> None:
    reservation = memory.versions.reserve()
    write_version(reservation)
    manifest = (reservation.folder / "manifest.json").read_text().replace('"version": "1"', '"version": "0"')
    (opener.artifacts / "baseline").mkdir(parents=True)
    (opener.artifacts / "baseline" / "manifest.json").write_text(manifest)
    memory.versions.give_up(reservation)
    assert (memory.pointer.current(), memory.versions.all(), memory.versions.on_disk()) == ("0", ["0"], ["0"])
    publish(memory)
    assert [each.version for each in memory.versions.page(10)] == ["1", "0"]
    memory.versions.promote("0", "t", "worse", "1")
    assert memory.pointer.current() == "0"
    assert opener("letters").versions.all() == []


def test_a_pruned_number_is_never_used_again(memory: Memory) -> None:
    for _ in range(4):
        publish(memory)
    memory.versions.promote("1", "t", "", "4")
    assert memory.versions.prune(1) == ["2", "3"]
    assert memory.versions.all() == ["1", "4"]
    assert memory.versions.on_disk() == ["4", "1"]
    with pytest.raises(NotFound):
        memory.versions.find("3")
    with pytest.raises(NotFound):
        memory.versions.promote("3", "t", "", "1")
    memory.versions.promote("4", "t", "", "1")
    assert publish(memory) == "5"


def test_the_current_version_and_the_one_before_it_are_never_pruned(memory: Memory) -> None:
    for _ in range(5):
        publish(memory)
    memory.versions.promote("1", "t", "", "5")
    memory.versions.promote("2", "t", "", "1")
    assert memory.versions.prune(1) == ["3", "4"]
    assert memory.versions.all() == ["1", "2", "5"]


def test_a_users_own_file_in_a_version_stays_and_its_folder_with_it(memory: Memory) -> None:
    for _ in range(4):
        publish(memory)
    kept = memory.versions.folder("1") / "notes.txt"
    kept.write_text("mine")
    assert memory.versions.prune(1) == ["1", "2"]
    assert [path.name for path in kept.parent.iterdir()] == ["notes.txt"]
    assert not memory.versions.folder("2").exists()


def test_two_reservations_have_two_numbers(opener: Opener) -> None:
    first, second = opener().versions.reserve(), opener().versions.reserve()
    assert (first.version, second.version) == ("1", "2")
    opener().versions.give_up(first)
    assert opener().versions.reserve().version == "3"


def test_a_folder_that_is_somebodys_is_not_reserved(memory: Memory) -> None:
    assert memory.versions.all() == []  # by now there is a database
    memory.versions.folder("1").mkdir(parents=True)
    reservation = memory.versions.reserve()
    write_version(reservation)
    memory.versions.give_up(reservation)
    assert reservation.version == "2"
    assert memory.versions.folder("1").is_dir()
    assert not reservation.folder.exists()


def test_a_publication_after_somebody_elses_changes_nothing(memory: Memory) -> None:
    reservation = memory.versions.reserve()
    manifest = write_version(reservation)
    publish(memory)
    with pytest.raises(CurrentMoved):
        memory.versions.publish(reservation, manifest, REPORT, None, "late")
    memory.versions.give_up(reservation)
    assert memory.versions.all() == ["2"]
    assert memory.versions.on_disk() == ["2"]


def test_a_publication_that_was_taken_for_dead_changes_nothing(opener: Opener) -> None:
    late = opener(living_name=gone_process())
    reservation = late.versions.reserve()
    manifest = write_version(reservation)
    assert opener().content.sweep() == 3  # its files
    with pytest.raises(ClaimLost):
        late.versions.publish(reservation, manifest, REPORT, None, "late")
    assert (late.versions.all(), late.pointer.moves(10)) == ([], [])


def test_what_goes_with_a_publication_undoes_it_if_it_fails(memory: Memory) -> None:
    def fail(_: object) -> None:
        raise NotFound("no such thing")

    reservation = memory.versions.reserve()
    with pytest.raises(NotFound):
        memory.versions.publish(reservation, write_version(reservation), REPORT, None, "t", also=fail)
    assert (memory.versions.all(), memory.pointer.moves(10)) == ([], [])
    memory.versions.give_up(reservation)
    assert memory.versions.on_disk() == []


@pytest.mark.parametrize("number", ["9", "x", "", "-1", "\uff11", "1" * 12, "../1"])
def test_an_unknown_version_is_not_found(memory: Memory, number: str) -> None:
    publish(memory)
    with pytest.raises(NotFound):
        memory.versions.find(number)
    with pytest.raises(NotFound):
        memory.versions.promote(number, "t", "", "1")


def test_a_move_back_is_called_so(memory: Memory) -> None:
    for _ in range(3):
        publish(memory)
    memory.versions.promote("1", "me", "the third is worse\0", "3")
    memory.versions.promote("2", "me", "", "1")
    back, on = memory.pointer.moves(2)
    assert (back.kind, back.from_version, back.to_version, back.reason) == (
        "rolled back",
        "3",
        "1",
        "the third is worse?",
    )
    assert (on.kind, on.by) == ("promoted", "me")


def test_the_pointer_moves_for_one_of_many(opener: Opener) -> None:
    memory = opener()
    for _ in range(8):
        publish(memory)
    calls = [partial(opener.ready().versions.promote, str(number), "t", "", "8") for number in range(1, 8)]
    done = at_once(*calls)
    moved = [str(number) for number, each in enumerate(done, 1) if each is None]
    assert len(moved) == 1
    assert sum(isinstance(each, CurrentMoved) for each in done) == 6
    assert memory.pointer.current() == moved[0]
    assert len(memory.pointer.moves(100)) == 9


def test_publications_at_once_end_in_one_version(opener: Opener) -> None:
    def late(memory: Memory) -> str:
        reservation = memory.versions.reserve()
        manifest = write_version(reservation, {"model.onnx": reservation.version.encode(), "golden.npz": b""})
        ready.wait()
        try:
            memory.versions.publish(reservation, manifest, REPORT, None, "t")
        except CurrentMoved:
            memory.versions.give_up(reservation)
            raise
        return reservation.version

    memories = [opener.ready() for _ in range(5)]
    ready = threading.Barrier(len(memories))
    done = at_once(*[partial(late, each) for each in memories])
    (version,) = [each for each in done if isinstance(each, str)]
    assert memories[0].versions.all() == memories[0].versions.on_disk() == [version]
    manifest = memories[0].versions.manifest(version)
    assert memories[0].versions.read(manifest, "model.onnx") == version.encode()


def test_no_prune_takes_the_files_of_what_is_promoted_meanwhile(opener: Opener) -> None:
    memory = opener()
    for _ in range(6):
        publish(memory)
    calls = [partial(opener.ready().versions.promote, str(number), "t", "", "6") for number in (1, 2)]
    at_once(*calls, partial(opener.ready().versions.prune, 1), partial(opener.ready().versions.prune, 2))
    current = memory.pointer.current()
    assert current is not None
    assert current in memory.versions.all()
    for version in memory.versions.all():
        assert memory.versions.read(memory.versions.manifest(version), "model.onnx") == b"graph"


def test_boot_falls_back_along_the_moves_but_not_to_what_was_rejected(memory: Memory) -> None:
    for _ in range(4):
        publish(memory)
    memory.versions.promote("2", "t", "", "4")
    memory.versions.promote("3", "t", "", "2")
    assert list(memory.pointer.fallbacks()) == ["3", "2", "1"]


def test_a_version_whose_files_are_lost_is_broken_and_not_hidden(memory: Memory) -> None:
    publish(memory)
    (memory.versions.folder("1") / "manifest.json").unlink()
    assert memory.versions.all() == ["1"]
    assert memory.versions.report("1") == {}
    with pytest.raises(BrokenArtifact, match="no manifest"):
        memory.versions.manifest("1")


def test_the_version_before_stays_when_the_current_is_promoted_again(memory: Memory) -> None:
    for _ in range(4):
        publish(memory)
    memory.versions.promote("1", "t", "", "4")
    memory.versions.promote("1", "t", "", "1")
    assert memory.versions.prune(1) == ["2", "3"]
    assert memory.versions.all() == ["1", "4"]
