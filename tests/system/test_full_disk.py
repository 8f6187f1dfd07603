"""A disk that is full: what would be stored is refused whole, predictions go on, and it recovers with the space."""

from pathlib import Path

from tests.digits import Digits
from tests.live import LiveServer
from tests.small_disk import fill, small_disk

__all__ = ["small_disk"]


def test_an_upload_to_a_full_disk_stores_nothing(tmp_path: Path, small_disk: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--data", str(small_disk)) as server:
        filler = small_disk / "filler"
        fill(filler)
        answer = server.upload([("a.png", digits.png(0))], ["7"])
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_failed")
        assert "No space left" in answer.json()["error"]
        assert server.predict(digits.png(0)).json()["prediction"] == 7
        assert server.get("/dataset").json()["count"] == 0
        filler.unlink()
        assert server.upload([("a.png", digits.png(0))], ["7"]).status_code == 201
        assert server.get("/dataset").json()["count"] == 1
        assert not list(small_disk.rglob(".tmp-*"))
        server.client.close()
        assert server.stop() == 0
        log = "".join(server.log)
        assert "No space left on device" in log
        assert "Traceback" not in log
