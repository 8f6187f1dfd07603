"""One story, told by a real server: the world moves, it is noticed, taught, tried and better; then it is poisoned.

.venv-dev/bin/python -m benchmarks story writes benchmarks/results/story.json and the tables of docs/story.md, and with
Chromium the pictures in docs/story/. Two real trainings: some minutes.
"""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.loop import telling
from benchmarks.loop.episode import Content, Episode
from benchmarks.loop.world import World, parts, poisoned, write_base
from benchmarks.measure import Result, Row, Setting
from benchmarks.mnist import Digits
from benchmarks.service import servers

LABELS = 60
WITHIN = 2000  # requests in which a new pen is to be seen
IN_A_HURRY = {"shadow_minutes": 0, "canary_minutes": 30}  # a canary that is worse does not need them
COLLECT = ("--collect", "--collect-share", "0.3", "--collect-an-hour", "10000", "--collect-samples", "20000")
GATE = ("--gate-accuracy-margin", "0.02")  # of the few pictures that judge here, one is more than the gate's default
FLAGS = ("--trainer", "process", *GATE, *COLLECT)


@dataclass(frozen=True)
class Scale:
    """How long everything takes."""

    usual: int = 800  # requests before anything moves, and after a version was promoted
    new: float = 0.8  # of the pictures, once the pen is there
    shadow_minutes: float = 0.5
    canary_minutes: float = 1.0
    watch_minutes: float = 0.5
    rate_while_training: int = 10  # requests a second: a trainer has the lowest priority

    @property
    def policy(self) -> Content:
        trial = {name: value for name, value in asdict(self).items() if name.endswith("_minutes")}
        return {"mode": "auto", "labels": LABELS, "on_alarm": False, "quiet_minutes": 0} | trial


def run(_: Setting) -> Result:
    stream, judges = parts()
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        folder = Path(made)
        write_base(folder / "mnist")
        flags = ("--workers", "2", "--dataset", str(folder / "mnist"), *FLAGS)
        with servers.ours(None, flags, folder) as server:
            url = "http://{}:{}".format(*server.address)
            with telling.pictures(url) as camera, Episode(url, World(stream)) as episode:
                measured = Story(episode, judges, Scale(), camera).tell()
    telling.PAGE.write_text(telling.told(measured, telling.PAGE.read_text()))
    return Result("story", _rows(measured), measured)


class Story:
    """It is told once, in order; each part gives its figures."""

    def __init__(
        self, episode: Episode, judges: Digits, scale: Scale, camera: telling.Take = telling.no_picture
    ) -> None:
        self.episode = episode
        self._judges = judges
        self._scale = scale
        self._camera = camera
        self._timeline: list[tuple[int, str]] = []  # requests since the pen came, and what happened by then
        self._before = 0  # requests until then

    def tell(self) -> Content:
        told = {"change": self._changes(), "better": self._becomes_better(), "poison": self._is_poisoned()}
        return told | {"timeline": self._timeline, "requests": len(self.episode.answers), "failed": self.episode.failed}

    def _says(self, sentence: str) -> None:
        requests = len(self.episode.answers) - self._before
        self._timeline.append((requests, sentence))
        print(f"{requests:>7,}  {sentence}", flush=True)

    def _changes(self) -> Content:
        """All is as usual, until a new pen comes; the alarm."""
        episode, new = self.episode, self._scale.new
        episode.call("PUT", "/retrain/policy", self._scale.policy)
        episode.predict(self._scale.usual)
        quiet = episode.get("/drift")["alarm"] is None
        self._before = len(episode.answers)
        self._says(f"a new pen: from now on {new:.0%} of the pictures are in it")
        alarm: Content = episode.until(lambda: episode.get("/drift")["alarm"], new)
        requests = len(episode.answers) - self._before
        self._says(f"alarm {alarm['id']}: {_moved(alarm['moved'][0])}")
        self._camera("health", "details:has-text('Has the world moved?')", "alarm")
        return {
            "quiet_before": quiet,
            "requests_to_alarm": requests,
            "moved": alarm["moved"][0],
            "judges": len(self._judges.classes),
            "read": self._read("0"),
        }

    def _becomes_better(self) -> Content:
        """60 labels by the queue; a retrain by the policy; shadow, canary, watch; accuracy before and after."""
        episode, new = self.episode, self._scale.new
        episode.until(lambda: episode.doubtful() >= 4 * LABELS // 5, new)  # until somebody comes to look
        self._camera("teach", ".desk", "review")
        samples, doubted = episode.review(LABELS)
        teaching = [each for each in samples if each["why"] != "random"]
        in_pen = sum(map(episode.is_new, teaching))
        self._says(f"{len(samples)} labels by Review; {in_pen} of the {len(teaching)} that teach are in the new pen")
        if doubted:
            self._says(f"{doubted} of them the model finds nearly impossible: looked at again, and accepted")
        before = episode.get("/samples/accuracy")
        job: Content = episode.until(lambda: next(iter(episode.get("/retrain/jobs")["jobs"]), None), new)
        self._says(f"job {job['job']} by {job['by']}: {self._why_started()}")
        result = self._result(str(job["job"]))
        if result["state"] != "published":
            raise RuntimeError(f"job {job['job']} was {result['state']}: {result['reason']}")
        version = str(result["version"])
        steps = {role: self._step(version, role) for role in ("shadow", "canary", "watch")}
        episode.predict(self._scale.usual, new)
        reviewed, _ = episode.review(LABELS, "random")
        self._says(f"{len(reviewed)} more labels, of pictures drawn by chance, for the estimate")
        after = episode.get("/samples/accuracy")
        return {
            "by": job["by"],
            "version": version,
            "labels": [len(samples), len(teaching), in_pen, doubted],
            "retrains": len(episode.get("/retrain/jobs")["jobs"]),
            "steps": steps,
            "read": self._read(version),
            "answered": {
                each: {"plain": episode.right(each, False), "new": episode.right(each, True)} for each in ("0", version)
            },
            "estimated": [_of_version(before, "0"), _of_version(after, version)],
        }

    def _is_poisoned(self) -> Content:
        """Somebody's corrections, wrong in the new pen alone; a retrain and its end; removed, and who holds it."""
        episode = self.episode
        episode.call("PUT", "/retrain/policy", self._scale.policy | IN_A_HURRY)
        current = str(episode.get("/models")["current"])
        pictures, wrong = poisoned(episode.world.digits)
        batch = str(episode.upload(pictures, "correction")["batch"])
        self._says(f"batch {batch}: {len(pictures)} corrections, {wrong} of them wrong, all in the new pen")
        job = str(episode.call("POST", "/retrain")["job"])
        self._says(f"job {job}, begun by hand")
        result = self._result(job)
        version = result["version"] and str(result["version"])
        canary = self._step(version, "canary", tells=True) if version else None
        models = episode.get("/models")
        self._camera("models", "section.card[aria-label='What served when']", "moves")
        picture = episode.get("/dataset/images", batch=batch, split="train", limit=1)["images"][0]
        held = episode.get(f"/dataset/images/{picture['sha256']}/versions")
        removed = episode.call("DELETE", f"/dataset/batches/{batch}")
        self._says(removed["message"])
        return {
            "pictures": len(pictures),
            "wrong": wrong,
            "gate": result["reason"],
            "version": version,
            "read": self._read(version) if version else None,
            "canary": canary,
            "current": [current, str(models["current"])],
            "removed": removed,
            "picture": held,
            "learned": len(episode.get(f"/models/{version}/images", limit=1000)["images"]) if version else 0,
            "moves": models["promotions"],
            "served": episode.get("/models/at", time=models["promotions"][0]["time"]),
        }

    def _read(self, version: str) -> dict[str, float]:
        return {pen: float(right.mean()) for pen, right in self.episode.judged(version, self._judges).items()}

    def _why_started(self) -> str:
        decisions = self.episode.get("/retrain/policy/decisions")["decisions"]
        started = next(each for each in decisions if each["outcome"] == "started")
        return "; ".join(reason["text"] for reason in started["reasons"])

    def _result(self, job: str) -> Content:
        """How a job ended."""
        usual, self.episode.rate = self.episode.rate, self._scale.rate_while_training
        result: Content = self.episode.until(
            lambda: self.episode.get(f"/retrain/jobs/{job}")["result"], self._scale.new
        )
        self.episode.rate = usual
        version = result["version"]
        self._says(f"version {version} passed the gate, and is a {result['tried']}" if version else result["reason"])
        return result

    def _step(self, version: str, role: str, tells: bool = False) -> Content:
        """A shadow, canary or watch to its end; `tells`: those who use the answers say what the pictures were."""
        episode, new, begun = self.episode, self._scale.new, len(self.episode.answers)

        def is_under_way() -> bool:
            found = episode.get("/models")[role]
            return found is None or found["progress"]["minutes"] > found["minutes"] / 2

        if role == "canary" and not tells:
            episode.until(is_under_way, new)
            self._camera("models", "section.card:has([role=progressbar])", "canary")
        ended = episode.until(lambda: episode.ended(version, role), new, tells)
        self._says(f"{role} of version {version}: {ended['state']}, {ended['why']}")
        during = episode.answers[begun:]
        share = sum(each.version == version for each in during) / len(during)
        told = ("state", "why", "ended_by", "progress")
        return {name: ended[name] for name in told} | {"share": share, "requests": len(during)}


def _rows(told: Content) -> list[Row]:
    change, better, poison = told["change"], told["better"], told["poison"]
    before, after = change["read"], better["read"]
    name = "one story"
    returned = poison["canary"] is None or poison["canary"]["state"] == "returned"
    return [
        Row(name, "requests from the new pen to the alarm", change["requests_to_alarm"], "", at_most=WITHIN),
        Row(name, "retrains by the policy", better["retrains"], "", at_least=1, at_most=1),
        Row(name, "the new pen, read before", 100 * before["new"], "%"),
        Row(name, f"the new pen, read after {LABELS} labels", 100 * after["new"], "%", at_least=98),
        Row(name, "MNIST, after less before", 100 * (after["plain"] - before["plain"]), "points"),
        Row(name, "poison that came to serve", float(not returned), "", at_most=0),
        Row(name, f"failed requests of {told['requests']:,}", told["failed"], "", at_most=0),
    ]


def _moved(one: Content) -> str:
    return f"{one['of']}, {one['now']:.0%} of answers against {one['reference']:.0%} in the reference"


def _of_version(accuracy: Content, version: str) -> dict[str, Any]:
    """What the server estimates of one version."""
    found: Content = next(each for each in accuracy["versions"] if each["model_version"] == version)
    return {name: found[name] for name in ("answers", "reviewed", "right", "accuracy", "low", "high")}
