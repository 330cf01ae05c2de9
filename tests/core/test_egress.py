"""The only way out over HTTP lets nobody in."""

import ipaddress
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from core import egress
from core.egress import Refused, Unreachable, call, is_routable
from tests.listener import Answer, Received, answer, listening


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001::1", "fc00::1", "fe80::1", "fec0::1", "ff02::1",
        "5f00::1", "3fff::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_private_addresses_in_every_disguise_are_not_routable(address: str) -> None:
    assert not is_routable(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_routable(address: str) -> None:
    assert is_routable(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "form",
    [
        "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/",
        "http://0x7f000001:{port}/", "http://0177.0.0.1:{port}/", "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/", "http://0.0.0.0:{port}/", "http://0:{port}/",
        "http://user@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@example.com/",
        "http://127.0.0.1%00.example.com:{port}/", " http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/\r\nX: y",
        "http:///127.0.0.1:{port}/", "//127.0.0.1:{port}/", "127.0.0.1:{port}", "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/", "http://①②⑦.⓪.⓪.①:{port}/", "http://LOCALHOST.:{port}/",
    ],
)  # fmt: skip
def test_no_form_of_a_private_target_is_reached(form: str, settings: Any) -> None:
    settings.EGRESS_ALLOW = frozenset()
    with listening() as listener, pytest.raises((Refused, Unreachable)):
        call("GET", form.replace("{port}", str(listener.port)))
    assert listener.connections == 0


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, **kwargs: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("8.8.8.8", "127.0.0.1")]

    monkeypatch.setattr(egress.socket, "getaddrinfo", resolve)
    with pytest.raises(Refused):
        call("GET", "http://rebind.example/")


def test_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A second answer of the resolver would be taken from a name that has been rebound meanwhile."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(host))
        return real("127.0.0.1", port, *args, **kwargs)

    with listening() as listener:
        settings.EGRESS_ALLOW = frozenset({f"hooks.example:{listener.port}"})
        monkeypatch.setattr(egress.socket, "getaddrinfo", resolve)
        call("GET", f"http://hooks.example:{listener.port}/x")
    assert asked.count("hooks.example") == 1
    assert listener.calls[0].headers["host"] == f"hooks.example:{listener.port}"


def test_allowed_target_is_called_and_answers(settings: Any) -> None:
    with listening(answer(201, b"made", X_Note="yes")) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        got = call("POST", f"{listener.url}/hook?a=1", headers={"X-Test": "1"}, body=b"{}")
    assert (got.status, got.body, got.headers["x-note"], got.is_cut) == (201, b"made", "yes", False)
    received = listener.calls[0]
    assert (received.method, received.path, received.body) == ("POST", "/hook?a=1", b"{}")
    assert received.headers["x-test"] == "1"


def test_another_port_of_an_allowed_host_is_refused(settings: Any) -> None:
    settings.EGRESS_ALLOW = frozenset({"127.0.0.1:1"})
    with listening() as listener, pytest.raises(Refused):
        call("GET", listener.url)
    assert listener.connections == 0


def test_redirect_is_an_answer_and_not_followed(settings: Any) -> None:
    with listening(answer(302, b"", Location="/elsewhere")) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        assert call("GET", listener.url).status == 302
    assert len(listener.calls) == 1


def test_proxies_of_the_environment_are_ignored(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as proxy, listening() as listener:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        settings.EGRESS_ALLOW = frozenset({listener.target})
        assert call("GET", listener.url).status == 200
    assert (proxy.connections, listener.connections) == (0, 1)


def test_answer_is_cut_at_its_limit(settings: Any) -> None:
    with listening(answer(200, b"x" * 300_000)) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        got = call("GET", listener.url)
    assert (len(got.body), got.is_cut) == (egress.ANSWER_LIMIT, True)


def drip(head: bytes) -> Answer:
    """One byte now and then after a head: no single read ever takes long."""

    def write(handler: BaseHTTPRequestHandler, _call: Received) -> None:
        handler.wfile.write(head)
        for _byte in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    return write


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["status", "headers", "body of known length", "body that ends with the connection"],
)
def test_dripping_answer_is_cut_off_in_time_and_is_none(
    settings: Any, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(egress, "TOTAL_SECONDS", 0.3)
    with listening(drip(head)) as listener:
        settings.EGRESS_ALLOW = frozenset({listener.target})
        with pytest.raises(Unreachable) as caught:
            call("GET", listener.url)
    assert caught.value.details["connected"] is True


def test_closed_port_is_unreachable_and_certainly_not_called(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings.EGRESS_ALLOW = frozenset({f"127.0.0.1:{port}"})
        with pytest.raises(Unreachable) as caught:
            call("GET", f"http://127.0.0.1:{port}/")
    assert caught.value.details["connected"] is False
