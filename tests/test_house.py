"""The house check: the tree keeps every rule, and every rule finds the fault it is there for."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.apps import apps

from tests.house import imports, listed, pages, reach, shape, tree
from tests.house.planted import FAULTS, TWINS, Fault

ROOT = Path(__file__).resolve().parents[1]
RULES: dict[str, Callable[[Path], list[str]]] = {
    "imports": imports.directions,
    "network": partial(imports.network, allowed=listed.NETWORK),
    "signals": partial(imports.signals, allowed=listed.SIGNALS),
    "length": shape.lengths,
    "drawer": shape.drawers,
    "typed": shape.signatures,
    "migrations": shape.migrations,
    "workplace": shape.workplaces,
    "lookup": reach.lookups,
    "unscoped": partial(reach.unscoped, allowed=listed.UNSCOPED),
    "spending": reach.spending,
    "float": reach.floats,
    "page": pages.strict,
    "fragment": pages.fragments,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_is_in_order(rule: str) -> None:
    findings = RULES[rule](ROOT)
    assert not findings, "\n".join(["", *findings])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.rule}-{min(fault.files)}")
def test_a_planted_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    plant(fault.files, tmp_path)
    assert [found[: len(fault.finding)] for found in RULES[fault.rule](tmp_path)] == [fault.finding]


@pytest.mark.parametrize("rule", RULES)
def test_its_lawful_twin_is_left_alone(rule: str, tmp_path: Path) -> None:
    plant(TWINS[rule], tmp_path)
    assert RULES[rule](tmp_path) == []


def test_a_listed_use_is_lawful_until_it_is_gone(tmp_path: Path) -> None:
    plant({"chats/retention.py": "rows = Chat.unscoped.all()"}, tmp_path)
    assert reach.unscoped(tmp_path, allowed={"chats/retention.py": (1, "sweeps all")}) == []
    assert reach.unscoped(tmp_path, allowed={"chats/retention.py": (2, "sweeps all")})


def test_a_listed_file_may_listen_to_others_but_not_to_us(tmp_path: Path) -> None:
    heard = "from django.dispatch import receiver, Signal\nfrom accounts.signals import left"
    plant({"chats/apps.py": heard}, tmp_path)
    found = imports.signals(tmp_path, allowed={"chats/apps.py": "tidies up"})
    assert [finding.split()[2] for finding in found] == [
        "django.dispatch.Signal:",
        "accounts.signals.left:",
    ]


def test_a_listed_file_may_use_the_network_library_it_names(tmp_path: Path) -> None:
    plant({"tale/disk.py": "import socket\nimport openai"}, tmp_path)
    found = imports.network(tmp_path, allowed={"tale/disk.py": ({"socket"}, "finds a port")})
    assert [finding.split()[0] for finding in found] == ["tale/disk.py:2"]


def test_no_rule_goes_untried() -> None:
    assert {fault.rule for fault in FAULTS} == set(TWINS) == set(RULES)


def test_every_installed_app_of_ours_is_read() -> None:
    ours = {config.name for config in apps.get_app_configs() if is_ours(config.name)}
    read = {module.app for module in tree.modules(ROOT)}
    assert ours
    assert ours <= set(tree.LAYERS)
    assert ours <= read


def is_ours(name: str) -> bool:
    return (ROOT / name.split(".")[0]).is_dir()


def plant(files: dict[str, str], root: Path) -> None:
    for path, source in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source, "utf-8")
