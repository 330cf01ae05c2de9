"""Where the content of files lies: in the storage of files, under random names."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, cast

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.crypto import get_random_string

from records.files.kinds import HEAD, content_type_of

FOLDER = "files"
PATH = re.compile(rf"{FOLDER}/[0-9a-z]{{2}}/[0-9a-z]{{38}}\Z")
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """Content that was written."""

    path: str
    size: int
    digest: str
    """SHA-256, hexadecimal."""
    content_type: str


def store_content(content: IO[bytes]) -> Stored:
    """Write content under a new random name, without holding all of it in memory."""
    word = get_random_string(40, _LETTERS)
    reading = _Reading(content)
    path = default_storage.save(f"{FOLDER}/{word[:2]}/{word[2:]}", cast("File[bytes]", reading))
    return Stored(path, reading.read_bytes, reading.digest.hexdigest(), content_type_of(reading.head))


def open_content(path: str) -> IO[bytes]:
    """The content, for reading. Raises FileNotFoundError."""
    return cast("IO[bytes]", default_storage.open(path, "rb"))


def delete_content(path: str) -> None:
    """Delete content; what is gone already stays gone."""
    default_storage.delete(path)


def stored_before(moment: datetime) -> Iterator[str]:
    """Paths of all content that was last written before a moment."""
    for folder in _listed(FOLDER)[0]:
        for name in _listed(f"{FOLDER}/{folder}")[1]:
            path = f"{FOLDER}/{folder}/{name}"
            if PATH.match(path) and default_storage.get_modified_time(path) < moment:
                yield path


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


class _Reading(File):  # type: ignore[type-arg]
    """Content on its way to the storage: measured, digested, its beginning kept."""

    def __init__(self, content: IO[bytes]) -> None:
        super().__init__(content)
        self.digest = hashlib.sha256()
        self.read_bytes = 0
        self.head = b""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The content in parts."""
        self.seek(0)
        while chunk := self.read(CHUNK):
            self.digest.update(chunk)
            self.read_bytes += len(chunk)
            if len(self.head) < HEAD:
                self.head += chunk[: HEAD - len(self.head)]
            yield chunk
