"""Who asks. The table speaks of their state: a role, or what is wrong with them."""

from __future__ import annotations

from typing import NamedTuple

ROLES = ("member", "lead", "auditor", "admin", "owner")
PEOPLE = {
    "acme": dict(zip(ROLES, ("bob", "lena", "erin", "dana", "alice"), strict=True)),
    "rival": dict(zip(ROLES, ("ben", "lara", "emma", "dirk", "charlie"), strict=True)),
}
SCOPES = ("read", "chat", "images", "assistants", "admin")


class Actor(NamedTuple):
    name: str
    state: str
    home: str = "acme"  # whose objects are their own organisation's

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"


MIRRORED = ("member", "owner")  # of the other organisation: what divides the two has two sides


def _people(*, with_services: bool = False) -> list[Actor]:
    everybody = [
        Actor(name, role, home)
        for home, names in PEOPLE.items()
        for role, name in names.items()
        if home == "acme" or role in MIRRORED
    ]
    robots = [Actor(f"robot of {home}", "service", home) for home in PEOPLE]
    return [*everybody, *(robots if with_services else ())]


# A browser, with the session of:
BROWSERS = (
    *_people(),
    Actor("operator", "operator"),  # a superuser who looks into Acme
    Actor("wanderer", "outside"),  # a superuser who looks into none
    Actor("eve", "ex"),  # was an administrator of Acme
    Actor("otto", "off"),  # was switched off while signed in
    Actor("sue", "suspended", "closed"),  # owns a suspended organisation
    Actor("nobody", "anonymous"),
    Actor("program", "keyed"),  # alice's API key, at a door for people
)
# A program, with the API key of:
PROGRAMS = (
    *_people(with_services=True),
    Actor("alice's lesser key", "unscoped"),  # has every scope but the one it takes
    Actor("alice's old key", "expired"),
    Actor("alice's revoked key", "revoked"),
    Actor("alice's office key", "elsewhere"),  # may come from 10.0.0.0/8
    Actor("alice's two keys", "both"),  # sent at once
    Actor("eve", "ex"),
    Actor("otto", "off"),
    Actor("sue", "suspended", "closed"),
    Actor("guesser", "guess"),  # a key's prefix with a wrong secret
    Actor("nobody", "anonymous"),
    Actor("alice's browser", "browser"),  # a session, at a door for programs
)

# What the table may call them together.
MEMBERS = (*ROLES, "operator", "service")
GROUPS: dict[str, tuple[str, ...]] = {
    "members": MEMBERS,
    "people": tuple(state for state in MEMBERS if state != "service"),
    "readers": ("auditor", "admin", "owner", "operator", "service"),
    "overseers": ("auditor", "admin", "owner", "operator", "outside"),
    "governors": ("admin", "owner", "operator", "service"),
    "owners": ("owner", "operator"),
    "signed-in": (*ROLES, "operator", "outside", "ex", "suspended"),
    "signed-out": ("anonymous", "keyed", "off"),
    "everyone": tuple(sorted({actor.state for actor in (*BROWSERS, *PROGRAMS)})),
    "nobody": (),
}


def states(words: str) -> frozenset[str]:
    """`readers,member,-operator` as the states it stands for."""
    known = set(GROUPS["everyone"])
    found: set[str] = set()
    for word in words.split(","):
        if word.startswith("-"):
            found -= states(word[1:])
            continue
        if word not in GROUPS and word not in known:
            raise ValueError(f"nobody is called {word!r}")
        found.update(GROUPS.get(word, (word,)))
    return frozenset(found)
