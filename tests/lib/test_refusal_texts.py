"""A refusal that nobody words is worded all the same: a code with blanks is no sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tale.lib.refusals import STATUS_OF, TEXT_OF, Refusal
from tests.house.tree import Module, modules

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_refused_without_words_has_words() -> None:
    wordless = [
        f"{module.path}:{line} {code}"
        for module in modules(ROOT)
        if not module.is_test
        for line, code in _bare(module)
        if code in STATUS_OF and code not in TEXT_OF
    ]
    assert wordless == []
    assert all(str(text).endswith(".") for text in TEXT_OF.values())


def _bare(module: Module) -> Iterator[tuple[int, str]]:
    """`Refusal("code", …)` that hands no sentence on."""
    for node in module.nodes:
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Refusal":
            continue
        if len(node.args) == 1 and not any(word.arg == "message" for word in node.keywords):
            codes = (each for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant))
            yield from ((node.lineno, str(each.value)) for each in codes)


@pytest.mark.parametrize(
    ("code", "details", "said"),
    [
        ("invalid_choice", {"choices": ["auto", "low"]}, "auto, low"),
        ("out_of_range", {"least": 1, "most": 10}, "between 1 and 10"),
        ("too_long", {"most": 80}, "80 characters"),
        ("too_many_files", {"most": 16}, "16"),
        ("file_too_large", {"limit_bytes": 20 * 2**20}, "20 MiB"),
        ("invalid_type", {"expected": "integer"}, "whole number"),
        ("unsupported_parameter", {"only": False}, "Only false"),
        ("invalid_json", {"line": 3, "column": 7}, "line 3, column 7"),
        ("invalid_idempotency_key", {"most": 80}, "80 characters"),
    ],
)
def test_what_would_do_is_named(code: str, details: dict[str, Any], said: str) -> None:
    assert said in str(Refusal(code, **details))
