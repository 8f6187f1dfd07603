"""What a fresh process costs: seconds from its start to its first prediction, and its memory before and after work."""

import socket
import statistics
import time

from benchmarks.measure import Result, Row, Setting
from benchmarks.service import client, images, servers

MEGABYTE = 2**20


def run(setting: Setting) -> Result:
    seconds, fresh, worked = [], [], []
    for _ in range(setting.rounds):
        with servers.ours() as server:
            seconds.append(until_first_prediction(server))
            fresh.append(server.resident_bytes() / MEGABYTE)
            with servers.on_core(1):
                client.load(server.address, images.multipart(), 32, setting.seconds)
            worked.append(server.resident_bytes() / MEGABYTE)
    rows = [
        Row("cold start to the first prediction", "", statistics.median(seconds), "s", at_most=1.0, rounds=seconds),
        Row("resident memory of one worker", "after work", statistics.median(worked), "MB", at_most=120, rounds=worked),
    ]
    return Result("start", rows, {"seconds": seconds, "fresh_megabytes": fresh, "worked_megabytes": worked})


def until_first_prediction(server: servers.Server) -> float:
    """Seconds since a server's process was asked for, once it has answered one prediction."""
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(images.multipart()[0].data)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        return time.perf_counter() - server.started
