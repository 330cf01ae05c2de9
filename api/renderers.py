"""JSON out and in, by orjson; nothing is negotiated, because there is nothing else."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


def to_bytes(data: Any) -> bytes:
    """The data as JSON."""
    return orjson.dumps(data, default=_other)


class OrjsonRenderer(BaseRenderer):
    """Answers as JSON in UTF-8."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Nothing stays nothing."""
        return b"" if data is None else to_bytes(data)


class OrjsonParser(BaseParser):
    """Reads a JSON body, strictly: no NaN, no broken UTF-8."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The value of the body. Raises ParseError, RequestDataTooBig."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise RequestDataTooBig
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("The body is not JSON: %s") % error) from error


class JsonOnly(BaseContentNegotiation):
    """JSON, whatever is asked for; a body of another type is refused."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """The JSON parser for a JSON body."""
        content_type = str(request.content_type or "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise UnsupportedMediaType(content_type, _("Send JSON with Content-Type: application/json."))
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The JSON renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def _other(value: Any) -> Any:
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes | bytearray):
        raise TypeError(value)
    return dict(value) if isinstance(value, Mapping) else list(value)
