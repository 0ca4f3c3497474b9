"""Logs: JSON with the trace and correlation ids in production, readable lines in the demo."""

import logging.config

import structlog
from django.utils.log import CallbackFilter

SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(*, format, level):
    """Send every log line to stderr, as `json` or `console`."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": SHARED,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(format)],
                }
            },
            "filters": {"not readiness": {"()": CallbackFilter, "callback": _is_no_question_of_readiness}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django.request": {"filters": ["not readiness"]},
                "httpx2": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
            },
        }
    )


def _is_no_question_of_readiness(record):
    """A 503 of /readyz is its answer to whoever asked, and no fault."""
    return getattr(getattr(record, "request", None), "path", None) != "/readyz"


def _rendering(format):
    if format == "console":
        return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    if format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    raise ValueError(f"LOG_FORMAT is {format!r}; it may be json or console.")
