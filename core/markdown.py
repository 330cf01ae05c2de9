"""Markdown of people: a small part of it, made into HTML that is safe on a page, or into plain words."""

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "a", "h4", "h5", "hr"}
_SCHEMES = {"http", "https", "mailto", "tel"}
_HEADINGS = {"h1": "h4", "h2": "h4", "h3": "h5", "h4": "h5", "h5": "h5", "h6": "h5"}
"""The page has its own first levels."""

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough")


@lru_cache(maxsize=1024)
def markdown_html(text: str) -> SafeString:
    """The text as HTML of a few harmless tags; anything else in it is shown as it was written."""
    tokens = _markdown.parse(text)
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    return mark_safe(  # noqa: S308 cleaned to an allow list
        nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel="noopener noreferrer")
    )


def markdown_words(text: str) -> str:
    """The text without its marks, for places where only words have room."""
    return " ".join(nh3.clean(_markdown.render(text), tags=set()).split())
