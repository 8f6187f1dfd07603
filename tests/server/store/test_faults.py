"""An upload that fails at any step stored nothing, and one that was killed at any step stored all or nothing."""

from contextlib import suppress
from itertools import count

import pytest

from server.store.errors import StoreError, Uncertain
from tests.opener import Opener
from tests.server.store.faults import Killed, Kind, breakable
from tests.server.store.memories import doubted, gone_process, labelled, labels, sha_of, stored

UPLOAD = [labelled(1, "9"), labelled(2), labelled(3), doubted(4, "3")]
FRESH = {sha_of(each) for each in (2, 3, 4)}


@pytest.mark.parametrize("kind", ["error", "kill"])
def test_an_upload_is_stored_whole_or_not_at_all_whatever_fails_at_any_step(opener: Opener, kind: Kind) -> None:
    memory = opener(living_name=gone_process())
    memory.dataset.add([labelled(1)], "upload")
    with breakable() as faults:
        for point in count():
            faults.arm(point, kind)
            told: BaseException | None = None
            try:
                memory.dataset.add(UPLOAD, "upload")
            except (StoreError, OSError, Killed) as error:
                told = error
            struck = faults.struck
            faults.arm(None)
            if told is None:
                assert struck is None
                break
            if kind == "kill":
                memory.close()
                memory = opener(living_name=gone_process())
            memory.content.sweep()
            if len(memory.browser.batches(10)) > 1:
                assert isinstance(told, Uncertain | Killed)
                assert stored(opener.data) == {sha_of(1)} | FRESH
                memory.dataset.remove_batch(memory.browser.batches(1)[0].number)
            assert labels(memory) == {sha_of(1): "1"}
            assert stored(opener.data) == {sha_of(1)}
    assert point > 30
    assert stored(opener.data) == {sha_of(1)} | FRESH


@pytest.mark.parametrize("kind", ["error", "kill"])
def test_a_removal_happens_whole_or_not_at_all_whatever_fails_at_any_step(opener: Opener, kind: Kind) -> None:
    memory = opener(living_name=gone_process())
    there = set[str]()
    with breakable() as faults:
        for point in count():
            memory.dataset.add(UPLOAD, "upload")
            faults.arm(point, kind)
            with suppress(StoreError, Killed):
                memory.dataset.remove_batch(memory.browser.batches(1)[0].number)
            struck = faults.struck
            faults.arm(None)
            if kind == "kill":
                memory.close()
                memory = opener(living_name=gone_process())
            memory.content.sweep()
            there = {sha_of(1)} | FRESH if memory.browser.batches(1) else set()
            assert stored(opener.data) == there
            assert memory.browser.overview().images == len(there)
            if struck is None:
                break
    assert point > 15
    assert not there
