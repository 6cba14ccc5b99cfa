"""Markdown from a model becomes HTML nobody can attack with: no raw HTML, no pictures, no styles.

Sanitised after rendering, because renderers have been wrong before. Pictures are left out even
from Markdown: an address in one would tell a stranger what was said (EchoLeak, CVE-2025-32711).
"""

import nh3
from markdown_it import MarkdownIt

_BLOCKS = "p br hr h1 h2 h3 h4 h5 h6 pre blockquote ul ol li table thead tbody tr th td"
_TAGS = {*_BLOCKS.split(), "strong", "em", "s", "code", "a"}
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
    ["table", "strikethrough"]
)


def to_html(text: str) -> str:
    return nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
