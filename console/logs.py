"""Where a role writes what happened: a rotating file in the data folder, never the screen."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

import structlog


def begin(folder: Path, role: str) -> None:
    """Log this process to `logs/<role>.log` (3 files of 2 MiB); errors of ours and of libraries.

    Call once per process. Nothing goes to stderr, where it would hide or
    garble what the command prints.
    """
    path = folder / "logs"
    path.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        path / f"{role}.log", maxBytes=2 * 1024 * 1024, backupCount=2, encoding="utf-8", delay=True
    )
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[file], force=True)
    for noisy in ("apscheduler", "transitions", "amqtt"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a full disk must not fill stderr with the log's own complaints
    _through_stdlib()
    sys.excepthook = _report


def quiet() -> None:
    """For tasks of the command line: nothing is logged, since their output is their answer."""
    logging.getLogger().addHandler(logging.NullHandler())
    _through_stdlib()


def _through_stdlib() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["event"], bool_as_flag=False),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _report(kind: type[BaseException], error: BaseException, trace: object) -> None:
    logging.getLogger("bug").critical("unexpected end", exc_info=error)
