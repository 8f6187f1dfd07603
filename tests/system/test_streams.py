"""Hundreds follow one job: each hears every event, and other calls do not wait for them."""

import contextlib
import socket
import statistics
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from server.store import living
from server.store.lease import take
from server.store.outcome import outcome
from tests.faults.stage import eventually
from tests.live import ROOT, LiveServer
from tests.tiny import memory_in

FOLLOWERS = 500
EVENTS = 300  # at the end of the test; those before are read at once
FACTOR = 30.0  # of the time without followers; it was 2 to 5, and 150 where each follower looks for himself


def seconds_of_a_listing(server: LiveServer) -> float:
    began = time.monotonic()
    assert len(server.get("/retrain/jobs").json()["jobs"]) == 1
    return time.monotonic() - began


@pytest.mark.long(seconds=4)
def test_many_followers_of_a_job_hold_nobody_up(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--trainer", "none") as server, contextlib.ExitStack() as stack:
        memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
        stack.callback(memory.close)
        job = memory.jobs.create({}, "a test", {}).job
        lease = take(memory.database, job, living.own(), living.Heartbeats())
        assert lease is not None
        for number in range(EVENTS // 2):
            lease.tell("training", {"step": number})
        alone = statistics.median(seconds_of_a_listing(server) for _ in range(50))
        address = urlsplit(server.url)
        wires = [
            stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=60))
            for _ in range(FOLLOWERS)
        ]
        heard = [b""] * FOLLOWERS

        def follow() -> None:
            for wire in wires:
                wire.sendall(f"GET /retrain/jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                wire.setblocking(False)
            while not all(b"event: result" in each for each in heard):
                for place, wire in enumerate(wires):
                    with contextlib.suppress(BlockingIOError):
                        heard[place] += wire.recv(2**16)
                time.sleep(0.01)

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        eventually(lambda: all(b"\nid: 150\n" in each for each in heard), "all follow")
        took = []
        for number in range(EVENTS // 2, EVENTS):
            lease.tell("training", {"step": number})
            took.append(seconds_of_a_listing(server))
            time.sleep(0.03)  # so that it lasts over many looks at the database
        assert statistics.median(took) < FACTOR * alone
        lease.end(outcome("failed"))
        follower.join(60)
        for each in heard:
            assert each.count(b"\nid: ") >= EVENTS
