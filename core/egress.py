"""The only way out over HTTP.

Only http and https. The name is resolved once, every address must be globally routable after unwrapping IPv4 addresses
that hide in IPv6 ones, and the connection goes to an address that was checked. No redirects, no proxies or netrc from
the environment, no cookies. Private targets pass only where the installation's EGRESS_ALLOW names them.
"""

import contextlib
import ipaddress
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from django.conf import settings
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from core.errors import SmartCRMError

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 15.0
ANSWER_LIMIT = 64 * 1024
URL_LIMIT = 2048
PORTS = {"http": 80, "https": 443}
NAT64 = ipaddress.ip_network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(SmartCRMError):
    """This target is not one to talk to; trying again changes nothing."""

    code = "egress_refused"


class Unreachable(SmartCRMError):
    """No whole answer came: name, connection, TLS or time. The detail `connected` says whether the other side may have
    got the call."""

    code = "unreachable"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: status, headers in small letters, and at most 64 KiB of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode(errors="replace")


def call(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
    """Make one call and return the answer, whatever its status; redirects are answers too.

    Raises Refused (a forbidden or malformed target or header), Unreachable.
    """
    prepared = _prepared(method, url, headers or {}, body)
    host, port = _target(str(prepared.url))
    address = _checked_address(host, port)
    with _Guard(TOTAL_SECONDS) as guard, _session(host, address) as session:
        _watching.guard = guard
        try:
            response = session.send(prepared, stream=True, timeout=(CONNECT_SECONDS, TOTAL_SECONDS))
            content, is_cut = _read(response.raw)
            guard.require_time()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(_why(error, guard), connected=guard.is_connected) from error
    names = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, names, content, is_cut)


def check_target(url: str) -> tuple[str, int]:
    """Host and port of a URL that one may try to call. Raises Refused for what can never be one."""
    return _target(str(_prepared("GET", url, {}, None).url))


def is_routable(address: IPAddress) -> bool:
    """Whether an address belongs to the public network, itself and whatever IPv4 address hides in it."""
    plain = _unwrapped(address)
    if plain is None or not plain.is_global:
        return False
    if plain.is_multicast or plain.is_reserved or plain.is_link_local or plain.is_unspecified:
        return False
    if isinstance(plain, ipaddress.IPv6Address) and plain.is_site_local:
        return False
    return not any(plain in network for network in EXTRA_BLOCKED_NET_RANGES)


def _prepared(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.PreparedRequest:
    if len(url) > URL_LIMIT or re.search(r"[\x00-\x20\x7f\\]", url):
        raise Refused(_("This is not an address that can be called."))
    ours = {"User-Agent": "SmartCRM", "Accept-Encoding": "identity", "Connection": "close"}
    try:
        return requests.Request(method, url, headers={**headers, **ours}, data=body).prepare()
    except (requests.RequestException, UnicodeError, ValueError) as error:
        raise Refused(_("This is not an address that can be called.")) from error


def _target(url: str) -> tuple[str, int]:
    parsed = urllib3.util.parse_url(url)
    if parsed.scheme not in PORTS or not parsed.host:
        raise Refused(_("Only http and https addresses can be called."))
    if parsed.auth:
        raise Refused(_("Put names and passwords into headers, not into the address."))
    return parsed.host.strip("[]").lower(), parsed.port or PORTS[parsed.scheme]


def _checked_address(host: str, port: int) -> str:
    addresses = _resolve(host, port)
    if f"{host}:{port}" not in settings.EGRESS_ALLOW:
        for address in addresses:
            if not is_routable(address):
                raise Refused(_("“%s” is not an address of the public network.") % host, host=host)
    return str(addresses[0])


def _resolve(host: str, port: int) -> list[IPAddress]:
    """Every address of a name, in a thread of its own: a resolver may hang longer than we wait."""
    found: list[Any] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    if not found:
        raise Unreachable(_("The name “%s” cannot be found.") % host, connected=False)
    return [ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in found]


def _unwrapped(address: IPAddress) -> IPAddress | None:
    """The IPv4 address inside an IPv6 one, the address itself otherwise; None where what is inside cannot be told."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.teredo is not None:
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class _Guard:
    """Cuts the connection when the time is over, however slowly the other side drips."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._socket: socket.socket | None = None
        self.is_over = False

    @property
    def is_connected(self) -> bool:
        """Whether there was a connection at all."""
        return self._socket is not None

    def watch(self, connected: socket.socket) -> None:
        """Keep a handle of the connection; TLS wraps the socket, but the connection below stays the same."""
        self._socket = connected.dup()

    def require_time(self) -> None:
        """Raise TimeoutError when the connection was cut: what was read may look like a whole answer and is none."""
        if self.is_over:
            raise TimeoutError

    def _cut(self) -> None:
        self.is_over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "_Guard":
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()


_watching = threading.local()


class _WatchedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _watching.guard.watch(connected)
        return connected


class _WatchedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _watching.guard.watch(connected)
        return connected


class _WatchedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _WatchedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


class _PinnedAdapter(HTTPAdapter):
    """Connects to an address that was checked, while TLS and the Host header speak of the name."""

    def __init__(self, host: str, address: str) -> None:
        self._host, self._address = host, address
        super().__init__()
        self.poolmanager.pool_classes_by_scheme = {"http": _WatchedHTTPPool, "https": _WatchedHTTPSPool}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Replace the host of the connection by the address."""
        where, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        how: dict[str, Any] = dict(tls)
        name = str(where["host"])
        if name.strip("[]").lower() != self._host:
            raise requests.exceptions.InvalidURL("The checked host and the called one differ.")
        shown = f"[{self._host}]" if ":" in self._host else name
        request.headers["Host"] = shown if where["port"] is None else f"{shown}:{where['port']}"
        if where["scheme"] == "https":
            how["assert_hostname"] = how["server_hostname"] = self._host
        where["host"] = f"[{self._address}]" if ":" in self._address else self._address
        return where, how


def _session(host: str, address: str) -> HTTPSession:
    session = HTTPSession(
        Config(
            ip_filter_enable=False,  # the pinned adapter checks every address, not the first one
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(CONNECT_SECONDS, TOTAL_SECONDS),
        )
    )
    session.trust_env = False
    for scheme in PORTS:
        session.mount(f"{scheme}://", _PinnedAdapter(host, address))
    return session


def _read(raw: Any) -> tuple[bytes, bool]:
    """At most 64 KiB of the body, as it came over the wire, and whether there was more."""
    parts, size = [], 0
    while size <= ANSWER_LIMIT:
        part = raw.read(ANSWER_LIMIT + 1 - size, decode_content=False)
        if not part:
            break
        parts.append(part)
        size += len(part)
    raw.close()
    return b"".join(parts)[:ANSWER_LIMIT], size > ANSWER_LIMIT


def _why(error: Exception, guard: _Guard) -> str:
    if guard.is_over or isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return _("No whole answer within the time.")
    if isinstance(error, requests.exceptions.SSLError):
        return _("The other side's certificate is not in order.")
    return _("The connection failed.")
