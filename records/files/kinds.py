"""What a file is, by its content: whoever sends it is not asked."""

import puremagic

HEAD = 8192
"""Bytes that are looked at."""
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
_SHOWN = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp"),
        *("application/pdf", "application/zip", TEXT),
    }
)
"""Types that are said to a browser as they are; it gets everything else as bytes without a meaning."""
_CONTENT_OF = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
}
"""Endings of names whose content begins in one way only."""
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Whoever makes a browser show the content nevertheless gets a page without scripts, forms and our origin.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
"""What is said beside the content of any file, whoever gives it; it is always an attachment."""


def content_type_of(head: bytes) -> str:
    """The media type of a file that begins so."""
    for beginning, media_type in _BEGINNINGS:
        if head.startswith(beginning):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if is_text(head):
        return TEXT
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    return next((match.mime_type for match in found if match.mime_type), UNKNOWN)[:100]


def is_text(head: bytes) -> bool:
    """Whether these are the first bytes of a text in UTF-8; a character may be cut at their end."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) < HEAD or error.start < len(head) - 3:
            return False
    return b"\x00" not in head


def served_type(media_type: str) -> str:
    """What a browser is told: HTML, SVG and scripts are bytes to it."""
    return media_type if media_type in _SHOWN else UNKNOWN


def is_what_it_says(extension: str, media_type: str) -> bool:
    """Whether the content may have this ending; of most endings the content says nothing."""
    return _CONTENT_OF.get(extension, media_type) == media_type
