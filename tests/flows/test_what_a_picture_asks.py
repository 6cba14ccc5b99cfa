"""How often one picture asks the database. Each statement more is half a millisecond more for
everybody: see `picture` in docs/benchmarks.md before a number here is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from accounts.models import Organisation, Team, User
from assistants import images
from assistants.context import Context
from policies import access, guardrails, rules
from policies.models import BudgetRule, FeatureSwitch, Guardrail, ImagePolicy
from providers.models import Model
from providers.shapes import Wish
from tale.lib import child
from tale.lib.refusals import Refusal
from tests.assistants.hostile import encoded
from tests.people import actor_for
from tests.upstream.scripted import Script

# Under three caps. SQLite moves each counter by a statement of its own.
BEGINS = {"postgresql": 7, "sqlite": 10}
SENDS, LOOKS = 2, 1  # the key and the claim; whether it looks like a blocked picture
BOOKS = {"postgresql": 11, "sqlite": 14}
ON_ITS_WAY = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    child.start()
    yield
    child.stop()


@pytest.fixture
def office(
    acme: Organisation, dana: User, workspace: Callable[[Organisation], None]
) -> Organisation:
    """Under three caps, a limit of size, a switch and a guardrail."""
    workspace(acme)
    boss = actor_for(dana)
    for tighter, scope in enumerate(("organisation", "team", "user")):
        rule = BudgetRule(scope=scope, capability="image", limit=10**9 - tighter)
        rules.save(actor=boss, rule=rule, now=timezone.now())
    access.save(actor=boss, row=ImagePolicy(most_side=2048))
    access.save(actor=boss, row=FeatureSwitch(feature="surface:email"))
    guardrails.save(actor=boss, rule=Guardrail(name="No cats", terms=["cat"]))
    return acme


@pytest.fixture
def draw(office: Organisation, bob: User, script: Script) -> Callable[..., Any]:
    """A program's picture: in the chat the same wish would bring the same picture."""
    noise = Image.effect_noise((40, 30), 90).resize((300, 220), Image.Resampling.BICUBIC)
    script.sends = [encoded("PNG", noise)]
    team = Team.objects.of(office).first()
    model = Model.objects.of(office).get(remote_id="studio-image")
    actor = actor_for(bob).on("api")

    def drawn(key: str, prompt: str = "a fox") -> Any:
        context = Context(actor=actor, reference="test", team=team, image_model=model.pk)
        wish = Wish(prompt, size="1024x1024")
        return async_to_sync(images.generate)(wish=wish, context=context, idempotency_key=key)

    return drawn


def of(queries: CaptureQueriesContext) -> list[str]:
    said = [query["sql"] for query in queries.captured_queries]
    return [sql for sql in said if not sql.startswith(ON_ITS_WAY)]


def test_one_picture_asks_so_often_and_no_more(
    draw: Callable[..., Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        draw("first")  # what a process learns once for each edition of the rules
    draw("once more")  # that its provider works was written down
    with CaptureQueriesContext(connection) as queries:
        assert len(draw("second")) == 1
    asked = of(queries)
    most = BEGINS[connection.vendor] + SENDS + LOOKS + BOOKS[connection.vendor]
    assert len(asked) == most, "\n".join(sql[:150] for sql in asked)


def test_what_is_known_of_the_rules_ends_with_their_edition(
    draw: Callable[..., Any], office: Organisation, dana: User
) -> None:
    boss = actor_for(dana)
    assert len(draw("first")) == 1
    small = access.save(
        actor=boss, row=ImagePolicy(scope="team", subject=team_of(office), most_side=512)
    )
    with pytest.raises(Refusal) as refused:
        draw("second")
    assert refused.value.code == "out_of_range"
    access.delete(actor=boss, row=small)
    assert len(draw("third")) == 1
    guardrails.save(actor=boss, rule=Guardrail(name="No foxes", terms=["fox"]))
    with pytest.raises(Refusal) as refused:
        draw("fourth")
    assert refused.value.code == "content_policy"


def team_of(office: Organisation) -> str:
    team = Team.objects.of(office).first()
    assert team is not None
    return team.pk
