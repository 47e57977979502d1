"""Logs: prose for operators. Identifiers and codes; never objects, people's data or secrets."""

import logging
import sys
from typing import TextIO

import structlog


class _Tersely(logging.Handler):
    """Libraries say what they like, with whatever data they hold: keep who spoke, and how loud."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger=record.name,
            at=f"{record.module}:{record.lineno}",
            **({"error": error.__name__} if error else {}),
        )


def configure(stream: TextIO | None = None) -> None:
    """One JSON object a line, on `stream` (standard error)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Tersely()], level=logging.WARNING, force=True)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # seven lines for what Dramatiq says once
