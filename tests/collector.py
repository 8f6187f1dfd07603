"""A collector of traces: what OTLP over HTTP asks of one, and the spans that it was sent."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Span:
    """One span, as it was sent."""

    def __init__(self, span: Any, resource: Any) -> None:
        self.name, self.kind, self.status = str(span.name), int(span.kind), int(span.status.code)
        self.trace, self.id, self.parent = (each.hex() for each in (span.trace_id, span.span_id, span.parent_span_id))
        self.begin, self.end = int(span.start_time_unix_nano), int(span.end_time_unix_nano)
        self.attributes = _read(span.attributes)
        self.resource = _read(resource.attributes)


def _read(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


class Collector:
    """What came so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []
        self.headers: list[dict[str, str]] = []

    def named(self, name: str) -> list[Span]:
        return [each for each in self.spans if each.name == name]

    def under(self, parent: Span) -> list[Span]:
        return sorted((each for each in self.spans if each.parent == parent.id), key=lambda each: each.begin)


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_ours = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if is_ours:
                of_it = ExportTraceServiceRequest.FromString(body).resource_spans
                made.spans += [
                    Span(span, one.resource) for one in of_it for scope in one.scope_spans for span in scope.spans
                ]
                made.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if is_ours else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
