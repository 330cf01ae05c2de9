"""Ready processes to begin with: what one must say, and the registry of all of them.

A ready process is one class in one file of `processes/gallery/`. Its words are translated when somebody chooses it,
and from then on they are data of that installation.
"""

from typing import ClassVar

from core.errors import Text
from core.registry import Extension, Registry
from processes.drafts import ProcessDraft


class ReadyProcess(Extension):
    """A draft that many organisations can use as it is, and change afterwards."""

    summary: ClassVar[Text]
    """One sentence: for whom and what for."""
    position: ClassVar[int]
    """Its place in the gallery; the most wanted come first."""

    def draft(self) -> ProcessDraft:
        """The process in the active language; grants are left to whoever creates it."""
        raise NotImplementedError


gallery: Registry[ReadyProcess] = Registry("ready process")
