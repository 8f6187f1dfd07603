"""Requests as spans of OpenTelemetry, for a collector: one a request, with its stages under it.

Loaded only where --otlp-endpoint asks for it. The event loop keeps what a request's headers say of a trace, no more:
spans are made of the records of a tick by a thread, and sent by another. Names are those of
https://opentelemetry.io/docs/specs/semconv/http/http-spans
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from server import __version__
from server.machine import priority
from server.web.access import FollowedId, Record, RequestIds

POLICY = "retrain policy"  # the span of a retrain that it begins
SERVICE = "relearn"  # unless OTEL_SERVICE_NAME says otherwise
STOP_SECONDS = 2.0  # in which a collector may take the last spans
TICKS_AHEAD = 20  # whose records may wait to become spans; of more, which is two seconds of full load, there are none
# That a span may be named by.
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
HEADERS = ("traceparent", "tracestate")
SCOPE = InstrumentationScope(SERVICE, __version__)

_propagator = TraceContextTextMapPropagator()
logger = logging.getLogger("relearn")


@dataclass(frozen=True)
class Place:
    """Where in a trace a request is."""

    own: SpanContext
    parent: SpanContext | None


class Origin:
    """Gives requests their places; sampling is as the standard variables say."""

    def __init__(self, provider: TracerProvider) -> None:
        self._sampler, self._ids = provider.sampler, provider.id_generator

    def place(self, headers: dict[str, str]) -> Place:
        before = _propagator.extract(headers, Context())
        found = get_current_span(before).get_span_context()
        parent = found if found.is_valid else None
        trace = self._ids.generate_trace_id() if parent is None else parent.trace_id
        sampled = self._sampler.should_sample(before, trace, "request", SpanKind.SERVER)
        is_sampled = sampled.decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if is_sampled else TraceFlags.DEFAULT)
        return Place(SpanContext(trace, self._ids.generate_span_id(), False, flags, sampled.trace_state), parent)

    def under(self, place: Place) -> SpanContext:
        own = place.own
        return SpanContext(own.trace_id, self._ids.generate_span_id(), False, own.trace_flags, own.trace_state)


class TracedId(FollowedId):
    """The id of a request, whose place in a trace is looked for when somebody asks."""

    begun: int  # nanoseconds of the wall clock
    headers: dict[str, str]
    origin: Origin

    @cached_property
    def place(self) -> Place:
        return self.origin.place(self.headers)

    @property
    def traceparent(self) -> str:
        return _traceparent(self.place)


class TracedIds(RequestIds):
    """Names requests, and keeps which trace they are to be a part of."""

    def __init__(self, prefix: str, origin: Origin) -> None:
        super().__init__(prefix)
        self._origin = origin

    def of(self, headers: dict[bytes, bytes]) -> TracedId:
        made = TracedId(super().of(headers))
        made.begun, made.origin = time.time_ns(), self._origin
        made.headers = {name: headers[name.encode()].decode("latin-1") for name in HEADERS if name.encode() in headers}
        return made


class Tracing:
    """Sends the spans of one worker; what a collector does not take in time is dropped."""

    def __init__(self, endpoint: str) -> None:
        self._resource = _resource()
        self._origin = Origin(TracerProvider(resource=self._resource, shutdown_on_exit=False))
        self._processor = BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces"))
        self._thread = priority.threads(1, "traces", priority.NICE_UNAWAITED)
        self._making: deque[Future[None]] = deque()

    def ids(self, prefix: str) -> TracedIds:
        return TracedIds(prefix, self._origin)

    def take(self, records: Sequence[Record]) -> None:
        """Have spans made of requests that were answered."""
        while self._making and self._making[0].done():
            self._making.popleft()
        if len(self._making) < TICKS_AHEAD:
            self._making.append(self._thread.submit(self._make, records))

    def begin(self) -> tuple[str, Callable[[str], None]]:
        """A trace of what no request asks for, a retrain by the policy: its traceparent, and how its span ends, which
        is told the job that it began."""
        place, begun = self._origin.place({}), time.time_ns()

        def end(job: str) -> None:
            if place.own.trace_flags.sampled:
                self._processor.on_end(self._span(POLICY, place, begun, time.time_ns(), {"relearn.job": job}))

        return _traceparent(place), end

    async def stop(self) -> None:
        """Send what is left, as far as the time allows."""
        sending = Thread(target=self._finish, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, STOP_SECONDS)

    def _finish(self) -> None:
        self._thread.shutdown()
        self._processor.shutdown()  # type: ignore[no-untyped-call]

    def _make(self, records: Sequence[Record]) -> None:
        try:
            for record in records:
                traced = record.request_id
                if isinstance(traced, TracedId) and traced.place.own.trace_flags.sampled:
                    for span in self._spans(traced, record):
                        self._processor.on_end(span)
        except Exception:
            logger.exception("requests could not be traced")

    def _spans(self, traced: TracedId, record: Record) -> Iterator[ReadableSpan]:
        """The stages of a request, laid end to end up to its answer, and the request."""
        end = traced.begun + round(record.seconds * 1e9)
        if record.batch_size:
            stages = ("decode", record.decode_seconds), ("queue", record.queue_seconds), ("infer", record.infer_seconds)
            begun = end - sum(round(seconds * 1e9) for _, seconds in stages)
            for name, seconds in stages:
                over = begun + round(seconds * 1e9)
                place = Place(self._origin.under(traced.place), traced.place.own)
                yield self._span(name, place, begun, over, {})
                begun = over
        yield self._span(_name(record), traced.place, traced.begun, end, _attributes(record), SpanKind.SERVER)

    def _span(
        self,
        name: str,
        place: Place,
        begun: int,
        over: int,
        attributes: dict[str, str | int],
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> ReadableSpan:
        return ReadableSpan(
            name,
            place.own,
            place.parent,
            self._resource,
            attributes,
            kind=kind,
            status=Status(StatusCode.ERROR if "error.type" in attributes else StatusCode.UNSET),
            start_time=begun,
            end_time=over,
            instrumentation_scope=SCOPE,
        )


def _traceparent(place: Place) -> str:
    own = place.own
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"


def _name(record: Record) -> str:
    method = record.method if record.method in METHODS else "HTTP"
    return method if record.route == "none" else f"{method} {record.route}"


def _attributes(record: Record) -> dict[str, str | int]:
    made: dict[str, str | int] = {
        "http.request.method": record.method if record.method in METHODS else "_OTHER",
        "url.scheme": "http",
        "url.path": record.path.partition(b"?")[0].decode("ascii", "backslashreplace"),
        "http.response.status_code": record.status,
        "client.address": record.client,
        "relearn.request_id": str(record.request_id),
        "relearn.key": record.by,
    }
    if record.route != "none":
        made["http.route"] = record.route
    if record.batch_size:
        made |= {"relearn.model_version": record.version, "relearn.batch_size": record.batch_size}
    if record.status >= 500:
        made["error.type"] = str(record.status)
    return made


def _resource() -> Resource:
    """What sends: as the standard variables say, with the name and version of this program."""
    given = Resource.create()
    unnamed = str(given.attributes.get("service.name", "")).startswith("unknown_service")
    return given.merge(Resource({"service.version": __version__} | ({"service.name": SERVICE} if unnamed else {})))
