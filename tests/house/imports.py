"""Who may import whom: the layers, the edges, the network and the signals."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.house.tree import LAYERS, Module, app_of, modules

EDGES = {"admin", "admin_base", "api", "stream", "urls", "views"}
# An app's configuration and its history may name its edges; nothing frees them from direction.
EDGE_BLIND = {"apps", "migrations"}
NETWORK = (
    "aiohttp",
    "boto3",
    "botocore",
    "http.client",
    "httpcore2",
    "httpx",
    "httpx2",
    "openai",
    "requests",
    "socket",
    "urllib.request",
    "urllib3",
)
Parts = tuple[str, ...]


def directions(root: Path) -> list[str]:
    return [*_homeless(root), *_wrong_ways(root)]


def _homeless(root: Path) -> Iterator[str]:
    for package in sorted(root.glob("*/__init__.py")):
        if package.parent.name not in LAYERS:
            path = package.relative_to(root).as_posix()
            yield f"{path}:1 imports: this package has no layer; give it one in LAYERS"


def _wrong_ways(root: Path) -> Iterator[str]:
    for module in modules(root):
        if not module.app or module.is_test:
            continue
        for imported in module.imports:
            if advice := _objection(module.parts, tuple(imported.target.split("."))):
                yield f"{module.path}:{imported.line} imports: {imported.target}: {advice}"


def _objection(here: Parts, there: Parts) -> str:
    """Why `here` must not import `there`, and what to do instead; empty when it may."""
    app, other = app_of(here), app_of(there)
    if not other:
        return ""
    if _is_studio(here):
        return "" if _is_studio(there) else "the studio stands alone; pass it what it needs"
    if there[:2] == ("tale", "settings") and app != "tale":
        return "read django.conf.settings instead"
    if other == "tests":
        return "the product does not know its tests; move the code out of tests"
    if _is_edge(there) and not _may_meet(here, there):
        return "an edge is imported by tale alone; import the domain function behind it"
    if app == other or _is_edge(here):
        return ""
    if LAYERS[app] == LAYERS[other]:
        return f"{app} and {other} are siblings; let the caller above bring them together"
    if LAYERS[app] < LAYERS[other]:
        return f"{app} stands below {other}; take a function or an opaque reference instead"
    return ""


def _is_studio(parts: Parts) -> bool:
    return parts[:2] == ("providers", "studio")


def _room(parts: Parts) -> str:
    """The module or package right inside the app; empty for the app's own `__init__`."""
    return parts[1] if len(parts) > 1 else ""


def _is_edge(parts: Parts) -> bool:
    return app_of(parts) == "tale" or _room(parts) in EDGES


def _may_meet(here: Parts, edge: Parts) -> bool:
    if app_of(here) == "tale" or _room(here) in EDGE_BLIND:
        return True
    if edge[:2] == ("accounts", "admin_base") and _room(here) == "admin":
        return True
    return app_of(here) == app_of(edge) and _is_edge(here)


def network(root: Path, *, allowed: Mapping[str, tuple[set[str], str]]) -> list[str]:
    """Only the one door may open a connection: there the address, size and time limits live."""
    return [
        f"{module.path}:{imported.line} network: {library}: go through tale.lib.http"
        for module in modules(root)
        if not module.is_test
        for imported in module.imports
        if (library := _network_library(imported.target))
        and library not in allowed.get(module.path, (set(), ""))[0] | _door(module)
    ]


def _network_library(target: str) -> str:
    return next((name for name in NETWORK if f"{target}.".startswith(f"{name}.")), "")


def _door(module: Module) -> set[str]:
    if module.parts[:3] == ("tale", "lib", "http"):
        return set(NETWORK)
    return {"openai"} if module.parts[:2] == ("providers", "kinds") else set()


def signals(root: Path, *, allowed: Mapping[str, str]) -> list[str]:
    """Other people's signals in listed files only; none of our own: a call must be visible."""
    return [
        f"{module.path}:{imported.line} signals: {imported.target}: {advice}"
        for module in modules(root)
        if not module.is_test
        for imported in module.imports
        if (advice := _signal_objection(imported.target, listed=module.path in allowed))
    ]


def _signal_objection(target: str, *, listed: bool) -> str:
    parts = target.split(".")
    ours = parts[0] in LAYERS and "signals" in parts
    dispatch = parts[:2] == ["django", "dispatch"]
    if ours or (dispatch and parts[-1] == "Signal"):
        return "no signals between our apps; call the lower app, then act"
    if listed or not (dispatch or "signals" in parts):
        return ""
    return "call instead, or say in tests/house/listed.py why not"
