"""What a line may reach: rows through their scope, money through two functions."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.house.tree import Module, modules

DOORS = {"api", "channels", "stream", "views"}
UNSCOPED = {"unscoped", "_base_manager"}
SPENDING = {"hold", "claim", "settle"}
# The two, what ends their calls, and what decides about those that were left in doubt.
IN_ASSISTANTS = ("answers", "reserving", "attempts", "booking", "calls", "jobs", "reconcile")
SPENDERS = {f"assistants/{name}.py" for name in IN_ASSISTANTS}
NOT_MONEY = "# not money"


def lookups(root: Path) -> list[str]:
    """A door asks `chat_for(user, id)`: one place says who may, and foreign equals unknown."""
    return [
        f"{module.path}:{line} lookup: {call}: ask a function that takes the user, like chat_for"
        for module in modules(root)
        if DOORS & set(module.parts) and not module.is_test
        for line, call in _open_lookups(module)
    ]


def _open_lookups(module: Module) -> Iterator[tuple[int, str]]:
    for node in module.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="get" | "aget", value=rows)) if _is_manager(rows):
                yield node.lineno, ast.unparse(node.func)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[rows, *_]) if (
                name.endswith("get_object_or_404") and _is_whole_table(rows)
            ):
                yield node.lineno, f"{name}({ast.unparse(rows)})"


def _is_manager(rows: ast.expr) -> bool:
    return isinstance(rows, ast.Attribute) and rows.attr in {"objects", *UNSCOPED}


def _is_whole_table(rows: ast.expr) -> bool:
    """`Chat`, `models.Chat` or `Chat.objects`, also after `.all()`."""
    match rows:
        case ast.Call(func=ast.Attribute(attr="all", value=manager)):
            return _is_whole_table(manager)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name[0].isupper() or _is_manager(rows)
    return False


def unscoped(root: Path, *, allowed: Mapping[str, tuple[int, str]]) -> list[str]:
    """Every way around the organisation's scope is counted; a list says why it is right."""
    findings = []
    for module in modules(root):
        lines = [
            node.lineno
            for node in module.nodes
            if isinstance(node, ast.Attribute) and node.attr in UNSCOPED
        ]
        listed, _ = allowed.get(module.path, (0, ""))
        if not module.is_test and len(lines) != listed:
            findings.append(
                f"{module.path}:{lines[-1] if lines else 1} unscoped: {len(lines)} uses, "
                f"{listed} listed; use the scoped manager, or say why in tests/house/listed.py"
            )
    return findings


def floats(root: Path) -> list[str]:
    return [
        f"{module.path}:{line} float: {what}: money is whole micro-units; count in int"
        for module in modules(root)
        if module.app == "policies" or module.parts[:3] == ("tale", "lib", "money")
        for line, what in _floats(module)
        if NOT_MONEY not in module.lines[line - 1]
    ]


def _floats(module: Module) -> Iterator[tuple[int, str]]:
    for node in module.nodes:
        match node:
            case ast.Name(id="float" as name) | ast.Attribute(attr="FloatField" as name):
                yield node.lineno, name
            case ast.Constant(value=float(value)):
                yield node.lineno, str(value)


def spending(root: Path) -> list[str]:
    """Nothing is bought past `images.generate` and `answers.stream`."""
    return [
        f"{module.path}:{node.lineno} spending: {name}: call images.generate or answers.stream"
        for module in modules(root)
        if module.app != "policies" and not module.is_test and module.path not in SPENDERS
        for node in module.nodes
        if isinstance(node, ast.Name | ast.Attribute)
        and (name := module.origin(node)).startswith("policies.")
        and name.split(".")[-1] in SPENDING
    ]
