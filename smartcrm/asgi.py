"""The web server's entrance: the live stream beside Django.

Django runs as WSGI on a bounded pool of threads, not behind its own ASGI handler: that one gives each
request a thread of its own, so persistent connections (CONN_MAX_AGE) are never reused, and a stream that
stays open holds its thread as long as it lives. Pool threads live as long as the process: they keep their
database connection, and their number bounds the connections. The live stream never enters Django's
handler; thousands of open browsers wait on the event loop and cost no thread.
"""

import os

import django
from django.conf import settings

from smartcrm.bridge import Message, Receive, Send, WsgiBridge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartcrm.settings")
# The stream uses models, which need this before they are imported.
django.setup()

from smartcrm.live import application as live  # noqa: E402
from smartcrm.wsgi import application as wsgi  # noqa: E402

LIVE_PREFIX = "/live/"

pages = WsgiBridge(wsgi, threads=settings.WEB_THREADS, longest_body=settings.LONGEST_BODY)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Send `/live/…` to the stream and everything else, start and stop of the server included, to Django."""
    if scope["type"] == "http" and scope["path"].startswith(LIVE_PREFIX):
        await live(scope, receive, send)
    else:
        await pages(scope, receive, send)
