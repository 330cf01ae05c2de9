"""What makes a record and may come twice (a second press, a lost answer) makes one record."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from core.errors import NotFound
from processes.permissions import Access
from records.operations import Answer, answer_once
from records.typed import TypedRecord, model_for
from web.middleware import PersonalRequest

NAMED = re.compile(r"[\w-]{20,100}", re.ASCII)
"""What a form calls itself."""


def made_once(
    request: PersonalRequest, access: Access, once: Any, said: Any, make: Callable[[], TypedRecord]
) -> TypedRecord:
    """The record that `make` makes; the one it has made already when the form called `once` comes again.

    A form that says something else is another record: somebody went back to it, or has it open twice. Without a name
    that a form could have nothing is remembered.
    """
    if not isinstance(once, str) or not NAMED.fullmatch(once):
        return make()

    def work() -> tuple[Answer, Answer]:
        answer = Answer(201, str(make().pk).encode())
        return answer, answer

    digest = hashlib.sha256(json.dumps([request.get_full_path(), said]).encode()).hexdigest()
    answer, _is_old = answer_once(f"form-{once}-{digest}", fingerprint=digest, actor=request.actor, work=work)
    row: TypedRecord | None = model_for(access.definition).objects.filter(pk=int(answer.body)).first()
    if row is None:
        raise NotFound(_("There is no such record."))
    return row
