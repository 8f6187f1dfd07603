"""A wall clock that jumps a day either way declares nobody dead, and puts nothing out of order."""

from pathlib import Path

import pytest
from sqlalchemy import select

from server.store.tables import job, worker
from tests.digits import Digits
from tests.faults.bench import Bench
from tests.faults.stage import eventually, job_of, workers_of

DAY = 86_400


def beats(bench: Bench) -> tuple[int, ...]:
    """The heartbeats of the runner and of the workers."""
    with bench.memory.database.read() as connection:
        runner = connection.execute(select(job.c.heartbeat).where(job.c.open == 1)).scalars()
        return (*runner, *connection.execute(select(worker.c.heartbeat).order_by(worker.c.id)).scalars())


@pytest.mark.long(seconds=8)
def test_a_clock_that_jumps_a_day_either_way_ends_nothing(tmp_path: Path, digits: Digits) -> None:
    bench = Bench(tmp_path)
    bench.stage.tell("clock", "0")
    with bench.server:
        before = bench.now()
        number = bench.retrain("training")
        bench.stage.reached()
        workers = set(workers_of(bench.server))
        for shift in (-DAY, DAY):
            bench.stage.tell("clock", str(shift))
            known = beats(bench)
            assert len(known) == 3
            eventually(
                lambda: all(now > then for now, then in zip(beats(bench), known, strict=True)),  # noqa: B023
                "a beat of everybody",
            )
            assert job_of(bench.server, number)["state"] == "training"
            assert set(workers_of(bench.server)) == workers
            assert bench.server.get("/health").json()["status"] == "healthy"
            assert bench.server.predict(digits.png(0)).status_code == 200
            label = str(digits.classes[shift % 97])
            answer = bench.server.upload([("a.png", digits.png(shift % 97))], [label], source="correction")
            assert answer.status_code == 201
        bench.stage.go()
        assert bench.check(number, before) == "published"
        bench.stage.tell("clock", "0")
        assert bench.check(bench.retrain(), bench.now()) == "published"
        moves = bench.server.get("/models").json()["promotions"]
        assert [each["to"] for each in moves] == ["1", "2"]
        assert moves[0]["time"] > moves[1]["time"], "the first was written while the clock was a day ahead"
    bench.memory.close()
