"""What a person keeps, what it weighs, and how room is made where the storage is full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from assistants.models import Artifact
from policies import legal
from tests.flows.test_a_picture_in_a_chat import PROMPT, ask, work
from tests.people import actor_for
from tests.upstream.scripted import Script


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def two(office: Organisation, bob: User, as_: Any, script: Script) -> list[Artifact]:
    script.calls(PROMPT)
    script.says("Here they are.")
    work(ask(as_(bob), "two foxes please"))
    return list(Artifact.objects.of(office).filter(owner=bob).order_by("pk"))


def page_of(client: Any, path: str = "/pictures") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def test_it_works(two: list[Artifact], bob: User, lena: User, as_: Any) -> None:
    client, first = as_(bob), two[0]
    page = page_of(client)
    assert page.count("row kept") == 2
    assert f'hx-delete="/pictures/{first.pk}"' in page
    assert "My pictures" in page_of(client, "/profile")
    assert client.delete(f"/pictures/{first.pk}").status_code == 200
    assert client.get(f"/pictures/{first.pk}").status_code == 410
    assert page_of(client).count("row kept") == 1
    assert "Deleted" in page_of(client, f"/chats/{first.home}")
    assert "row kept" not in page_of(as_(lena))


def test_what_is_held_stays_and_says_so(
    two: list[Artifact], bob: User, alice: User, as_: Any
) -> None:
    client, first = as_(bob), two[0]
    legal.put(
        actor=actor_for(alice), scope="picture", subject=first.pk, reason="x", now=timezone.now()
    )
    answer = client.delete(f"/pictures/{first.pk}", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert "legal hold" in answer.content.decode()
    assert page_of(client).count("row kept") == 2


def test_the_no_of_a_full_storage_leads_there(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    Organisation.objects.filter(pk=office.pk).update(storage_mib=0, counts_generated=True)
    script.calls(PROMPT)
    script.says("There is no room.")
    client = as_(bob)
    turn = work(ask(client, "two foxes please"))
    page = page_of(client, f"/chats/{turn.chat_id}")
    card = page[page.index('class="refused"') :]
    assert 'data-error-code="storage_full"' in card
    assert 'href="/pictures"' in card[: card.index("</section>")]
    assert script.bill == []
