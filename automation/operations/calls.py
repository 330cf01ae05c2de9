"""Taking a call from outside: verified, once per id, answered the same way every time."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from standardwebhooks import Webhook, WebhookVerificationError

from automation.actors import actor_of_call
from automation.models import InboundCall, Trigger
from automation.operations.checking import wrong
from automation.triggers.webhook import RECEIVED, RECORD_ID, value_at
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.sealing import unseal
from core.text import check_unicode, id_from
from processes.definition_types import Definition
from processes.fieldtype import WrongValue
from records.operations import create_record
from records.operations.values import clean_values
from records.operations.writing import Writing, begin

BODY_LIMIT = 65_536
ID_LIMIT = 200


_NONE: dict[str, Any] = {"pk__in": []}
"""Finds nothing: an empty value names no record, least of all one whose field is empty."""
KEPT_DAYS = 90
"""For so long a message id is known; a sender repeats for hours, a signature holds for minutes."""
_FORGET = """
    DELETE FROM automation_inboundcall WHERE at < statement_timestamp() - %(days)s * interval '1 day' AND id IN (
        SELECT id FROM automation_inboundcall WHERE trigger_id = %(trigger)s ORDER BY id LIMIT 10
        FOR UPDATE SKIP LOCKED)
"""


class NotSigned(NotAllowed):
    """The call is not signed by the secret of this address, or too old."""

    code = "not_signed"


class OtherBody(Invalid):
    """The id was used for another body before."""

    code = "other_body"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came: the address, the raw body and the headers by lower-case name."""

    hook_key: str
    body: bytes
    headers: Mapping[str, str]


@transaction.atomic
def receive_call(call: Call) -> dict[str, Any]:
    """Take a call by Standard Webhooks and return what the sender is told: `outcome`, `record`, `event`.

    The same id and body again get the same answer and do nothing. Found, the record moves by a run of the trigger, for
    which `hook.received` is written; not found, it is created or nothing happens, as the trigger says. Raises NotFound
    (no such address, switched off), NotSigned, OtherBody, Invalid (no JSON object, wrong values), NotAllowed (the role
    of robots may not); nothing is kept of a refused call, so that it can be sent again.
    """
    trigger = Trigger.objects.filter(hook_key=call.hook_key, removed_at=None, is_on=True).first()
    if trigger is None:
        raise NotFound(_("There is no such address."))
    message_id = _verified(trigger, call)
    content = _decoded(call.body)
    stored = _first_time(trigger, message_id, call.body, content)
    if stored is None:
        return _told_before(trigger, message_id, call.body)
    answer = _taken(trigger, message_id, content)
    InboundCall.objects.filter(pk=stored).update(answer=answer)
    return answer


def _verified(trigger: Trigger, call: Call) -> str:
    """The id of a call whose signature is right and whose time is near. A trigger without a secret takes none."""
    sealed = trigger.settings.get("secret")
    if not sealed:
        raise NotSigned(_("This address has no secret and takes no calls."))
    try:
        Webhook(unseal(sealed["sealed"])).verify(call.body, dict(call.headers), json_parse=False)
    except (WebhookVerificationError, ValueError, OverflowError) as error:
        raise NotSigned(_("The signature does not fit, or the call is too old.")) from error
    message_id = call.headers["webhook-id"]
    if len(message_id) > ID_LIMIT:
        raise wrong("webhook-id", _("At most %d characters.") % ID_LIMIT)
    return check_unicode(message_id, field="webhook-id")


def _decoded(body: bytes) -> dict[str, Any]:
    """The object in the body, if JSON can hold it again: no NaN, no NUL."""
    if len(body) > BODY_LIMIT:
        raise wrong("body", _("At most %d bytes.") % BODY_LIMIT)
    try:
        content = json.loads(body)
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise wrong("body", _("The body must be a JSON object.")) from error
    if not isinstance(content, dict):
        raise wrong("body", _("The body must be a JSON object."))
    check_unicode(text.replace("\\u0000", "\0"), field="body")
    return content


def _first_time(trigger: Trigger, message_id: str, body: bytes, content: dict[str, Any]) -> int | None:
    """The id of the row that now stands for the call; None when there is one, for which a call under way is waited."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO automation_inboundcall (trigger_id, message_id, body_hash, body, answer)"
            " VALUES (%s, %s, %s, %s, '{}') ON CONFLICT (trigger_id, message_id) DO NOTHING RETURNING id",
            [trigger.pk, message_id, _digest(body), json.dumps(content)],
        )
        row = cursor.fetchone()
        cursor.execute(_FORGET, {"trigger": trigger.pk, "days": KEPT_DAYS})
    return row[0] if row else None


def _told_before(trigger: Trigger, message_id: str, body: bytes) -> dict[str, Any]:
    stored = InboundCall.objects.get(trigger=trigger, message_id=message_id)
    if bytes(stored.body_hash) != _digest(body):
        raise OtherBody(_("This id was used for another body."), {"webhook-id": [_("Give every message its own id.")]})
    return {key: stored.answer[key] for key in ("outcome", "record", "event")}


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _taken(trigger: Trigger, message_id: str, content: dict[str, Any]) -> dict[str, Any]:
    writing = begin(trigger.process_id, actor=actor_of_call(trigger))
    found = {key: value_at(content, path) for key, path in trigger.settings["values"].items()}
    values = {key: value for key, value in found.items() if value is not None}
    clean_values(writing, values)
    record_id = _record(trigger, content, writing)
    if record_id is None:
        return _not_found(trigger, values, writing)
    row = writing.row(record_id)
    target = writing.definition.stage_by_id[trigger.stage_id]
    if row.pipeline_id != target.pipeline_id or trigger.source_id not in (None, row.stage_id):
        return {"outcome": "ignored", "record": record_id, "event": None}
    data = {"trigger": trigger.pk, "name": trigger.name, "message": message_id, "values": values}
    event = writing.publish(RECEIVED, row, data=data)
    return {"outcome": "accepted", "record": record_id, "event": event.pk}


def _record(trigger: Trigger, content: dict[str, Any], writing: Writing) -> int | None:
    """The record that the call means: of several the newest open one."""
    raw = value_at(content, trigger.settings["find_path"])
    if raw is None:
        return None
    lookup = _lookup(trigger.settings["find_by"], raw, writing.definition)
    rows = writing.model.objects.visible_to(writing.access).filter(**lookup)
    found: int | None = rows.order_by(F("closed_at").desc(nulls_first=True), "-pk").values_list("pk", flat=True).first()
    return found


def _lookup(key: str, raw: Any, definition: Definition) -> dict[str, Any]:
    if key == RECORD_ID:
        number = id_from(str(raw))
        return {"pk": number} if number is not None else _NONE
    if key == "title":
        return {"title": title} if (title := check_unicode(str(raw), field="title").strip()) else _NONE
    field = definition.field_by_key.get(key)
    if field is None:
        raise Conflict(_("The field by which this address finds records is gone."), field=key)
    try:
        value = field.type.parse(raw, field)
    except WrongValue as error:
        raise wrong(key, error.message) from error
    return _NONE if value is None else {field.attname: value}


def _not_found(trigger: Trigger, values: dict[str, Any], writing: Writing) -> dict[str, Any]:
    if trigger.settings["when_missing"] == "ignore":
        return {"outcome": "ignored", "record": None, "event": None}
    row = create_record(writing.definition, values=values, stage=trigger.stage_id, actor=writing.actor)
    return {"outcome": "created", "record": row.pk, "event": None}
