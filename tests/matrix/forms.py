"""What a browser would send if somebody pressed the button of a page as it is."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

Sent = dict[str, list[str]]
BUTTONS = {"submit", "button", "reset", "image", "file"}


def filled(page: str, *, holding: str = "csrfmiddlewaretoken") -> Sent:
    """The last form of the page that sends something but a language or a sign-out."""
    reader = _Reader()
    reader.feed(page)
    forms = [form for form in reader.forms if form.keys() - {holding, "language", "organisation"}]
    return forms[-1] if forms else {}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Sent] = []
        self.select: str | None = None
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({})
        elif "disabled" in has or not self.forms:
            return
        elif tag == "input":
            self._input(has)
        elif tag == "select":
            self.select = has.get("name")
        elif tag == "option" and self.select and "selected" in has:
            self._add(self.select, has.get("value", ""))
        elif tag == "textarea":
            self.area = has.get("name")
            self._add(self.area, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area:
            self.forms[-1][self.area] = [self.forms[-1][self.area][-1] + data.lstrip("\n")]

    def _input(self, has: dict[str, str]) -> None:
        kind = has.get("type", "text")
        if kind in BUTTONS or (kind in ("checkbox", "radio") and "checked" not in has):
            return
        self._add(has.get("name"), has.get("value", "on" if kind == "checkbox" else ""))

    def _add(self, name: str | None, value: str) -> None:
        if name:
            self.forms[-1].setdefault(name, []).append(value)


def changed(sent: Sent, **fields: Any) -> Sent:
    fresh = {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
    return {**sent, **fresh}
