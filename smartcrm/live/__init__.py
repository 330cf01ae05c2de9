"""The live stream: a small ASGI app beside Django that tells open pages which records have changed."""

from smartcrm.live.app import application

__all__ = ["application"]
