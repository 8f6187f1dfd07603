"""Counting in bulk gives what the library would have given one by one."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from server.observe.crew import Crew
from server.observe.histogram import SECONDS, observe_many
from server.observe.metrics import Metrics
from server.web.access import AccessLog, Record


@given(st.lists(st.floats(0, 100) | st.sampled_from(SECONDS), max_size=50))
def test_many_observations_are_as_many_single_ones(values: list[float]) -> None:
    def exposition(bulk: bool) -> list[str]:
        registry = CollectorRegistry()
        histogram = Histogram("h", "H.", buckets=SECONDS, registry=registry)
        if bulk:
            observe_many(histogram, SECONDS, values)
        else:
            for value in values:
                histogram.observe(value)
        return [line for line in generate_latest(registry).decode().splitlines() if "_sum" not in line]

    assert exposition(bulk=True) == exposition(bulk=False)


def record(status: int = 200, batch_size: int = 0, path: bytes = b"/predict") -> Record:
    return Record("POST", path, "/predict", "id-1", 0.0, status, 0.002, "3", 0.001, 0.0001, 0.0005, batch_size)


def test_records_are_counted_by_route_and_status() -> None:
    metrics = Metrics(Crew())
    records = [record(batch_size=4), record(batch_size=4), record(503)]
    metrics.count_requests(records)
    metrics.count_stages(records)
    metrics.count_reload(success=True)
    metrics.gauge("digits", "3", 5)
    text = metrics.exposition().decode()
    for line in (
        'relearn_requests_total{method="POST",route="/predict",status="200"} 2.0',
        'relearn_requests_total{method="POST",route="/predict",status="503"} 1.0',
        'relearn_stage_seconds_count{stage="total",version="3"} 3.0',
        'relearn_stage_seconds_count{stage="infer",version="3"} 2.0',
        'relearn_batch_size_bucket{le="4.0"} 2.0',
        'relearn_batch_size_bucket{le="2.0"} 0.0',
        'relearn_model_reloads_total{outcome="success"} 1.0',
        "relearn_model_version 3.0",
        'relearn_model_info{name="digits",version="3"} 1.0',
        "relearn_queue_images 5.0",
    ):
        assert line in text.splitlines()


def test_times_are_told_by_the_version_that_answered() -> None:
    metrics = Metrics(Crew())
    other, none = record(batch_size=4), record(404)
    other.version, none.version = "4", "-"
    metrics.count_stages([record(batch_size=4), other, other, none])
    lines = metrics.exposition().decode().splitlines()
    assert {f'relearn_stage_seconds_count{{stage="queue",version="{v}"}} {n}' for v, n in (("3", 1.0), ("4", 2.0))} <= {
        *lines
    }
    assert 'relearn_stage_seconds_count{stage="total",version=""} 1.0' in lines
    assert not [line for line in lines if 'stage="decode",version=""' in line]


def test_a_version_that_serves_no_more_has_no_worker() -> None:
    metrics = Metrics(Crew())
    for version in ("3", "4", None, "3"):
        metrics.gauge("digits", version, 0)
    lines = metrics.exposition().decode().splitlines()
    assert 'relearn_model_info{name="digits",version="3"} 1.0' in lines
    assert 'relearn_model_info{name="digits",version="4"} 0.0' in lines


def test_a_line_has_its_nine_words_whatever_the_path_is() -> None:
    lines: list[str] = []
    log = AccessLog(lambda _: (), lines.append)
    log._pending = [record(path=b"/a%20b%0A"), record(path=b"/\xff" + b"x" * 1000)]
    log.flush()
    for line in "".join(lines).splitlines():
        words = line.split(" ")
        assert len(words) == 9
        assert words[1] == "POST"
        assert words[3:] == ["200", "2.00ms", "model=3", "client=-", "key=-", "id=id-1"]
        assert len(line) < 400
