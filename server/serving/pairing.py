"""Who stands beside the current version in this worker: loaded, put where requests are drawn, and let go of.

A canary is loaded when its row is seen. The version before one that is watched is the one that served until then: it
stands behind the new one before that serves, and is loaded only by a worker that began later.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from server.machine import priority
from server.models.model import Model
from server.models.trial import Trials
from server.serving.canary import Canary
from server.serving.comparison import Comparison
from server.serving.cost import costs_more
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor
from server.serving.shadow import Shadow
from server.serving.watched import Watched
from server.settings import Settings
from server.store.canary import Canary as Row
from server.store.versions import Versions
from server.web.access import Record
from server.web.threads import Threads

LOOK_SECONDS = 0.05
HELD_SECONDS = 60.0  # that the version before goes on answering for one that was sent back, until it serves itself

Called = Callable[[Sequence[str]], list[str]]


class Pairing:
    """The comparison of one worker, if there is one."""

    def __init__(
        self,
        settings: Settings,
        versions: Versions,
        trials: Trials,
        predictor: Predictor,
        threads: Threads,
        keeping: Keeping,
        on_problem: Callable[[], None],
        on_changed: Callable[[Record, int, Prediction], None],
        called: Called,
    ) -> None:
        """`called` says what labels are read as now: two versions may call one class by two names."""
        self._settings = settings
        self._versions = versions
        self._trials = trials
        self._predictor = predictor
        self._given = threads, keeping, predictor
        self._keeping = keeping
        self._on_problem = on_problem
        self._on_changed = on_changed
        self._called = called
        self._loader = priority.threads(1, "canary", priority.NICE_UNAWAITED)
        self._trier = priority.threads(1, "try")  # its children have its priority
        self._shadows = priority.threads(1, "shadow", priority.NICE_UNAWAITED)
        self._made: tuple[int, Watched] | None = None  # by the number of its row
        self._ending: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self.comparison: Comparison | None = None

    def stop(self) -> None:
        self._is_stopping = True
        self._predictor.draw = None
        for task in tuple(self._ending):
            task.cancel()
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._trier.shutdown(wait=False, cancel_futures=True)
        self._shadows.shutdown(wait=False, cancel_futures=True)

    @property
    def waiting(self) -> int:
        """Rows in the queues of those that stand beside."""
        return 0 if self.comparison is None else self.comparison.waiting

    def take(self, records: Sequence[Record]) -> None:
        """Look at what was predicted since the last tick."""
        if self.comparison is not None:
            self.comparison.take(records)

    def put(self, comparison: Comparison) -> None:
        """Have it draw who answers, unless it answers nobody."""
        self.comparison = comparison
        if isinstance(comparison, Shadow):
            return
        self._predictor.draw = comparison.draw

    def take_off(self, comparison: Comparison) -> None:
        if self._predictor.draw == comparison.draw:
            self._predictor.draw = None

    async def canary(self, row: Row) -> Comparison:
        """The version loaded beside the current one, without a share yet; raises BrokenArtifact or NotFound."""
        model = await self._loaded(row.version)
        canary = Canary(self._settings, model, *self._given, row.against, row.percent / 100, self._on_problem)
        self.comparison = canary
        canary.tally.problem = await self._cost(model, self._predictor.model)
        return canary

    async def shadow(self, row: Row) -> Comparison:
        """The version loaded, and asked from now on; raises BrokenArtifact or NotFound."""
        model = await self._loaded(row.version)
        problem = await self._cost(model, self._predictor.model) if row.next_seconds else None
        labels = sorted({*model.labels, *self._predictor.model.labels})
        called = await asyncio.get_running_loop().run_in_executor(self._loader, self._called, labels)
        shadow = Shadow(
            model,
            self._keeping,
            self._predictor,
            row.against,
            row.percent / 100,
            self._shadows,
            self._on_changed,
            self._on_problem,
            dict(zip(labels, called, strict=True)),
        )
        shadow.tally.problem = problem
        self.comparison = shadow
        return shadow

    def stand_behind(self, row: Row) -> None:
        """Have what serves stand behind the version that is about to serve and to be watched."""
        if self._serves(row.against) and (self._made is None or self._made[0] != row.id):
            self._stand(row, self._predictor.model)

    async def watched(self, row: Row, goes_on: Callable[[], Awaitable[bool]]) -> Comparison | None:
        """The current version beside the one before it, None if that is over before the version serves here.

        Raises BrokenArtifact or NotFound.
        """
        self.stand_behind(row)
        if self._made is None or self._made[0] != row.id:
            self._stand(row, await self._loaded(row.against))
        assert self._made is not None
        watched = self._made[1]
        while not self._serves(row.version):
            if not await goes_on():
                self.release(watched)
                return None
            await asyncio.sleep(LOOK_SECONDS)
        model = self._predictor.model
        watched.begin(model)
        watched.tally.problem = watched.tally.problem or await self._cost(model, watched.other)
        return watched

    def release(self, comparison: Comparison, sent_back: str | None = None) -> None:
        """Let go of one that is over; one whose version was sent back keeps its answers from it while it serves."""
        if sent_back is None:
            self.take_off(comparison)
        if isinstance(comparison, Shadow):
            comparison.stop()
        self._made = None
        task = asyncio.get_running_loop().create_task(self._emptied(comparison, sent_back))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def forget(self) -> None:
        """Let go of what stands behind a version for nothing: its row is gone."""
        if self._made is not None:
            self.release(self._made[1])

    async def _emptied(self, comparison: Comparison, sent_back: str | None) -> None:
        """Wait for the answers that it still owes, or until the one behind was asked instead."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HELD_SECONDS):
                    while sent_back is not None and self._serves(sent_back) and self._draws(comparison):  # noqa: ASYNC110
                        await asyncio.sleep(LOOK_SECONDS)
            self.take_off(comparison)
            while comparison.hurry():  # noqa: ASYNC110 - each look is work as well
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self.take_off(comparison)
            if self.comparison is comparison:
                self.comparison = None
            if not self._is_stopping:
                self._loader.submit(comparison.close)

    def _draws(self, comparison: Comparison) -> bool:
        return self._predictor.draw == comparison.draw

    def _stand(self, row: Row, before: Model) -> None:
        watched = Watched(self._settings, before, *self._given, row.percent / 100, self._on_problem)
        self._made = row.id, watched
        self.put(watched)

    def _serves(self, version: str) -> bool:
        model = self._predictor.source.model
        return model is not None and model.version == version

    async def _loaded(self, version: str) -> Model:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._trier, self._check, version)
        return await loop.run_in_executor(self._loader, self._load, version)

    def _check(self, version: str) -> None:
        self._versions.find(version)
        self._trials.check(self._versions.folder(version), self._versions.manifest(version), self._is_wanted)

    def _load(self, version: str) -> Model:
        return self._trials.load(self._versions.folder(version), self._versions.manifest(version), self._is_wanted)

    def _is_wanted(self) -> bool:
        return not self._is_stopping

    async def _cost(self, model: Model, other: Model | None) -> str | None:
        return await asyncio.get_running_loop().run_in_executor(self._loader, self._costs_more, model, other)

    def _costs_more(self, model: Model, other: Model | None) -> str | None:
        if other is None:
            return None
        pictures = self._settings.batch_limit
        its_own, the_others = model.any_images(pictures), other.any_images(pictures)
        found = costs_more(lambda: model.timed(its_own), lambda: other.timed(the_others), pictures)
        if found is None:
            return None
        its, usual = (seconds * 1e3 for seconds in found)
        return f"{pictures} pictures take it {its:.3g} ms of processor time, version {other.version} {usual:.3g}"
