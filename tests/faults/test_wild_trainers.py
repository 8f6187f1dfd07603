"""A trainer that runs wild under a real server: its job fails with the reason, nothing of it is left, and the server
neither grows nor notices."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.content import job_path
from tests.digits import Digits
from tests.faults.bench import Bench
from tests.faults.stage import eventually, is_alive, workers_of
from trainer.log import LOG_LIMIT_BYTES

MB = 2**20
FLOOD_BYTES = 200 * MB
GROWTH_BYTES = 40 * MB  # far less than what is printed

# What a child does, and what its job says then.
WILD = {
    "ends with an error": ("import os; os._exit(3)", "exit code 3"),
    "segfaults": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "takes all memory that it may": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)); held = bytearray(2**32)",
        "exit code 1",
    ),
    "is killed for want of memory": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "want of memory"),
    "floods its log": (
        f"import os; [os.write(1, b'x' * {MB}) for _ in range({FLOOD_BYTES // MB})]; os._exit(4)",
        "exit code 4",
    ),
    "starts children and ends": (
        "import os, subprocess; started = [subprocess.Popen(['sleep', '1000']).pid for _ in range(20)]; "
        "open(os.environ['FAULTS'] + '/started', 'w').write(' '.join(map(str, started))); os._exit(5)",
        "exit code 5",
    ),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("wild"))
    with bench.server:
        yield bench
    bench.memory.close()


def resident_bytes(bench: Bench) -> int:
    workers = [bench.server.pid, *workers_of(bench.server)]
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") for pid in workers)


@pytest.mark.parametrize("kind", WILD)
def test_a_trainer_that_runs_wild_takes_nothing_along(bench: Bench, digits: Digits, kind: str) -> None:
    code, says = WILD[kind]
    before, held = bench.now(), resident_bytes(bench)
    bench.stage.tell("wild", code)
    number = bench.retrain()
    assert bench.check(number, before) == "failed"
    bench.stage.take_back("wild")
    assert says in bench.server.get(f"/retrain/jobs/{number}").json()["result"]["reason"]
    assert resident_bytes(bench) - held < GROWTH_BYTES
    log = bench.server.artifacts / job_path(number) / "trainer.log"
    assert log.stat().st_size <= LOG_LIMIT_BYTES + 100
    assert (log.stat().st_size > LOG_LIMIT_BYTES / 2) == (kind == "floods its log")
    started = bench.stage.folder / "started"
    assert started.exists() == (kind == "starts children and ends")
    for pid in map(int, started.read_text().split() if started.exists() else []):
        eventually(lambda pid=pid: not is_alive(pid), f"the end of {pid}")  # type: ignore[misc]
    started.unlink(missing_ok=True)
    assert bench.server.predict(digits.png(0)).status_code == 200


def test_the_next_retrain_works(bench: Bench) -> None:
    assert bench.check(bench.retrain(), bench.now()) == "published"
    assert "Traceback" not in "".join(bench.server.log)
