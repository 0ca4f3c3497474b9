"""Spans for OpenTelemetry: one trace from the request through the events to whoever is told."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from events import spans
from tests.everything import settle
from tests.processes import running

CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def seen(world):
    exporter = InMemorySpanExporter()
    spans.start(exporter)

    def seen():
        spans.stop()
        return {span.name: span for span in exporter.get_finished_spans()}

    yield seen
    spans.stop()


def trace_of(span):
    return f"{span.context.trace_id:032x}"


class TestSpans:
    def test_of_a_purchase_are_one_trace_from_the_clients_call_to_the_last_consumer(self, world, seen):
        held = world.held_by(world.alice)
        world.alice.call(
            "post", f"/reservations/{held.id}/payment", key="k" * 36, concert=world.concert, traceparent=CLIENT
        )
        settle()

        found = seen()
        request = found["POST /api/v1/reservations/<uuid:pk>/payment"]
        assert trace_of(request) == CLIENT.split("-")[1]
        assert f"{request.parent.span_id:016x}" == CLIENT.split("-")[2]
        consumers = ["payments ReservationSubmitted", "confirmation PointsCaptured", "settlement ReservationConfirmed"]
        assert {trace_of(found[name]) for name in consumers} == {trace_of(request)}

    def test_of_a_request_that_brings_no_trace_are_a_trace_that_the_answer_names(self, world, seen, client):
        answer = client.get("/healthz")
        first = seen()["GET /healthz"]
        assert first.parent is None
        assert answer["Trace-Id"] == trace_of(first)

    def test_are_named_by_the_site_map_also_where_it_is_not_asked(self, world, seen):
        world.alice.call("post", f"/waiting-rooms/{world.concert.id}/place")
        assert "POST /api/v1/waiting-rooms/<uuid:concert>/place" in seen()

    def test_are_off_unless_asked_for(self, world, client):
        with spans.span("nothing") as span:
            assert span is None


class TestACollector:
    def test_gets_the_spans_of_a_process(self, world, settings):
        settings.PUSH_AFTER_COMMIT = False
        world.held_by(world.alice).submit()
        with collector() as (url, names):
            with running("manage.py", "relay", "--once", OTEL_EXPORTER_OTLP_ENDPOINT=url) as process:
                assert process.wait(timeout=60) == 0
            assert "payments ReservationSubmitted" in names


class collector:
    """Takes spans over HTTP and keeps their names."""

    def __enter__(self):
        names = []

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                told = ExportTraceServiceRequest.FromString(body)
                names.extend(s.name for r in told.resource_spans for scope in r.scope_spans for s in scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}", names

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
