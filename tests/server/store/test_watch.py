"""The watch over a database: how it stops while it looks."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from server.store.changes import Changes
from server.store.memory import Memory
from server.store.watch import LOOK_SECONDS, Watch


class Slow(Changes):
    """Looks for so long that a stop falls into it."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory.database)
        self.looks = threading.Event()
        self.order: list[str] = []

    def seen(self) -> bool:
        self.looks.set()
        time.sleep(5 * LOOK_SECONDS)
        changed = super().seen()
        self.order.append("seen")
        return changed

    def close(self) -> None:
        self.order.append("closed")
        super().close()


def test_a_connection_is_closed_after_the_look_that_is_under_way(memory: Memory) -> None:
    changes = Slow(memory)

    async def stop_while_it_looks(executor: ThreadPoolExecutor) -> None:
        watch = Watch(changes, executor)
        watch.start()
        await asyncio.to_thread(changes.looks.wait)
        await watch.stop()

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(stop_while_it_looks(executor))
    assert changes.order == ["seen", "closed"]
