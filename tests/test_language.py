"""German: whole, in step with the code, compiled, and spoken where it is asked for."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from accounts.models import Organisation, User
from chats import answering, cards
from chats.models import Turn
from policies import rules
from policies.models import BudgetRule
from providers.studio.wishes import understand
from tests.people import PASSWORD, actor_for
from tests.upstream.scripted import Script

ROOT = Path(settings.LOCALE_PATHS[0]).parent
CATALOGUE = Path("locale/de/LC_MESSAGES/django.po")
ELSEWHERE = (".*", "__pycache__", "var", "tests", "docs", "static", "*.sqlite3")
PLACES = re.compile(r"%\(\w+\)[sd]|%%\w?|\{\w*\}|</?\w[^>]*>|^\s|\s$")
GERMAN = {"Accept-Language": "de"}


class Message(NamedTuple):
    context: str
    texts: tuple[str, ...]  # one, and the plural if it has one
    german: tuple[str, ...]
    is_fuzzy: bool


def messages_in(catalogue: Path) -> list[Message]:
    blocks = catalogue.read_text().split("\n\n")[1:]
    return [message_of(block) for block in blocks if "\nmsgid " in block]


def message_of(block: str) -> Message:
    said: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line.startswith("msg"):
            name, _, line = line.partition(" ")
        if name and line.startswith('"'):
            said[name] = said.get(name, "") + literal_eval(line)

    def of(start: str) -> tuple[str, ...]:
        return tuple(text for name, text in said.items() if name.startswith(start))

    return Message(said.get("msgctxt", ""), of("msgid"), of("msgstr"), "\n#, fuzzy" in f"\n{block}")


def keys_of(messages: Iterable[Message]) -> set[tuple[str, tuple[str, ...]]]:
    return {(message.context, message.texts) for message in messages}


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext")
def test_the_catalogue_has_the_texts_of_the_code(tmp_path: Path) -> None:
    copy = tmp_path / "tale"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*ELSEWHERE))
    surroundings = os.environ | {"TALE_HOME": str(tmp_path)}
    command = [sys.executable, "manage.py", "makemessages", "-l", "de", "-v", "0"]
    subprocess.run(command, cwd=copy, env=surroundings, check=True)
    fresh, ours = keys_of(messages_in(copy / CATALOGUE)), keys_of(messages_in(ROOT / CATALOGUE))
    assert fresh == ours, "run: manage.py makemessages -l de"


def test_every_text_is_translated() -> None:
    found = messages_in(ROOT / CATALOGUE)
    assert len(found) > 800
    assert [message.texts for message in found if message.is_fuzzy] == []
    assert [message.texts for message in found if not all(message.german)] == []
    assert [message.texts for message in found if len(message.german) != len(message.texts)] == []


def test_a_translation_fills_the_same_places() -> None:
    def places(text: str) -> list[str]:
        return sorted(PLACES.findall(text))

    wrong = [
        (text, german)
        for message in messages_in(ROOT / CATALOGUE)
        for text, german in zip(message.texts, message.german, strict=True)
        if places(text) != places(german)
    ]
    assert wrong == []


def test_what_is_compiled_is_what_is_written() -> None:
    with (ROOT / CATALOGUE).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    def spoken(message: Message) -> tuple[str, ...]:
        text, *plural = message.texts
        if plural:
            return tuple(compiled.ngettext(text, plural[0], n) for n in (1, 2))
        if message.context:
            return (compiled.pgettext(message.context, text),)
        return (compiled.gettext(text),)

    messages = messages_in(ROOT / CATALOGUE)
    assert [message for message in messages if spoken(message) != message.german] == []


def page(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def in_german(client: Client) -> Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    return client


@pytest.mark.django_db
def test_the_door_speaks_the_language_of_the_browser() -> None:
    german, english = (
        page(Client(), "/accounts/login/", **{"Accept-Language": language})
        for language in ("de-AT,de;q=0.9,en;q=0.5", "fr")
    )
    assert '<html lang="de"' in german
    assert "Anmelden" in german
    assert "Sign in" not in german
    assert '<html lang="en"' in english
    assert "Sign in" in english


def test_signing_in_turns_to_ones_own_language(bob: User) -> None:
    bob.language = "de"
    bob.save(update_fields=["language"])
    client = Client(headers={"Accept-Language": "en"})
    client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    home = page(client, "/")
    assert '<html lang="de"' in home
    assert "Was soll entstehen?" in home
    assert "What shall we make?" not in home


def test_a_budget_says_no_in_german(
    acme: Organisation, workspace: Any, bob: User, dana: User, as_: Any, script: Script
) -> None:
    workspace(acme)
    limit = BudgetRule(scope="user", capability="image", limit=50_000, period="month")
    rules.save(actor=actor_for(dana), rule=limit, now=timezone.now())
    script.calls('{"prompt": "a fox in the snow", "n": 2}')
    script.says("Das Budget erlaubt es nicht.")
    client = in_german(as_(bob))
    asked = client.post("/chats", {"text": "zwei Füchse", "client_token": "token-0001"})
    chat = asked["Location"]
    turn = Turn.unscoped.get(chat_id=chat.rpartition("/")[2])
    async_to_sync(answering.answer)(turn.pk)
    shown = page(client, chat)
    assert 'data-error-code="budget_exceeded"' in shown
    assert "Nicht erzeugt: Ein Budget ist aufgebraucht" in shown
    assert "Ihr Budget für diesen Monat" in shown
    assert "0,00 EUR / 0,05 EUR" in shown
    refusal = turn.messages.get(turn=turn, role="tool").data["refusal"]
    with translation.override("de"):
        toast = cards.toast(refusal)
    assert "Ihr Budget für diesen Monat: 0,00 EUR verbraucht, Limit 0,05 EUR." in toast
    assert re.search(r"Es beginnt am \d+\. \w+ \d{4} neu\.", toast)


def test_the_admin_governs_in_german(acme: Organisation, dana: User, as_: Any) -> None:
    index = page(in_german(as_(dana)), "/admin/")
    assert 'lang="de"' in index
    for word in ("Übersicht", "Anbieter &amp; Modelle", "Regeln &amp; Limits", "Protokoll"):
        assert word in index
    assert "Overview" not in index
    members = page(in_german(as_(dana)), "/admin/accounts/membership/")
    for english in ("Select action", "Select record", "Type to search", ">Run<"):
        assert english not in members


def test_the_api_refuses_in_the_language_it_is_asked_in(bob: User, key_for: Any, api: Any) -> None:
    program = api(key_for(bob))
    english, german = (
        program.get("/api/v1/teams/team_unknown", headers=headers).json()["error"]
        for headers in ({}, GERMAN)
    )
    assert english["code"] == german["code"] == "not_found"
    assert english["message"].startswith("There is nothing here")
    assert german["message"].startswith("Hier ist nichts")


def test_an_invitation_is_in_the_language_of_the_organisation(
    acme: Organisation, dana: User, as_: Any, django_capture_on_commit_callbacks: Any
) -> None:
    acme.language = "de"
    acme.save(update_fields=["language"])
    form = {"email": "new@acme.test", "role": "member"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_(dana).post("/admin/accounts/invitation/add/", form)
    assert answer.status_code == 302
    (sent,) = mail.outbox
    assert sent.subject == "Einladung zu Acme auf Tale"
    assert "Öffnen Sie diesen Link" in str(sent.body)


def test_studio_understands_the_examples_in_both_languages(bob: User, as_: Any) -> None:
    def wishes(language: str) -> list[tuple[int | None, str, str] | None]:
        client = as_(bob)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        examples = re.findall(r'name="text" value="([^"]+)"', page(client, "/"))
        understood = [understand(text) for text in examples]
        return [wish and (wish.n, wish.size, wish.style) for wish in understood]

    german = wishes("de")
    assert [wish is None for wish in german] == [False, False, False, True]
    assert german == wishes("en")
