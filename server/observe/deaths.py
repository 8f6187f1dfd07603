"""The deaths of workers as a metric."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from server.observe.crew import Crew


class Deaths(Collector):
    """The deaths of workers, which every worker knows, so that none counts them."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily("relearn_worker_deaths", "Workers that ended untold.", labels=["cause"])
        for cause, number in self._crew.deaths.items():
            family.add_metric([cause], number)
        yield family
