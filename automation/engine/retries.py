"""What a failure means: try again, when, or give up with words for a person."""

import logging
import random
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from automation.effects import Skip, Temporary
from automation.engine.ledger import End
from automation.models import Run
from core.errors import LimitReached, SmartCRMError
from records.operations import GatePending

logger = logging.getLogger(__name__)

PAUSES = (10, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""Seconds after the first, second … failed attempt."""
INSIDE_PAUSES = (1, 5, 30)
"""For a busy database: it is ready again sooner than the outside world."""
LONGEST = 24 * 3600
JITTER = 0.2


def ending_of(error: Exception, run: Run, *, repeatable: bool = True) -> End:
    """The end of an attempt that has raised."""
    if isinstance(error, Skip):
        return End("skip", reason=str(error))
    if isinstance(error, Temporary):
        return _after_temporary(error, run, repeatable=repeatable)
    if isinstance(error, OperationalError | InterfaceError):
        return _again(run, INSIDE_PAUSES, "database", str(error))
    if isinstance(error, SoftTimeLimitExceeded):
        return _again(run, PAUSES, "too_slow", _("It took too long and was stopped."))
    if isinstance(error, LimitReached):
        return _again(run, PAUSES, error.code, str(error), wish=error.details.get("retry_after"))
    if isinstance(error, GatePending):
        missing = {"stage": error.target.name, "gate": error.kept}
        return End("block", error_code=error.code, error=str(error), result=missing)
    if isinstance(error, SmartCRMError):
        status = error.details.get("http_status")
        return End("fail", error_code=error.code, error=_words(error), http_status=status)
    logger.error("Run %s of “%s” met an unexpected error", run.pk, run.name, exc_info=error)
    text = _("Unexpected error: %(kind)s: %(text)s") % {"kind": type(error).__name__, "text": error}
    return End("fail", error_code="unexpected", error=text)


def _after_temporary(error: Temporary, run: Run, *, repeatable: bool) -> End:
    status = error.details.get("http_status")
    if not error.is_certain and not repeatable:
        return End("doubt", error_code=error.code, error=str(error), http_status=status)
    return _again(run, PAUSES, error.code, str(error), wish=error.retry_after, http_status=status)


def _again(
    run: Run, pauses: tuple[int, ...], code: str, text: str, wish: Any = None, http_status: int | None = None
) -> End:
    if run.attempt + 1 >= run.max_attempts:
        return End("fail", error_code=code, error=text, http_status=http_status)
    planned = pauses[min(run.attempt, len(pauses) - 1)]
    pause = min(max(float(planned), float(wish or 0)), LONGEST)
    pause *= 1 + random.uniform(0, JITTER)  # noqa: S311
    return End("postpone", error_code=code, error=text, http_status=http_status, pause=pause)


def _words(error: SmartCRMError) -> str:
    """The message, and for wrong input what is wrong with which field."""
    fields = getattr(error, "fields", None) or {}
    details = "; ".join(f"{key}: {' '.join(map(str, messages))}" for key, messages in fields.items())
    return f"{error} {details}".strip()
