from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import audit
from accounts.models import Team, User
from policies import budgets, rules
from policies.models import BudgetRule, Entry
from policies.spender import Quote, Spender
from tale.lib import money
from tests.api.conftest import Caller, refused
from tests.people import actor_for, membership_of

Calls = Callable[..., Caller]
UNKNOWN = "rule_000000000000000000000000"


def limit(owner: User, text: str, **about: object) -> BudgetRule:
    rule = BudgetRule(**{"scope": "organisation", "limit": money.parse(text), **about})
    return rules.save(actor=actor_for(owner), rule=rule, now=timezone.now())


def spend(user: User, text: str, team: Team | None = None) -> None:
    quote = Quote(
        capability="image",
        operation="generate",
        provider="Studio",
        model="studio-image",
        amount_micro=money.parse(text),
        currency="EUR",
        pictures=1,
    )
    held = budgets.hold(
        spender=Spender.of(actor_for(user), team=team),
        quote=quote,
        reference="test",
        idempotency_key=f"{user.pk} {text}",
        now=timezone.now(),
        sent_for=timedelta(minutes=1),
    )
    line = {"amount_micro": quote.amount_micro, "pictures": 1}
    budgets.settle(hold=held, lines=[line], now=timezone.now())


def test_it_works(alice: User, bob: User, design: Team, erin: User, calls: Calls) -> None:
    whole = limit(alice, "20")
    counted = limit(alice, "0", scope="team", measure="pictures", action="warn")
    BudgetRule.objects.filter(organisation=whole.organisation, pk=counted.pk).update(limit=3)
    spend(bob, "16.5", design)
    erins = calls(erin)
    money_rule, picture_rule = erins.get("/budgets").json()["data"]
    assert (money_rule["limit"], money_rule["currency"]) == ("20.00", "EUR")
    (used,) = money_rule["windows"]
    assert (used["settled"], used["reserved"], used["percent"]) == ("16.50", "0.00", 82)
    assert (used["subject"], used["state"]) == ("organisation", "near")
    (used,) = picture_rule["windows"]
    assert (picture_rule["limit"], used["settled"], used["subject"]) == ("3", "1", design.pk)
    assert erins.get(f"/budgets/{whole.pk}").json() == money_rule


def test_the_ledger(alice: User, bob: User, design: Team, erin: User, calls: Calls) -> None:
    spend(bob, "0.04", design)
    spend(alice, "0.08")
    erins = calls(erin)
    first, second = reversed(erins.get("/entries").json()["data"])
    assert (first["amount"], first["currency"], first["pictures"]) == ("0.04", "EUR", 1)
    assert (first["member"], first["team"]) == (membership_of(bob).pk, design.pk)
    assert first["who"] == audit.who(design.organisation_id, bob)
    assert (second["member"], second["prev_hash"]) == (membership_of(alice).pk, first["hash"])
    by_team = erins.get(f"/entries?team={design.pk}&model=studio-image").json()["data"]
    assert by_team == [first]
    later = f"{timezone.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert erins.get(f"/entries?from={later}").json()["data"] == []
    assert len(erins.get(f"/entries?to={later}").json()["data"]) == 2
    assert erins.get("/entries?limit=1").json()["next_cursor"]


def test_others_have_their_own(charlie: User, erin: User, calls: Calls) -> None:
    theirs = limit(charlie, "5")
    spend(charlie, "1")
    erins = calls(erin)
    assert erins.get("/budgets").json()["data"] == []
    assert erins.get("/entries").json()["data"] == []
    for pk in (theirs.pk, UNKNOWN):
        assert refused(erins.get(f"/budgets/{pk}")) == (404, "not_found", None)
    assert Entry.objects.of(theirs.organisation).count() == 1


@pytest.mark.parametrize("path", ["/budgets", f"/budgets/{UNKNOWN}", "/entries"])
def test_a_member_does_not_read_them(bob: User, calls: Calls, path: str) -> None:
    assert refused(calls(bob).get(path)) == (403, "forbidden", None)


@pytest.mark.parametrize("path", ["/budgets", f"/budgets/{UNKNOWN}", "/entries"])
def test_nobody_writes_them_here(dana: User, calls: Calls, path: str) -> None:
    danas = calls(dana, "admin")
    for answer in (danas.post(path), danas.patch(path, {}), danas.delete(path)):
        assert refused(answer) == (405, "method_not_allowed", None)


def test_a_period_that_is_none(erin: User, calls: Calls) -> None:
    answer = calls(erin).get("/entries?from=2026-11-21T10:00:00Z&to=2026-11-20T10:00:00Z")
    assert refused(answer) == (400, "invalid_range", "from")
