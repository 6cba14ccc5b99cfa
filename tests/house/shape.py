"""What a file looks like from outside: its length, its name, its signatures, its migrations."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.house.tree import Module, files, modules, texts

FILE_LINES, FUNCTION_LINES, KIND_LINES = 400, 50, 150
MAKE_MIGRATIONS = "manage.py makemigrations --check --dry-run --skip-checks"
DRAWERS = {"common", "core", "helpers", "managers", "services", "utils"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
# Home folders of machines where somebody once worked, and the registries they asked.
WORKPLACE = re.compile(
    r"(?<![\w.])/(?:home|root|Users)/\w|--(?:(?:extra-)?index-url|trusted-host)[ =]\S"
)


def lengths(root: Path) -> list[str]:
    return [*_long_files(root), *_long_functions(root)]


def _long_files(root: Path) -> Iterator[str]:
    for path, text in texts(root, ".py", ".html", ".css", ".js"):
        limit = KIND_LINES if path.startswith("providers/kinds/") else FILE_LINES
        lines = len(text.splitlines())
        if lines > limit and "/migrations/" not in path:
            yield f"{path}:{limit + 1} length: {lines} lines, at most {limit}; split it by noun"


def _long_functions(root: Path) -> Iterator[str]:
    for module in modules(root):
        for function in _functions(module):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES and not module.is_migration:
                yield (
                    f"{module.path}:{function.lineno} length: {function.name} has {lines} lines, "
                    f"at most {FUNCTION_LINES}; give its steps names"
                )


def _functions(module: Module) -> Iterator[Function]:
    return (node for node in module.nodes if isinstance(node, Function))


def drawers(root: Path) -> list[str]:
    return [
        f"{module.path}:1 drawer: {part}: name the module after its noun"
        for module in modules(root)
        for part in module.parts
        if part.split("_")[-1] in DRAWERS
    ]


def signatures(root: Path) -> list[str]:
    return [
        f"{module.path}:{function.lineno} typed: {function.name}: say the type of {missing}"
        for module in modules(root)
        if not module.is_test
        for function in _functions(module)
        if (missing := ", ".join(_untyped(function)))
    ]


def _untyped(function: Function) -> Iterator[str]:
    listed = function.args
    every = (*listed.posonlyargs, *listed.args, listed.vararg, *listed.kwonlyargs, listed.kwarg)
    for argument in filter(None, every):
        if argument.annotation is None and argument.arg not in {"self", "cls"}:
            yield argument.arg
    if function.returns is None:
        yield "the result"


def migrations(root: Path) -> list[str]:
    """Models and migrations say the same; asked of the real command, at an empty home."""
    if not (root / "manage.py").exists():
        return []
    with TemporaryDirectory() as home:
        answer = subprocess.run(
            [sys.executable, *MAKE_MIGRATIONS.split()],
            cwd=root,
            env={**os.environ, "TALE_HOME": home, "DATABASE_URL": f"sqlite:///{home}/tale.sqlite3"},
            capture_output=True,
            text=True,
            check=False,
        )
    if answer.returncode == 0:
        return []
    said = (answer.stdout or answer.stderr).strip()
    return [f"manage.py:1 migrations: run makemigrations, with a --name that says what\n{said}"]


def workplaces(root: Path) -> list[str]:
    """The repository works anywhere, so it names no place where somebody worked on it."""
    return [
        f"{path.relative_to(root).as_posix()}:{number} workplace: {found[0]}: say it relative"
        for path in files(root)
        for number, line in enumerate(_readable_lines(path), start=1)
        if (found := WORKPLACE.search(line))
    ]


def _readable_lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:  # a picture or a compiled catalogue
        return []
