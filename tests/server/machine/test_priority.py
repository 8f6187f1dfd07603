"""The event loop goes first; what it starts does not."""

import os
import platform
import subprocess
import sys
import threading

import pytest

from server.machine import priority

SLICE = """
import ctypes, struct
attributes = ctypes.create_string_buffer(48)
number = {number}
def slice_of(thread):
    assert ctypes.CDLL(None).syscall(number, thread, attributes, 48, 0) == 0
    return struct.unpack_from("=Q", attributes, 24)[0]
"""
FAVOURED = """
import subprocess, sys, threading
from server.machine import priority
priority.favour_this_thread()
print(slice_of(0))
print(priority.threads(1, "test").submit(slice_of, 0).result())
subprocess.run([sys.executable, "-c", sys.argv[1] + "print(slice_of(0))"], check=True)
"""
SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}


@pytest.mark.skipif(platform.machine() not in SCHED_GETATTR, reason="the call's number is not known here")
def test_threads_and_processes_have_no_part_in_the_event_loops_slices() -> None:
    reader = SLICE.format(number=SCHED_GETATTR[platform.machine()])
    command = [sys.executable, "-u", "-c", reader + FAVOURED, reader]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    own, thread, process = map(int, done.stdout.split())
    assert own in (0, priority.SLICE_NANOSECONDS)  # 0 of a kernel that has no slices of a thread's own
    assert priority.SLICE_NANOSECONDS not in (thread, process)


@pytest.mark.parametrize("nice", [priority.NICE, priority.NICE_UNAWAITED])
def test_threads_of_the_pool_give_way(nice: int) -> None:
    pool = priority.threads(1, "test", nice)
    found = pool.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    pool.shutdown()
    assert found == max(nice, os.getpriority(os.PRIO_PROCESS, 0))
