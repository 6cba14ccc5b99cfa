"""What a template may hold under the strict content security policy, and how it is named."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from tests.house.tree import texts

TAG = re.compile(r"(?s:{%\s*comment\b.*?\bendcomment\s*%})|{%.*?%}|{#.*?#}")
VALUE = re.compile(r"{{.*?}}")
FOREIGN_SOURCE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
SOURCES = {"src", "srcset"}
# Whole folders of fragments, and folders whose names other packages chose.
NAMED_OTHERWISE = {"account", "admin", "allauth", "partials", "unfold"}


def strict(root: Path) -> list[str]:
    return [
        f"{path}:{line} page: {fault}"
        for path, text in _templates(root)
        for line, fault in Page(text, may_style=_inside(path, "admin")).faults
    ]


def fragments(root: Path) -> list[str]:
    """`_name.html` is a fragment and nothing else is, so a view's answer shows in its name."""
    return list(_misnamed(root))


def _misnamed(root: Path) -> Iterator[str]:
    for path, text in _templates(root):
        whole = bool(re.search(r"{%\s*extends|<html|<!doctype", text, re.IGNORECASE))
        marked = Path(path).name.startswith("_")
        if whole and marked:
            yield f"{path}:1 fragment: this is a whole page; take the underscore off its name"
        if not whole and not marked and not _inside(path, *NAMED_OTHERWISE):
            yield f"{path}:1 fragment: call it _{Path(path).name}, or let it extend a page"


def _templates(root: Path) -> Iterator[tuple[str, str]]:
    return ((path, text) for path, text in texts(root, ".html") if _inside(path, "templates"))


def _inside(path: str, *folders: str) -> bool:
    return bool(set(folders) & set(path.split("/")[:-1]))


class Page(HTMLParser):
    """Reads the markup with the template language blanked out, so that line numbers stay."""

    def __init__(self, text: str, *, may_style: bool) -> None:
        super().__init__()
        self.faults: list[tuple[int, str]] = []
        self.may_style = may_style
        self.feed(VALUE.sub(_filled("x"), TAG.sub(_filled(" "), text)))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "script" and "src" not in names:
            self._note("inline <script>: put it into static/ and give it a src")
        if tag == "style" and not self.may_style:
            self._note("<style>: put it into static/")
        for name, value in attrs:
            self._look(tag, name, value or "")

    def _look(self, tag: str, name: str, value: str) -> None:
        if name == "style" and not self.may_style:
            self._note("style=: give it a class")
        if name.startswith(("on", "hx-on")):
            self._note(f"{name}=: listen in static/tale.js")
        loads = name in SOURCES or (name == "href" and tag in {"link", "use"})
        if loads and FOREIGN_SOURCE.match(value):
            self._note(f"{name}={value}: serve it from static/; no foreign host")

    def _note(self, fault: str) -> None:
        self.faults.append((self.getpos()[0], fault))


def _filled(filler: str) -> Callable[[re.Match[str]], str]:
    return lambda match: re.sub(r"[^\n]", filler, match[0])
