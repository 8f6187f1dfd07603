"""What is old goes; the current version, the one before it and the baseline stay."""

from pathlib import Path

from export.prune import prune_folders, prune_versions
from tests.tiny import publish_tiny, store_in


def test_the_newest_the_current_and_the_previous_stay(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for seed in range(8):
        publish_tiny(store, seed)
    store.promote("3", "t", "rolled back", "8")
    store.promote("2", "t", "rolled back", "3")
    assert prune_versions(store, keep=2) == ["1", "4", "5", "6"]
    assert store.versions() == ["2", "3", "7", "8"]
    assert store.next_version() == "9"
    assert prune_versions(store, keep=2) == []
    assert not list(store.models.glob(".tmp-*"))


def test_folders_go_by_their_numbers(tmp_path: Path) -> None:
    for number in (1, 2, 9, 10, 11):
        (tmp_path / str(number)).mkdir()
    (tmp_path / "lock").touch()
    assert prune_folders(tmp_path, 2) == ["1", "2", "9"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["10", "11", "lock"]
    assert prune_folders(tmp_path / "none", 2) == []
