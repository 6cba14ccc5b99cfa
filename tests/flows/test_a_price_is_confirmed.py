"""Above an amount somebody says yes to the price first: a person at a button, a program in its
request, and never the model."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import F, Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditLine, Organisation, User
from assistants import artifacts, beginning, trials
from assistants.context import Context
from assistants.models import ImageJob, Trial
from chats import answering
from chats.models import Message, Turn
from policies import access, rules
from policies.models import BudgetRule, Entry, Hold, ImagePolicy
from providers.errors import NotBilled
from providers.models import Fallback, Model, Price
from providers.shapes import Wish
from tale.lib.refusals import Refusal
from tests.people import Program, actor_for
from tests.upstream.scripted import Script

TWO = '{"prompt": "a fox in the snow", "n": 2}'
WISH = {"prompt": "a fox in the snow", "n": 2}
YES = "X-Confirm-Amount"


@pytest.fixture
def office(
    acme: Organisation, dana: User, workspace: Callable[[Organisation], None]
) -> Organisation:
    """Where a picture costs 0.04, and no more than that without a yes."""
    workspace(acme)
    access.save(actor=actor_for(dana), row=ImagePolicy(confirm_above_micro=40_000))
    return acme


def draw(api: Any, key: Any, yes: str = "", **more: Any) -> Any:
    headers = {YES: yes} if yes else {}
    return api(key).post("/openai/v1/images/generations", WISH | more, headers=headers)


def work(turn: Turn) -> Turn:
    async_to_sync(answering.answer)(turn.pk)
    turn.refresh_from_db()
    return turn


def asked(client: Client, script: Script, arguments: str = TWO) -> Turn:
    script.calls(arguments)
    script.says("That needs a yes.")
    answer = client.post("/chats", {"text": "two foxes", "client_token": "token-0001"})
    return work(Turn.unscoped.get(chat_id=answer["Location"].rpartition("/")[2], number=1))


def card_of(turn: Turn) -> Message:
    return Message.objects.filter(turn=turn, role="tool").get()


def say_yes(client: Client, turn: Turn) -> Turn:
    answer = client.post(f"/messages/{card_of(turn).pk}/confirm")
    assert answer.status_code == 302, answer.content
    return Turn.objects.filter(chat=turn.chat).latest("number")


def drawn(office: Organisation) -> list[int]:
    entries = Entry.objects.of(office).filter(capability="image").order_by("seq")
    return list(entries.values_list("amount_micro", flat=True))


def test_a_program_says_it_in_its_request(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script
) -> None:
    key = key_for(bob)
    no = draw(api, key)
    error = no.json()["error"]
    assert (no.status_code, error["code"], error["param"]) == (422, "confirmation_required", YES)
    assert f"{YES}: 0.08" in error["message"]
    assert "0.04 EUR" in error["message"]
    assert draw(api, key, "0.079999").status_code == 422
    assert draw(api, key, "a lot").json()["error"]["code"] == "invalid_number"
    for row in (Hold, ImageJob, Entry):
        assert not row.objects.of(office).exists()
    assert not script.bill
    lines = AuditLine.objects.of(office).filter(action="picture.asked")
    assert set(lines.values_list("outcome", flat=True)) == {"confirmation_required"}
    assert draw(api, key, "0.08").status_code == 200
    assert draw(api, key, n=1).status_code == 200  # not above it
    assert drawn(office) == [40_000] * 3


def test_a_yes_is_no_money(
    office: Organisation, bob: User, dana: User, api: Any, key_for: Any
) -> None:
    """Who is asked for it gets the picture: what no budget admits is refused first."""
    rule = BudgetRule(scope="organisation", capability="image", limit=50_000)
    rules.save(actor=actor_for(dana), rule=rule, now=timezone.now())
    assert draw(api, key_for(bob)).json()["error"]["code"] == "insufficient_quota"
    assert draw(api, key_for(bob), "0.08").json()["error"]["code"] == "insufficient_quota"


def test_a_dearer_model_does_not_step_in_for_what_was_said_yes_to(
    office: Organisation, bob: User, api: Any, key_for: Any, script: Script
) -> None:
    first = Model.objects.of(office).get(remote_id="studio-image")
    other = Model.objects.get(organisation=office, pk=first.pk)
    other.pk, other.remote_id, other.name = Model._meta.pk.get_default(), "dear", "Dear"
    other.save(force_insert=True)
    for price in Price.objects.of(office).filter(model=first):
        price.pk, price.model = None, other
        price.amount_micro *= 10
        price.save(force_insert=True)
    Fallback.objects.create(organisation=office, tag="image-generation", model=other, position=1)
    script.broken = {"studio-image": NotBilled("provider_error")}
    assert draw(api, key_for(bob), "0.08").status_code == 502
    assert not script.bill
    assert draw(api, key_for(bob), "0.80").status_code == 200


def test_a_person_presses_the_button_of_the_card(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    client = as_(bob)
    turn = asked(client, script)
    page = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert 'data-error-code="confirmation_required"' in page
    assert "Make it for 0.08 EUR" in page
    assert "Say yes, or ask for fewer" in page
    assert page.count("confirmation_required") == 1  # a question pops up nowhere else
    assert drawn(office) == []
    script.says("There they are.")
    following = say_yes(client, turn)
    assert say_yes(client, turn).pk == following.pk  # a double click
    work(following)
    assert drawn(office) == [40_000, 40_000]
    page = client.get(f"/chats/{turn.chat_id}").content.decode()
    assert page.count('class="picture"') == 2
    assert f"/messages/{card_of(turn).pk}/confirm" not in page
    assert "Say yes, or ask for fewer" not in page
    assert script.asked[-1].messages[-3]["content"] == "Make it for 0.08 EUR"


def test_a_model_cannot_say_it(office: Organisation, bob: User, as_: Any, script: Script) -> None:
    """Not by arguments it makes up, and not once more for the price of the last yes."""
    client = as_(bob)
    wanted = TWO.replace("}", ', "confirmed_micro": 80000, "confirm_amount": "0.08", "yes": true}')
    turn = asked(client, script, wanted)
    assert card_of(turn).data["refusal"]["code"] == "confirmation_required"
    following = say_yes(client, turn)
    call = Message.objects.get(turn=following, role="assistant").data["calls"][0]["id"]
    script.calls('{"prompt": "another fox", "n": 2}', id=call)
    script.says("Sorry.")
    work(following)
    told = Message.objects.filter(turn=following, role="tool").order_by("position")
    assert [(each.data["refusal"] or {}).get("code") for each in told] == [
        None,
        "confirmation_required",
    ]
    assert drawn(office) == [40_000, 40_000]


def test_the_price_that_was_shown_is_the_one_that_is_agreed(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    client = as_(bob)
    turn = asked(client, script)
    prices = Price.objects.of(office).filter(unit="picture")
    prices.update(amount_micro=F("amount_micro") * 2)
    script.says("It has become dearer.")
    again = work(say_yes(client, turn))
    assert card_of(again).data["refusal"]["amount"] == "0.16"
    assert drawn(office) == []


def test_what_is_no_such_card_starts_nothing(
    office: Organisation, bob: User, lena: User, as_: Any, script: Script
) -> None:
    turn = asked(as_(bob), script, '{"prompt": "one fox"}')
    address = f"/messages/{card_of(turn).pk}/confirm"
    assert as_(bob).post(address)["X-Error-Code"] == "invalid_state"
    assert as_(lena).post(address).status_code == 404


def test_a_check_says_so_and_says_when_it_is_enough(
    office: Organisation, bob: User, api: Any, key_for: Any
) -> None:
    program = api(key_for(bob, "read", "images"))
    body = program.post("/api/v1/picture-checks", WISH).json()
    assert (body["allowed"], body["code"]) == (False, "confirmation_required")
    assert body["amount"] == "0.08"
    assert body["steps"][-1]["about"] == "confirmation"
    said = program.post("/api/v1/picture-checks", WISH | {"confirm_amount": "0.08"}).json()
    assert said["allowed"]


@pytest.fixture
def program(office: Organisation, bob: User, api: Any, key_for: Any) -> Program:
    made: Program = api(key_for(bob, "images"))
    return made


def charge(office: Organisation, prices: dict[str, int]) -> None:
    """What the model that draws costs from now on."""
    model = Model.objects.of(office).get(remote_id="studio-image")
    Price.objects.of(office).filter(model=model).delete()
    for unit, amount in prices.items():
        Price.objects.create(
            organisation=office,
            model=model,
            unit=unit,
            amount_micro=amount,
            currency=office.currency,
            valid_from=timezone.now(),
        )


def held(office: Organisation) -> int:
    total: int = Hold.objects.of(office).aggregate(held=Sum("amount_micro"))["held"]
    return total


def test_a_yes_to_what_the_check_says_is_enough(
    office: Organisation, program: Program, script: Script
) -> None:
    """Ten calls of one picture, each rounded up by itself."""
    script.able = {"pictures_per_call": 1, "flat_tokens": (("", 1000),)}
    charge(office, {"text_in": 1, "image_in": 0, "image_out": 5_000_300})
    wish = WISH | {"n": 10}
    amount = program.post("/api/v1/picture-checks", wish).json()["amount"]
    assert amount == "0.05001"
    less = str(Decimal(amount) - Decimal("0.000001"))
    said = [program.post("/api/v1/picture-checks", wish | {"confirm_amount": less}).json()]
    said += [program.post("/api/v1/picture-checks", wish | {"confirm_amount": amount}).json()]
    assert [each["allowed"] for each in said] == [False, True]
    address = "/openai/v1/images/generations"
    assert program.post(address, wish, headers={YES: less}).status_code == 422
    assert not Hold.objects.of(office).exists()
    assert program.post(address, wish, headers={YES: amount}).status_code == 200
    assert held(office) == Decimal(amount) * 1_000_000


rates = st.integers(0, 10**8)
by_token = st.fixed_dictionaries({"text_in": rates, "image_in": rates, "image_out": rates})
by_piece = st.fixed_dictionaries({"picture": st.integers(0, 10**6)})


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    prices=by_token | by_piece | st.builds(lambda one, two: one | two, by_token, by_piece),
    tokens=st.integers(1, 5000),
    n=st.integers(1, 10),
    more=st.integers(0, 9),
    at_once=st.integers(1, 10),
)
def test_what_is_shown_is_what_is_held(
    office: Organisation,
    bob: User,
    program: Program,
    script: Script,
    prices: dict[str, int],
    tokens: int,
    n: int,
    more: int,
    at_once: int,
) -> None:
    script.able = {
        "most_pictures": n + more,
        "pictures_per_call": at_once,
        "flat_tokens": (("", tokens),),
    }
    with transaction.atomic():
        charge(office, prices)
        wish = {"prompt": "a fox in the snow", "n": n}
        shown = program.post("/api/v1/picture-checks", wish).json()["amount"]
        amount = int(Decimal(shown) * 1_000_000)
        actor = actor_for(bob).on("api")

        def begin(yes: int) -> object:
            context = Context(actor=actor, reference="test", confirmed_micro=yes)
            none, now = artifacts.Named(), timezone.now()
            return beginning.begin(Wish(**wish), context, none, idempotency_key="key", now=now)

        if amount > 40_000:
            with pytest.raises(Refusal) as refused, transaction.atomic():
                begin(amount - 1)
            assert refused.value.code == "confirmation_required"
        assert begin(amount)
        assert held(office) == amount
        assert Hold.objects.of(office).count() == -(-n // at_once)
        transaction.set_rollback(True)


def test_a_test_picture_is_confirmed_by_its_button(
    office: Organisation, dana: User, as_: Any, script: Script
) -> None:
    ImagePolicy.objects.of(office).update(confirm_above_micro=10_000)
    model = Model.objects.of(office).get(remote_id="studio-image")
    client, address = as_(dana), reverse("admin:providers_model_trial", args=[model.pk])
    page = client.get(address).content.decode()
    assert "0.04 EUR" in page
    assert 'name="seen" value="40000"' in page
    sent = {"prompt": "a fox", "size": "auto", "quality": "auto", "token": "once"}
    unseen = client.post(address, sent)
    assert (unseen.status_code, unseen["X-Error-Code"]) == (422, "confirmation_required")
    assert client.post(address, sent | {"seen": "40000"}).status_code == 302
    async_to_sync(trials.draw)(Trial.objects.of(office).get().pk)
    assert drawn(office) == [40_000]
