"""Episodes of drift under the policy "by itself": one retrain each, the new pen read as well, and nothing forgotten.

.venv-serve/bin/python -m benchmarks episodes runs ten, one with --tiny. Each is a service of its own with the whole
base dataset and other people: all is as usual, a new pen comes for half of the pictures, the alarm is raised, somebody
labels 60 pictures in the order of Review, and the policy does the rest: a retrain, shadow, canary, promotion. Then
people go on as before. The policy's cooldown is a minute: nothing but its rules keeps it from a second retrain.
"""

import resource
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.loop.episode import Content, Episode
from benchmarks.loop.world import World, parts
from benchmarks.measure import Result, Row, Setting, lost_and_gained
from benchmarks.mnist import Digits
from benchmarks.service import servers

EPISODES = 10
LABELS = 60
USUAL, AFTER = 800, 2000  # requests before the pen comes, and once the new version serves
NEW = 0.5  # of the pictures, once the pen is there
CHANCE = 0.01  # as probable, a loss is none
TRAINING_RATE = 10  # requests a second while a training runs
POLICY = {"mode": "auto", "labels": LABELS, "quiet_minutes": 1, "cooldown_minutes": 1}
TRIAL = {"shadow_minutes": 0.25, "canary_minutes": 0.75}
COLLECT = ("--collect", "--collect-share", "0.05", "--collect-an-hour", "1000")


def run(setting: Setting) -> Result:
    stream, judges = parts()
    found = [_episode(seed, stream, judges) for seed in range(EPISODES if setting.rounds > 1 else 1)]
    name = f"{len(found)} episodes of drift, by itself"
    retrains = [float(each["retrains"]) for each in found]
    new = [100 * each["after"]["new"] for each in found]
    lost = [each["plain"]["lost"] - each["plain"]["gained"] for each in found]
    rows = [
        Row(name, "retrains in each, fewest", min(retrains), "", at_least=1, rounds=retrains),
        Row(name, "retrains in each, most", max(retrains), "", at_most=1, rounds=retrains),
        Row(name, "the new pen, read after, least", min(new), "%", at_least=98, rounds=new),
        Row(
            name,
            f"MNIST: least probability that chance makes what was lost, of {len(judges.classes):,} digits",
            min(each["plain"]["chance"] for each in found),
            "",
            at_least=CHANCE / len(found),
            rounds=[each["plain"]["chance"] for each in found],
        ),
        Row(name, "MNIST: digits lost less digits gained, in all", float(sum(lost)), "", rounds=lost),
        Row(name, "failed requests", float(sum(each["failed"] for each in found)), "", at_most=0),
    ]
    return Result("episodes", rows, {"episodes": found})


def _episode(seed: int, stream: Digits, judges: Digits) -> Content:
    begun = _cpu_seconds()
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        folder = Path(made)
        flags = ("--workers", "2", "--trainer", "process", *COLLECT)
        with servers.ours(None, flags, folder) as server:
            url = "http://{}:{}".format(*server.address)
            with Episode(url, World(stream, seed)) as episode:
                told = _told(episode, judges)
    told["cpu_seconds"] = round(_cpu_seconds() - begun)
    print(f"episode {seed}: {told}", flush=True)
    return told


def _told(episode: Episode, judges: Digits) -> Content:
    episode.call("PUT", "/retrain/policy", POLICY | TRIAL)
    before = episode.judged("0", judges)
    episode.predict(USUAL)
    begun = len(episode.answers)
    alarm: Content = episode.until(lambda: episode.get("/drift")["alarm"], NEW)
    to_alarm = len(episode.answers) - begun
    episode.until(lambda: episode.doubtful() >= LABELS, NEW)
    episode.review(LABELS)
    job: Content = episode.until(lambda: next(iter(episode.get("/retrain/jobs")["jobs"]), None), NEW)
    usual, episode.rate = episode.rate, TRAINING_RATE
    result: Content = episode.until(lambda: episode.get(f"/retrain/jobs/{job['job']}")["result"], NEW)
    episode.rate = usual
    version = str(result["version"])
    steps = {}
    if result["state"] == "published":
        for role in ("shadow", "canary"):
            ended: Content = episode.until(partial(episode.ended, version, role), NEW)
            steps[role] = f"{ended['state']}, {ended['why']}"
        episode.predict(AFTER, NEW)
    serves = str(episode.get("/models")["current"])
    after = episode.judged(serves, judges)
    return {
        "moved": alarm["moved"][0]["of"],
        "requests_to_alarm": to_alarm,
        "requests": len(episode.answers),
        "failed": episode.failed,
        "failures": dict(episode.failures),
        "retrains": len(episode.get("/retrain/jobs")["jobs"]),
        "why": result["reason"],
        "steps": steps,
        "serves": serves,
        "before": _shares(before),
        "after": _shares(after),
        "plain": _lost(before["plain"], after["plain"]),
    }


def _shares(right: dict[str, NDArray[np.bool_]]) -> dict[str, float]:
    return {pen: float(each.mean()) for pen, each in right.items()}


def _lost(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> Content:
    return dict(zip(("lost", "gained", "chance"), lost_and_gained(before, now), strict=True))


def _cpu_seconds() -> float:
    """Of this process, and of all that it started and waited for."""
    used: Sequence[resource.struct_rusage] = [
        resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(each.ru_utime + each.ru_stime for each in used)
