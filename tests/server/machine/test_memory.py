"""Memory stays where it is however often the model is exchanged, and the measurement would see it if it did not."""

import subprocess
import sys

EXCHANGES = 200
LIMIT = 4.0  # MB over the last 150 exchanges; a session that is kept takes 1.4 each

SCRIPT = """
import sys
import numpy as np
from server.machine import memory
from server.store.manifest import read_manifest
from server.store.pointer import BASELINE
from server.models.model import load
from pathlib import Path

folder = Path("artifacts/baseline")
manifest = read_manifest(folder, "digits", BASELINE)
kept = []
images = np.zeros((32, 28, 28, 1), np.uint8)
for number in range({exchanges}):
    model = load(folder, manifest, 32)
    model.predict(images)
    if {leaking}:
        kept.append(model)
    memory.give_back()
    if number == 50:
        before = memory.resident_bytes()
print((memory.resident_bytes() - before) / 2**20)
"""


def growth(leaking: bool, exchanges: int) -> float:
    """MB, from the 50th exchange to the last."""
    script = SCRIPT.format(exchanges=exchanges, leaking=leaking)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    return float(done.stdout)


def test_exchanging_models_does_not_grow_the_process() -> None:
    assert growth(leaking=False, exchanges=EXCHANGES) < LIMIT


def test_a_leak_would_be_seen() -> None:
    assert growth(leaking=True, exchanges=EXCHANGES // 2) > 10 * LIMIT


POOLS = """
import ctypes, sys, threading
from server.machine import memory

if {shared}:
    memory.share_one_pool()
together = threading.Barrier(4)
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p


def allocate():
    together.wait()
    assert library.malloc(1000)


threads = [threading.Thread(target=allocate) for _ in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
library.malloc_stats()
"""


def pools(shared: bool) -> int:
    """How many pools of the C library's have been made for four threads, and the main one."""
    script = POOLS.format(shared=shared)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    return done.stderr.count("Arena ")


def test_threads_share_one_pool() -> None:
    assert pools(shared=True) == 1


def test_threads_have_pools_of_their_own_otherwise() -> None:
    assert pools(shared=False) > 1
