"""How often signing in may fail, and how long it rests then.

Every failure is a row of the database, so all processes count together. A try that is refused because signing in
rests is not counted: the rest ends however much is tried meanwhile. Whether somebody has the address that was typed
makes no difference.

A browser in which somebody has signed in before is known for that address. Its failures are counted for themselves, so
a stranger who uses up what an account or an office may fail keeps nobody out of where they usually work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import Any, cast

from axes.handlers.base import AxesHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessFailureLog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

KNOWN_BROWSER = "known"
"""The cookie of a browser in which somebody has signed in before."""
KNOWN_FOR = timedelta(days=365)


@dataclass(frozen=True)
class Limit:
    """So many failures within that time, and signing in rests until the first of them is older."""

    times: int
    within: timedelta


PAIR = Limit(settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME)
"""Passwords for one e-mail address from one network address, or in the browsers that are known for it."""
NETWORK = Limit(50, timedelta(hours=1))
"""Whatever fails from one network address: one password tried on many people."""
ACCOUNT = Limit(100, timedelta(hours=1))
"""Passwords for one e-mail address from everywhere."""
CODES = (Limit(10, timedelta(minutes=15)), Limit(30, timedelta(days=1)))
"""Codes of the second factor and recovery codes for one person, from everywhere."""
KEPT_FOR = timedelta(days=1)


class WatchedRequest(HttpRequest):
    """What axes and this module write on a request at which somebody signs in."""

    axes_ip_address: str | None
    axes_user_agent: str
    axes_http_accept: str
    axes_path_info: str
    axes_locked_out: bool
    axes_credentials: Mapping[str, Any]
    axes_rests_until: datetime


def address_tried(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The e-mail address that was typed, in one case; the same whether somebody has it or not."""
    typed = (credentials or {}).get("email") or getattr(request.user, "email", "")
    return str(typed).strip().lower()[:255]


def network_of(request: HttpRequest) -> str | None:
    """Where a request comes from; of IPv6 the 64 bits that one connection has, the rest is for its owner to choose."""
    return _network(request.META.get("REMOTE_ADDR", ""))


def _network(address: str) -> str | None:
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket of this machine has none
        return None
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64)
    return str(parsed)


def _mark(address: str) -> str:
    return salted_hmac(KNOWN_BROWSER, address, algorithm="sha256").hexdigest()


def remember_browser(response: HttpResponse, email: str) -> None:
    """Strangers who try this address from now on keep nobody out in this browser."""
    response.set_cookie(
        KNOWN_BROWSER,
        _mark(email.lower()),
        max_age=KNOWN_FOR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _is_known(request: HttpRequest, address: str) -> bool:
    return constant_time_compare(request.COOKIES.get(KNOWN_BROWSER, ""), _mark(address))


class CountedAs(StrEnum):
    """In whose name a failure is counted; no e-mail address looks like the longer ones."""

    ELSEWHERE = "{}"
    KNOWN = "password in a known browser: {}"
    CODE_ELSEWHERE = "code: {}"
    KNOWN_CODE = "code in a known browser: {}"

    def of(self, address: str) -> str:
        return self.format(address)[:255]


def _note(request: WatchedRequest, counted_as: str) -> AccessFailureLog:
    AccessFailureLog.objects.filter(attempt_time__lt=timezone.now() - KEPT_FOR).delete()
    return AccessFailureLog.objects.create(
        username=counted_as,
        ip_address=request.axes_ip_address,
        user_agent=request.axes_user_agent,
        http_accept=request.axes_http_accept,
        path_info=request.axes_path_info,
    )


def _end(failures: QuerySet[AccessFailureLog], limit: Limit) -> datetime | None:
    """When the rest ends that these failures have led to."""
    recent = failures.filter(attempt_time__gt=timezone.now() - limit.within).order_by("-attempt_time")
    deciding = recent.values_list("attempt_time", flat=True)[limit.times - 1 : limit.times].first()
    return deciding + limit.within if deciding else None


def _rest(request: WatchedRequest, ends: list[datetime | None], address: str) -> bool:
    """Whether signing in rests; the answer to the request is the page that says so then."""
    until = max((end for end in ends if end), default=None)
    if until:
        request.axes_locked_out = True
        request.axes_credentials = {"email": address}
        request.axes_rests_until = until
    return until is not None


def count_code(request: HttpRequest, email: str) -> AccessFailureLog | None:
    """Count a code before it is looked at, so that many at once are no more than the limit; delete it if right."""
    watched, address = cast("WatchedRequest", request), email.lower()
    AxesProxyHandler.update_request(watched)
    counted_as = (CountedAs.KNOWN_CODE if _is_known(watched, address) else CountedAs.CODE_ELSEWHERE).of(address)
    note = _note(watched, counted_as)
    others = AccessFailureLog.objects.filter(username=counted_as).exclude(pk=note.pk)
    if _rest(watched, [_end(others, limit) for limit in CODES], address):
        note.delete()
        return None
    return note


class FailuresHandler(AxesHandler):  # type: ignore[misc]
    """What axes asks at each sign-in, answered from one row per failure."""

    def is_locked(self, request: WatchedRequest, credentials: Mapping[str, Any] | None = None) -> bool:
        address, failures = address_tried(request, credentials), AccessFailureLog.objects.all()
        if _is_known(request, address):
            ends = [_end(failures.filter(username=CountedAs.KNOWN.of(address)), PAIR)]
        else:
            of_address, here = Q(username=CountedAs.ELSEWHERE.of(address)), Q(ip_address=request.axes_ip_address)
            ends = [
                _end(failures.filter(of_address & here), PAIR),
                _end(failures.filter(of_address), ACCOUNT),
                _end(failures.filter(here), NETWORK),
            ]
        return _rest(request, ends, address)

    def user_login_failed(
        self, sender: Any, credentials: Mapping[str, Any], request: WatchedRequest | None = None, **kwargs: Any
    ) -> None:
        if request is None or request.axes_locked_out:
            return
        address = address_tried(request, credentials)
        counted_as = CountedAs.KNOWN if _is_known(request, address) else CountedAs.ELSEWHERE
        _note(request, counted_as.of(address))
        self.is_locked(request, credentials)

    def reset_attempts(
        self, *, ip_address: str | None = None, username: str | None = None, ip_or_username: bool = False
    ) -> int:
        of_address, here = Q(), Q()
        if username:
            of_address = Q(username__in=[counted_as.of(username.lower()) for counted_as in CountedAs])
        if ip_address:
            here = Q(ip_address=_network(ip_address))
        which = of_address | here if ip_or_username else of_address & here
        deleted: int = AccessFailureLog.objects.filter(which).delete()[0]
        return deleted


def locked_page(request: WatchedRequest, _answer: HttpResponse | None, _credentials: Any) -> HttpResponse:
    """How long signing in rests, in place of whatever was answered."""
    left = request.axes_rests_until - timezone.now()
    until = request.axes_rests_until + timedelta(minutes=1)  # minutes are shown whole
    page = render(request, "account/locked.html", {"until": until}, status=429)
    page["Retry-After"] = str(max(1, int(left.total_seconds()) + 1))
    return page
