"""Which models a worker has loaded: each once, a bounded number, none that is gone, none gone from under a call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings
from server.store.errors import NotFound
from server.store.memory import Memory
from server.store.watch import Watch
from server.web.calls import Calls
from server.web.errors import Busy
from server.web.mounts import Mounts
from tests.tiny import memory_in

CLASSES = ("cat", "dog")


class House:
    """A worker's models, of which each is a word; what was loaded and unloaded, in order."""

    def __init__(self, memory: Memory, watch: Watch, settings: Settings, wakes: bool) -> None:
        self.catalogue = memory.catalogue
        self.told: list[str] = []
        self.opening, self.may_open = asyncio.Event(), asyncio.Event()
        self.may_open.set()
        self.mounts = Mounts(memory.catalogue, watch, self.open_model, settings, wakes)

    @asynccontextmanager
    async def open_model(self, name: str) -> AsyncIterator[Calls]:
        self.told.append(f"opens {name}")
        self.opening.set()
        await self.may_open.wait()
        if name == "broken":
            raise OSError("it can't be read")
        yield name  # type: ignore[misc] # Mounts hands it on, and looks at nothing in it
        self.told.append(f"closed {name}")

    async def take(self, name: str) -> Any:
        mount, calls = await self.mounts.take(name)
        assert str(calls) == name
        return mount

    async def look(self) -> None:
        await self.mounts._look(self.catalogue.known())


def housed(
    folder: Path,
    story: Callable[[House], Awaitable[None]],
    limit: int = 2,
    idle_seconds: float = 600,
    wakes: bool = False,
) -> None:
    async def run() -> None:
        memory = memory_in(folder)
        for name in ("one", "two", "three", "broken"):
            memory.catalogue.create(name, CLASSES, "a test")
        watch = Watch(memory.changes(), None)  # type: ignore[arg-type] # nobody starts it
        house = House(memory, watch, Settings(models_loaded=limit, model_idle_seconds=idle_seconds), wakes)
        await story(house)
        await house.mounts.stop()
        opened = [line.removeprefix("opens ") for line in house.told if line.startswith("opens")]
        closed = [line.removeprefix("closed ") for line in house.told if line.startswith("closed")]
        assert sorted(set(opened) - {"broken"}) == sorted(set(closed)), "all are let go at the end"
        memory.close()

    asyncio.run(run())


def test_of_many_first_calls_one_loads(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.may_open.clear()
        calls = [asyncio.create_task(house.take("one")) for _ in range(5)]
        await house.opening.wait()
        house.may_open.set()
        assert len({id(mount) for mount in await asyncio.gather(*calls)}) == 1
        assert house.told == ["opens one"]

    housed(tmp_path, story)


def test_beyond_the_limit_the_one_longest_unasked_makes_room_and_none_that_is_in_use(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        one, two = await house.take("one"), await house.take("two")
        with pytest.raises(Busy, match="2 models are loaded and in use"):
            await house.take("three")
        two.leave()
        (await house.take("three")).leave()
        assert house.told == ["opens one", "opens two", "closed two", "opens three"]
        one.leave()
        (await house.take("two")).leave()
        assert house.told[4:] == ["closed three", "opens two"]

    housed(tmp_path, story)


def test_who_can_not_be_loaded_takes_no_room(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for _ in range(3):
            with pytest.raises(OSError, match="can't be read"):
                await house.take("broken")
        (await house.take("one")).leave()
        assert "closed one" not in house.told

    housed(tmp_path, story, limit=1)


def test_what_is_idle_is_unloaded_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        (await house.take("one")).leave()
        two = await house.take("two")
        await asyncio.sleep(0.002)
        await house.look()
        assert house.told[2:] == ["closed one"]
        two.leave()
        await asyncio.sleep(0.002)
        await house.look()
        assert house.told[3:] == ["closed two"]

    housed(tmp_path, story, idle_seconds=0.001)


def test_a_model_that_is_gone_is_let_go_after_its_last_call_and_the_next_of_its_name_is_another(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        old = await house.take("one")
        house.catalogue.delete("one")
        await house.look()
        with pytest.raises(NotFound, match="no model 'one'"):
            await house.take("one")
        house.catalogue.create("one", CLASSES, "a test")
        new = await house.take("one")
        assert new is not old
        assert house.told == ["opens one", "opens one"]
        old.leave()
        await house.look()
        assert house.told[2:] == ["closed one"]
        new.leave()

    housed(tmp_path, story)


@pytest.mark.parametrize("wakes", [True, False])
def test_of_several_workers_one_loads_what_has_to_be_looked_after_and_all_keep_it(tmp_path: Path, wakes: bool) -> None:
    async def story(house: House) -> None:
        two = memory_in(tmp_path, "two")
        await house.look()
        assert house.told == []
        job = two.jobs.create({}, "a test", {}).job
        await house.look()
        assert house.told == ["opens two"] * wakes
        (await house.take("two")).leave()
        await asyncio.sleep(0.002)
        await house.look()
        assert house.told == ["opens two"]
        two.jobs.cancel(job)
        two.close()
        await house.look()
        assert house.told == ["opens two", "closed two"]

    housed(tmp_path, story, idle_seconds=0.001, wakes=wakes)


def test_a_path_is_taken_off_and_remembered(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for path, name, rest, prefix in (
            ("/m/one/models/1", "one", "/models/1", "/below/m/one"),
            ("/m/one/", "one", "/", "/below/m/one"),
            ("/m/digits/models/1", None, "/models/1", "/below/m/digits"),
            ("/m/one", None, "/m/one", "/below"),
            ("/m/", None, "/m/", "/below"),
        ):
            scope = {"path": path, "prefix": "/below"}
            assert (house.mounts.take_off(scope), scope["path"], scope["prefix"]) == (name, rest, prefix)

    housed(tmp_path, story)
