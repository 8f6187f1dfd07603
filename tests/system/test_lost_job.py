"""A job whose row goes away while somebody follows it, as when a copy of the database is put back."""

from pathlib import Path

import httpx
from sqlalchemy import delete

from server.store.tables import event, job
from tests.live import PLAIN, ROOT, LiveServer
from tests.tiny import memory_in


def test_the_stream_of_a_job_that_goes_away_ends_and_the_next_look_is_told(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--job-start-seconds", "600") as server:
        memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
        number = server.post("/retrain", json={"force": True}).json()["job"]
        path = f"{server.url}/retrain/jobs/{number}/events"
        with httpx.stream("GET", path, **PLAIN, timeout=60) as stream:
            assert stream.status_code == 200
            with memory.database.write() as connection:
                connection.execute(delete(event).where(event.c.job_id == int(number)))
                connection.execute(delete(job).where(job.c.id == int(number)))
            for line in stream.iter_lines():  # to the end of the chunks: httpx raises for a stream that was cut
                assert not line.startswith("event: result")
        answer = server.get(f"/retrain/jobs/{number}/events")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "Traceback" not in "".join(server.log)
        memory.close()
