"""Answers to pages and to their fragments."""

import json
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from core.errors import Text
from records.files import HEADERS, open_content
from web.middleware import is_fragment


def go(request: HttpRequest, to: str, *args: Any) -> HttpResponse:
    """Send the browser to another page, from a fragment too."""
    url = resolve_url(to, *args)
    if not is_fragment(request):
        return HttpResponseRedirect(url)
    return HttpResponse(headers={"HX-Redirect": url})


def own_address(request: HttpRequest, wanted: str) -> str:
    """An address that a page asked to go to, if it is one of ours; the start page otherwise."""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else "/"


def with_toast(response: HttpResponse, text: Text, **events: Any) -> HttpResponse:
    """Let the page say something after the swap, and fire further events."""
    return with_events(response, toast={"text": str(text)}, **events)


def with_events(response: HttpResponse, **events: Any) -> HttpResponse:
    """Fire events in the page after the swap."""
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def attachment(request: HttpRequest, path: str, *, name: str, content_type: str) -> FileResponse:
    """A stored file, to be saved under its name."""
    # Compressing on the way would hold a thread for as long as a slow client takes.
    request.META["HTTP_ACCEPT_ENCODING"] = ""
    return FileResponse(
        open_content(path), as_attachment=True, filename=name, content_type=content_type, headers=HEADERS
    )
