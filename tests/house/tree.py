"""The tree as the rules see it: its files, its modules, and where a name in them comes from."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

LAYERS = {
    "tale.lib": 0,
    "accounts": 1,
    "policies": 2,
    "providers": 2,
    "assistants": 3,
    "chats": 4,
    "analytics": 5,
    "tale": 6,
    "tests": 7,
}
HIDDEN_BUT_OURS = {".ci", ".github"}


def app_of(parts: tuple[str, ...]) -> str:
    """The app a dotted name belongs to; empty for the world outside."""
    app = ".".join(parts[:2]) if parts[:2] == ("tale", "lib") else parts[0]
    return app if app in LAYERS else ""


class Import(NamedTuple):
    line: int
    target: str  # what is imported, as a full dotted name
    name: str  # the name it gets here
    bound: str  # what that name stands for: `import a.b` binds `a`


@dataclass(frozen=True)
class Module:
    path: str
    text: str

    @cached_property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.removesuffix(".py").removesuffix("/__init__").split("/"))

    @cached_property
    def app(self) -> str:
        return app_of(self.parts)

    @property
    def is_test(self) -> bool:
        return self.app == "tests"

    @property
    def is_migration(self) -> bool:
        return "migrations" in self.parts

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text, self.path)))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def imports(self) -> list[Import]:
        """Every static import, wherever it stands."""
        return list(self._imports())

    def _imports(self) -> Iterator[Import]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    bound = alias.name if alias.asname else alias.name.split(".")[0]
                    yield Import(alias.lineno, alias.name, alias.asname or bound, bound)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                for alias in node.names:
                    target = f"{base}.{alias.name}"
                    yield Import(alias.lineno, target, alias.asname or alias.name, target)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.parts if self.path.endswith("__init__.py") else self.parts[:-1]
        above = package[: len(package) - node.level + 1]
        return ".".join((*above, *filter(None, [node.module])))

    @cached_property
    def _origins(self) -> dict[str, str]:
        return {imported.name: imported.bound for imported in self.imports}

    def origin(self, expression: ast.AST) -> str:
        """The dotted name behind `name` or `name.attribute`, as far as the imports tell."""
        match expression:
            case ast.Name(id=name):
                return self._origins.get(name, "")
            case ast.Attribute(value=value, attr=attr):
                owner = self.origin(value)
                return f"{owner}.{attr}" if owner else ""
        return ""


@cache
def files(root: Path) -> tuple[Path, ...]:
    ignored = {"__pycache__", "node_modules", *_ignored(root)}
    found: list[Path] = []
    for folder, folders, leaves in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name not in ignored and (not name.startswith(".") or name in HIDDEN_BUT_OURS)
        ]
        found += [Path(folder, leaf) for leaf in leaves if leaf not in ignored]
    return tuple(sorted(found))


def _ignored(root: Path) -> set[str]:
    """The plain names in .gitignore; patterns are left to git."""
    listed = root / ".gitignore"
    lines = listed.read_text("utf-8").splitlines() if listed.exists() else []
    return {line.strip().strip("/") for line in lines}


def texts(root: Path, *suffixes: str) -> Iterator[tuple[str, str]]:
    for path in files(root):
        if path.suffix in suffixes:
            yield path.relative_to(root).as_posix(), path.read_text("utf-8")


@cache
def modules(root: Path) -> tuple[Module, ...]:
    return tuple(Module(path, text) for path, text in texts(root, ".py"))
