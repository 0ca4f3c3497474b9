"""Spans for OpenTelemetry, in the traces that `context` carries through requests, events and outgoing calls.

Off, and without a cost, until `start`; that needs requirements-otel.txt.
"""

from contextlib import contextmanager, nullcontext

from events import context

_provider = None


def start(exporter=None):
    """Send spans to the collector at OTEL_EXPORTER_OTLP_ENDPOINT, or to that exporter, from now on."""
    global _provider
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _provider = TracerProvider()
    _provider.add_span_processor(BatchSpanProcessor(exporter or _collector()))


def stop():
    """Send what is left, and no more."""
    global _provider
    if _provider:
        _provider.shutdown()
    _provider = None


def span(name, *, root=False, **attributes):
    """A span in the current trace, or the first one of a new trace; what is done inside is done in it.

    Yields OpenTelemetry's span; None while spans are off, and then the context stays as it is.
    """
    return nullcontext() if _provider is None else _span(name, root=root, attributes=attributes)


@contextmanager
def _span(name, *, root, attributes):
    parent = None if root else _parent()
    with _provider.get_tracer("concert_site").start_as_current_span(
        name, context=parent, attributes=attributes
    ) as begun:
        with context.acting(traceparent=_traceparent(begun)):
            yield begun


def _collector():
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _parent():
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": context.current().traceparent})


def _traceparent(begun):
    ids = begun.get_span_context()
    return f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{ids.trace_flags:02x}"
