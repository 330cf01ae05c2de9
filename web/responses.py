"""Answers to pages and to their fragments."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from core.errors import Text
from web.middleware import is_fragment


def go(request: HttpRequest, to: str, *args: Any) -> HttpResponse:
    """Send the browser to another page, from a fragment too."""
    url = resolve_url(to, *args)
    if not is_fragment(request):
        return HttpResponseRedirect(url)
    return HttpResponse(headers={"HX-Redirect": url})


def with_toast(response: HttpResponse, text: Text, **events: Any) -> HttpResponse:
    """Let the page say something after the swap, and fire further events."""
    return with_events(response, toast={"text": str(text)}, **events)


def with_events(response: HttpResponse, **events: Any) -> HttpResponse:
    """Fire events in the page after the swap."""
    response.headers["HX-Trigger"] = json.dumps(events)
    return response
