"""Files of records: their names, what they are, where their content lies."""

from records.files.content import Stored, open_content, store_content
from records.files.kinds import HEADERS, content_type_of, served_type
from records.files.names import clean_name, extension_of

__all__ = [
    "HEADERS",
    "Stored",
    "clean_name",
    "content_type_of",
    "extension_of",
    "open_content",
    "served_type",
    "store_content",
]
