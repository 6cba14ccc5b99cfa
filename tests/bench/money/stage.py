"""Where a run takes place: a home and a database of its own, a simulated provider in a process of
its own, an organisation with people, keys, teams and caps that overlap."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[3]
TEAMS = 4
IMAGE_MODEL, CHAT_MODEL = "gpt-image-1-mini", "gpt-4.1-mini"
FLAT_MODEL, FLAT_MICRO = "gpt-image-2", 40_000  # what it costs is what was set aside for it
PRICES = {  # dollars for a million tokens, as the simulated provider bills them
    IMAGE_MODEL: {"text_in": "2", "image_in": "2.5", "image_out": "8"},
    CHAT_MODEL: {"text_in": "0.4", "text_out": "1.6"},
    FLAT_MODEL: {"picture": "0.04"},
}
SERVICES = ("REDIS_URL", "CELERY_BROKER_URL")


@dataclass(frozen=True)
class Person:
    user: str
    key: str
    session: str


@dataclass
class Stage:
    home: Path
    database: str  # its address
    bill: Path
    presume_after_s: int
    number: int  # of people
    base_url: str = ""
    organisation: str = ""
    people: list[Person] = field(default_factory=list)

    @property
    def on_postgres(self) -> bool:
        return self.database.startswith("postgres")

    def flush_the_broker(self) -> int:
        """All that waits in it is gone; of the embedded one, every file. How often: once."""
        if self.on_postgres:
            from redis import Redis  # noqa: PLC0415

            Redis.from_url(os.environ["CELERY_BROKER_URL"]).flushdb()
        for message in (self.home / "queue").glob("*.msg"):
            message.unlink(missing_ok=True)
        return 1

    def environment(self) -> dict[str, str]:
        """Of the product's processes: as bin/run starts them."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TALE_")}
        for name in SERVICES if not self.on_postgres else ():
            kept.pop(name, None)
        return {
            **kept,
            "TALE_ENV": "embedded",
            "TALE_HOME": str(self.home),
            "TALE_PRIVATE_HOSTS": "127.0.0.1",
            "TALE_PRESUME_AFTER_S": str(self.presume_after_s),
            "TALE_LOG_LEVEL": "WARNING",
            "TALE_DB_CONNECTIONS": "4",  # a server takes a hundred, and the dead linger
            "TALE_DB_THREADS": "4",
            "DATABASE_URL": self.database,
        }


@contextmanager
def set_up(
    home: Path, *, kind: str, takes_s: float, presume_after_s: int, people: int
) -> Iterator[Stage]:
    name = f"tale_bench_money_{os.getpid()}"
    with _database(name, home, kind) as address:
        stage = Stage(home, address, home / "bill.jsonl", presume_after_s, people)
        _our_own_settings(stage)
        stage.bill.touch()
        with _provider(stage, takes_s) as (base_url, secret):
            stage.base_url = base_url
            _furnish(stage, secret)
            try:
                yield stage
            finally:
                from django.db import connections  # noqa: PLC0415

                for connection in connections.all():
                    connection.close()
                    if hasattr(connection, "close_pool"):
                        connection.close_pool()


@contextmanager
def _database(name: str, home: Path, kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{home / 'tale.sqlite3'}"
        return
    given = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    server = urlsplit(given)._replace(path="/postgres").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")  # type: ignore[arg-type]
        try:
            yield urlsplit(given)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"drop database {name} with (force)")  # type: ignore[arg-type]


def _our_own_settings(stage: Stage) -> None:
    """This process plays the administrator and the auditor: it needs the product's rows."""
    if stage.on_postgres:
        os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/13")
        os.environ.setdefault("CELERY_BROKER_URL", "redis://127.0.0.1:6379/14")
        from redis import Redis  # noqa: PLC0415

        for service in SERVICES:
            Redis.from_url(os.environ[service]).flushdb()
    else:
        for service in SERVICES:
            os.environ.pop(service, None)
    os.environ |= {
        "TALE_HOME": str(stage.home),
        "DATABASE_URL": stage.database,
        "TALE_PRIVATE_HOSTS": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "tale.settings",
    }


@contextmanager
def _provider(stage: Stage, takes_s: float) -> Iterator[tuple[str, str]]:
    given = ["--port", "0", "--takes-s", str(takes_s), "--draws", "--bill", str(stage.bill)]
    command = [sys.executable, "-m", "tests.upstream", "openai", *given]
    from tale.supervisor import end_with_parent  # noqa: PLC0415

    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent()
    ) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            yield words[2], words[-1]
        finally:
            process.terminate()


def _furnish(stage: Stage, secret: str) -> None:
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from accounts import people  # noqa: PLC0415
    from tale import demo  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if not stage.on_postgres:
        (stage.home / "queue").mkdir()
    owner = people.create_user(
        email="owner@bench.test", password="seven green herons", name="Owner"
    )
    organisation = people.found_organisation(name="Bench", owner=owner)
    stage.organisation = organisation.pk
    demo.set_up_workspace(organisation)
    _models(organisation, stage, secret)
    _people(organisation, stage)


def boss(stage: Stage) -> Any:
    from accounts.actor import Actor  # noqa: PLC0415
    from accounts.models import Membership, Role  # noqa: PLC0415

    rows = Membership.objects.filter(organisation=stage.organisation, role=Role.OWNER)
    mine = rows.select_related("organisation", "user").get()
    return Actor(mine.organisation, mine.user, mine)


def _models(organisation: Any, stage: Stage, secret: str) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from providers import credentials  # noqa: PLC0415
    from providers.models import Model, ModelDefault, Price, Provider  # noqa: PLC0415
    from tale.lib import money  # noqa: PLC0415

    provider = Provider.objects.create(
        organisation=organisation,
        kind="openai",
        name="OpenAI",
        base_url=stage.base_url,
        reaches_private=True,
        timeout_s=20,
    )
    credentials.set_key(actor=boss(stage), provider=provider, secret=secret)
    draws = ["image-generation", "image-edit"]
    tags = {IMAGE_MODEL: draws, CHAT_MODEL: ["chat"], FLAT_MODEL: draws}
    for name, prices in PRICES.items():
        model = Model.objects.create(
            organisation=organisation,
            provider=provider,
            remote_id=name,
            name=name,
            tags=tags[name],
        )
        for tag in tags[name] if name != FLAT_MODEL else ():
            ModelDefault.objects.filter(organisation=organisation, tag=tag).update(model=model)
        for unit, dollars in prices.items():
            Price.objects.create(
                organisation=organisation,
                model=model,
                unit=unit,
                amount_micro=money.parse(dollars),
                currency=organisation.currency,
                valid_from=timezone.now(),
            )


def _people(organisation: Any, stage: Stage) -> None:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from accounts import keys, people  # noqa: PLC0415
    from accounts.actor import Actor  # noqa: PLC0415
    from accounts.auth import BACKEND  # noqa: PLC0415
    from accounts.models import Role  # noqa: PLC0415

    owner = boss(stage)
    teams = [people.save_team(actor=owner, name=f"Team {place}") for place in range(TEAMS)]
    for number in range(stage.number):
        email = f"person{number}@bench.test"
        user = people.create_user(email=email, password="seven green herons", name=f"P{number}")
        team = teams[number % TEAMS]
        mine = people.add_member(actor=owner, user=user, role=Role.MEMBER, team=team)
        _row, secret = keys.create(
            actor=Actor(organisation, user, mine),
            name="bench",
            scopes=("read", "chat", "images"),
            owner=mine,
            team=team,
            now=timezone.now(),
        )
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = BACKEND
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.set_expiry(timedelta(days=1))
        session.create()
        stage.people.append(Person(user.pk, secret, str(session.session_key)))
