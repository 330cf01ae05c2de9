"""Call another program."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from standardwebhooks import Webhook

from automation.choices import JsonMapField, PlaceholderField, RobotSettings, SecretField, SigningSecretField
from automation.effects import Context, OutsideRobot, Result, Temporary, robot_types
from automation.models import Lane
from automation.scope import template_for
from core import egress
from core.errors import Conflict, Invalid
from core.sealing import unseal
from expressions.schema import Scope
from processes.definition_types import Definition

METHODS = ("POST", "PUT", "PATCH", "GET", "DELETE")
BODILESS = ("GET", "DELETE")
BODY_LIMIT = 200_000
RETRIED = frozenset({408, 425, 429})
KEPT_ANSWER = 2000
"""Characters of an answer that the log keeps."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]{0,2000}\Z")
_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding"})
_PLACE = re.compile(r"\{\{.*?\}\}")


class CallSettings(RobotSettings):
    """Where, what, and how the receiver knows us."""

    method = forms.ChoiceField(label=gettext_lazy("Method"), choices=[(m, m) for m in METHODS], initial="POST")
    url = PlaceholderField(label=gettext_lazy("Address"), max_length=egress.URL_LIMIT)
    headers = JsonMapField(label=gettext_lazy("Headers"))
    secret_headers = SecretField(
        label=gettext_lazy("Secret headers"),
        help_text=gettext_lazy('A JSON object, for example {"Authorization": "Bearer …"}. Never shown again.'),
        required=False,
    )
    body = PlaceholderField(
        label=gettext_lazy("Body"),
        help_text=gettext_lazy("JSON. Empty: the whole record."),
        lines=6,
        required=False,
        max_length=20_000,
    )
    signing_secret = SigningSecretField(
        label=gettext_lazy("Signing secret"),
        help_text=gettext_lazy("Signs the call by Standard Webhooks (whsec_…)."),
        required=False,
    )
    only_once = forms.BooleanField(
        label=gettext_lazy("Never repeat a call whose end is not known"),
        help_text=gettext_lazy("For receivers that do not recognise a repeat by its webhook-id: a person decides."),
        required=False,
    )

    def clean_url(self) -> str:
        """The host must be written out: a value of a record must not decide whom we talk to."""
        url: str = self.cleaned_data["url"]
        authority = re.match(r"[a-z]+://([^/?#]*)", url, re.IGNORECASE)
        if authority is None or "{{" in authority[1]:
            raise forms.ValidationError(_("Begin with http:// or https:// and a host without placeholders."))
        try:
            egress.check_target(_PLACE.sub("0", url))
        except egress.Refused as error:
            raise forms.ValidationError(str(error)) from error
        return url

    def clean_headers(self) -> dict[str, str]:
        """Names and values as HTTP allows them; values may hold placeholders."""
        headers: dict[str, str] = self.cleaned_data["headers"]
        try:
            _check_headers(headers)
            for value in headers.values():
                template_for(self.context, value)
        except (Invalid, Conflict) as error:
            raise forms.ValidationError(str(error.message)) from error
        return headers

    def clean_secret_headers(self) -> dict[str, str] | None:
        """The same for secret ones, which hold no placeholders."""
        sealed: dict[str, str] | None = self.cleaned_data["secret_headers"]
        if sealed is not None:
            try:
                _check_headers(json.loads(unseal(sealed["sealed"])))
            except ValueError as error:
                raise forms.ValidationError(_("Give a JSON object of names and values.")) from error
            except Conflict as error:
                raise forms.ValidationError(str(error.message)) from error
        return sealed

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("body") and "body" not in self.errors:
            self._check_json(cleaned["body"])
        return cleaned

    def _check_json(self, body: str) -> None:
        """The body must be JSON with every value empty; values are escaped, so then it always is."""
        empty = Scope(values={}, now=datetime.now(UTC), zone=UTC)
        try:
            json.loads(template_for(self.context, body).render(empty, target="json"))
        except ValueError as error:
            self.add_error("body", _("This is not JSON: %s") % error)


@robot_types.register
class CallUrl(OutsideRobot):
    """Calls an address with the record's values; signed if wanted, under a key that stays the same."""

    key = "call_url"
    label = gettext_lazy("Call a URL")
    description = gettext_lazy("Sends the record to another program; repeats until it answers.")
    icon = "webhook"
    lane = Lane.HTTP
    Settings = CallSettings

    def texts(self, settings: Mapping[str, Any]) -> Iterable[str]:
        return (settings["url"], settings["body"], *settings["headers"].values())

    def tells_all(self, settings: Mapping[str, Any]) -> str:
        return "body" if settings["method"] not in BODILESS and not settings["body"] else ""

    def summary(self, settings: Mapping[str, Any], definition: Definition) -> str:
        return f"{settings['method']} {settings['url']}"

    def host(self, settings: Mapping[str, Any]) -> str:
        parts = urlsplit(settings["url"])
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.hostname or ''}{port}"[:260]

    def is_repeatable(self, settings: Mapping[str, Any]) -> bool:
        return not settings["only_once"]

    def plan(self, context: Context) -> dict[str, Any]:
        settings = context.settings
        body = None
        if settings["method"] not in BODILESS:
            body = context.render(settings["body"], target="json") if settings["body"] else _whole_record(context)
        headers = {name: context.render(value) for name, value in settings["headers"].items()}
        _check_headers(headers)
        url = context.render(settings["url"], target="url")
        return {"method": settings["method"], "url": url, "headers": headers, "body": body}

    def send(self, intent: Mapping[str, Any], *, settings: Mapping[str, Any], key: UUID) -> Result:
        body = intent["body"] or ""
        headers = dict(intent["headers"])
        if body:
            headers.setdefault("Content-Type", "application/json")
        if settings["secret_headers"]:
            headers |= json.loads(unseal(settings["secret_headers"]["sealed"]))
        headers |= _identity(key, body, settings)
        try:
            answer = egress.call(intent["method"], intent["url"], headers=headers, body=body.encode() if body else None)
        except egress.Unreachable as error:
            raise Temporary(str(error), is_certain=not error.details["connected"]) from error
        return _judged(answer)


def _identity(key: UUID, body: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """The key of the effect, and the signature of this attempt."""
    now = datetime.now(UTC)
    identity = {"webhook-id": f"msg_{key.hex}", "webhook-timestamp": str(int(now.timestamp()))}
    if settings["signing_secret"]:
        signer = Webhook(unseal(settings["signing_secret"]["sealed"]))
        identity["webhook-signature"] = signer.sign(identity["webhook-id"], now, body)
    return identity


def _judged(answer: egress.Answer) -> Result:
    status, text = answer.status, answer.text[:KEPT_ANSWER]
    if 200 <= status < 300:
        return Result(f"HTTP {status}", {"answer": text}, http_status=status)
    message = _("The other side answered %(status)d: %(text)s") % {"status": status, "text": text[:200]}
    if status in RETRIED or status >= 500:
        raise Temporary(message, retry_after=_retry_after(answer), http_status=status)
    raise Conflict(message, http_status=status)


def _retry_after(answer: egress.Answer) -> float | None:
    wish = answer.headers.get("retry-after", "")
    return float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 8 else None


def _whole_record(context: Context) -> str:
    row = context.row
    record = {
        "id": row.pk,
        "process": context.definition.key,
        "title": row.title,
        "stage": row.stage.key if context.definition.has_stages else None,
        "assignee": row.assignee_id,
        "version": row.version,
        "values": row.values(),
    }
    return json.dumps({"record": record}, ensure_ascii=False)


def _check_headers(headers: Any) -> None:
    """Raises Conflict where HTTP cannot carry them or they are not for the user to set."""
    if not isinstance(headers, dict):
        raise Conflict(_("Give a JSON object of names and values."))
    for name, value in headers.items():
        if not _HEADER_NAME.match(name) or name.lower() in _OURS or name.lower().startswith("webhook-"):
            raise Conflict(_("“%s” cannot be used as the name of a header.") % name)
        if not isinstance(value, str) or not _HEADER_VALUE.match(value):
            raise Conflict(_("The value of “%s” holds characters that a header cannot.") % name)
