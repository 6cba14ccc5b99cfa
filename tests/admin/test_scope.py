"""An administrator of Acme meets nothing of Rival: in no list, form, choice, filter or answer."""

import json
import re
import secrets
from typing import Any

import pytest
from django.contrib.admin.utils import flatten_fieldsets
from django.test import Client
from django.utils import timezone

from accounts import people
from accounts.models import Invitation, Organisation, Role, User
from policies.models import BudgetRule
from providers.models import Model
from tale.admin import site
from tests.admin.conftest import CONTROLS, SignIn, at, page_of, refused, team_form
from tests.people import actor_for, membership_of, owner_of

LISTS = [model._meta.label_lower for model in site._registry if model is not User]
ROWS = [name for name in LISTS if name != "accounts.organisation"]  # that list is a form
FORMS = [name for name in LISTS if name != "accounts.auditline"]
PASSING = re.compile(
    r'req_\w+|name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"|name="next" value="[^"]*"'
)
Rows = dict[str, Any]


@pytest.fixture
def client(dana: User, as_: SignIn, ours: Rows, theirs: Rows) -> Client:
    return as_(dana)


def visible(row: Any) -> str:
    """What a list or a form would show of a row, and of no other."""
    return str(getattr(row, "username", None) or row.pk)


def test_a_list_shows_own_rows_only(client: Client, ours: Rows, theirs: Rows) -> None:
    for name in ROWS:
        answer = client.get(at(name))
        assert answer.status_code == 200, name
        found = {row.pk for row in answer.context["cl"].result_list}
        assert ours[name].pk in found, name
        assert theirs[name].pk not in found, name


def test_the_settings_lead_to_ones_own(client: Client, acme: Organisation) -> None:
    answer = client.get(at("accounts.organisation"))
    assert answer.headers["Location"] == at("accounts.organisation", "change", acme)


@pytest.mark.parametrize("view", ["change", "history"])
def test_foreign_and_random_ids_are_the_same_404(
    client: Client, ours: Rows, theirs: Rows, view: str
) -> None:
    for name in LISTS:
        foreign = theirs[name].pk
        assert client.get(at(name, view, ours[name])).status_code == 200, name
        random = 9**9 if isinstance(foreign, int) else f"{foreign[:5]}{secrets.token_hex(12)}"
        answers = [client.get(at(name, view, pk)) for pk in (foreign, random, "no id at all")]
        assert {refused(answer) for answer in answers} == {(404, "not_found")}, name
        assert len({_without_ids(answer) for answer in answers}) == 1, name


@pytest.mark.parametrize("name", ["accounts.team", "policies.budgetrule", "providers.provider"])
def test_a_deleted_row_is_a_404_too(client: Client, ours: Rows, theirs: Rows, name: str) -> None:
    gone = ours[name].pk
    type(ours[name]).objects.of(ours["accounts.organisation"]).filter(pk=gone).delete()
    deleted, foreign = (client.get(at(name, "change", pk)) for pk in (gone, theirs[name].pk))
    assert refused(deleted) == refused(foreign) == (404, "not_found")
    assert _without_ids(deleted) == _without_ids(foreign)


def test_a_foreign_row_is_not_changed(client: Client, theirs: Rows) -> None:
    for name in FORMS:
        before = _columns(theirs[name])
        for page in ("change", "delete"):
            answer = client.post(at(name, page, theirs[name]), {"name": "Taken", "post": "yes"})
            assert answer.status_code in (403, 404), name
        assert _columns(theirs[name]) == before, name


def test_no_page_shows_anything_foreign(client: Client, ours: Rows, theirs: Rows) -> None:
    """Choices, names, ids: whatever of the other organisation could stand on a page."""
    addresses = ["/admin/", "/admin/analytics/top-models/", "/admin/system/"]
    for name in LISTS:
        addresses += [at(name), at(name, "add")]
        addresses += [at(name, page, ours[name]) for page in ("change", "history", "delete")]
    for address in addresses:
        text = page_of(client.get(address))
        assert "Rivals" not in text, address
        for row in theirs.values():
            assert isinstance(row.pk, int) or str(row.pk) not in text, address


class TestPostedChoices:
    """The id of another organisation's row inside a body, and its lawful twin."""

    def test_person_of_a_team(self, client: Client, bob: User, charlie: User, ours: Rows) -> None:
        team = ours["accounts.team"]
        stranger, mate = membership_of(charlie), membership_of(bob)
        no = client.post(
            at("accounts.team", "change", team), team_form(team, {"membership": stranger.pk})
        )
        assert refused(no) == (400, "invalid_choice")
        assert "membership" in no.context["inline_admin_formsets"][0].formset.errors[0]
        assert not team.members.filter(team=team).exists()
        yes = client.post(
            at("accounts.team", "change", team), team_form(team, {"membership": mate.pk})
        )
        assert yes.status_code == 302
        assert team.members.filter(team=team).get().membership == mate

    def test_team_of_an_invitation(self, client: Client, ours: Rows, theirs: Rows) -> None:
        form = {"email": "eve@acme.test", "role": "member", **CONTROLS}
        foreign = form | {"team": theirs["accounts.team"].pk}
        no = client.post(at("accounts.invitation", "add"), foreign)
        assert "team" in no.context["adminform"].form.errors
        yes = client.post(
            at("accounts.invitation", "add"), form | {"team": ours["accounts.team"].pk}
        )
        assert yes.status_code == 302
        sent = Invitation.objects.of(ours["accounts.organisation"]).get(email="eve@acme.test")
        assert sent.team == ours["accounts.team"]

    def test_primary_team_of_a_member(self, client: Client, bob: User, theirs: Rows) -> None:
        member = membership_of(bob)
        form = {"role": "member", "primary_team": theirs["accounts.team"].pk, **CONTROLS}
        no = client.post(at("accounts.membership", "change", member), form)
        assert "primary_team" in no.context["adminform"].form.errors

    def test_provider_of_a_model(self, client: Client, ours: Rows, theirs: Rows) -> None:
        form = {"remote_id": "x", "name": "X", "capabilities": "{}", "tags": ["chat"]}
        form |= {**CONTROLS, **_no_prices()}
        add = at("providers.model", "add")
        no = client.post(add, form | {"provider": theirs["providers.provider"].pk})
        assert "provider" in no.context["adminform"].form.errors
        yes = client.post(add, form | {"provider": ours["providers.provider"].pk})
        assert yes.status_code == 302
        assert Model.objects.of(ours["accounts.organisation"]).filter(remote_id="x").exists()

    @pytest.mark.parametrize("kind", ["team", "assistant", "key", "person"])
    def test_subject_of_a_rule(self, client: Client, ours: Rows, theirs: Rows, kind: str) -> None:
        names = {
            "team": "accounts.team",
            "assistant": "assistants.assistant",
            "key": "accounts.apikey",
            "person": "accounts.membership",
        }
        scope = "user" if kind == "person" else kind
        form = {
            "scope": scope,
            "capability": "image",
            "measure": "money",
            "limit": "2.50",
            "period": "day",
            "action": "block",
            "warn_percent": "80",
            "is_enabled": "on",
            **CONTROLS,
        }
        no = client.post(at("policies.budgetrule", "add"), form | {kind: theirs[names[kind]].pk})
        assert kind in no.context["adminform"].form.errors
        yes = client.post(at("policies.budgetrule", "add"), form | {kind: ours[names[kind]].pk})
        assert yes.status_code == 302
        rule = BudgetRule.objects.of(ours["accounts.organisation"]).get(scope=scope, period="day")
        assert rule.limit == 2_500_000
        assert rule.subject

    def test_teams_of_an_assistant(self, client: Client, ours: Rows, theirs: Rows) -> None:
        form = {"name": "Poet II", "description": "", "instructions": "", "note": "", **CONTROLS}
        no = client.post(
            at("assistants.assistant", "add"), form | {"teams": [theirs["accounts.team"].pk]}
        )
        assert "teams" in no.context["adminform"].form.errors


class TestAutocomplete:
    def ask(self, client: Client, **asked: str) -> Any:
        named = {"app_label": "accounts", "model_name": "teammember", "field_name": "membership"}
        return client.get("/admin/autocomplete/", named | asked)

    def test_it_answers_own_people(self, client: Client, bob: User, charlie: User) -> None:
        found = self.ask(client).json()["results"]
        assert membership_of(bob).pk in {row["id"] for row in found}
        assert membership_of(charlie).pk not in {row["id"] for row in found}

    @pytest.mark.parametrize("term", ["charlie", "rival", "@"])
    def test_no_term_finds_a_stranger(self, client: Client, term: str, charlie: User) -> None:
        assert membership_of(charlie).pk not in json.dumps(self.ask(client, term=term).json())

    def test_who_was_switched_off_is_not_offered(
        self, client: Client, dana: User, bob: User
    ) -> None:
        people.deactivate(actor=actor_for(dana), membership=membership_of(bob), now=timezone.now())
        assert self.ask(client, term="bob").json()["results"] == []

    @pytest.mark.parametrize(
        ("model", "field"),
        [("chat", "owner"), ("apikey", "secret_hash"), ("nothing", "x"), ("apikey", "nothing")],
    )
    def test_it_is_no_way_to_other_tables(self, client: Client, model: str, field: str) -> None:
        app = "chats" if model == "chat" else "accounts"
        answer = self.ask(client, app_label=app, model_name=model, field_name=field)
        assert refused(answer) == (403, "forbidden")


class TestAskingByAddress:
    """Filters are asked for by name; nothing else of a row can be felt for from outside."""

    @pytest.mark.parametrize(
        ("name", "lookup"),
        [
            ("accounts.apikey", "secret_hash__startswith"),
            ("accounts.apikey", "prefix__startswith"),
            ("accounts.apikey", "organisation__name"),
            ("accounts.membership", "user__password__startswith"),
            ("accounts.membership", "user__memberships__organisation__name"),
            ("accounts.invitation", "secret_hash__startswith"),
            ("accounts.team", "organisation"),
            ("accounts.auditline", "detail__data__before__x"),
            ("providers.provider", "credential__startswith"),
            ("chats.chat", "title__startswith"),
            ("chats.chat", "turns__messages__content__contains"),
            ("axes.accessattempt", "post_data__contains"),
            ("policies.entry", "chain"),
            ("policies.budgetrule", "organisation__name"),
        ],
    )
    def test_a_lookup_that_is_no_filter_is_refused(
        self, client: Client, name: str, lookup: str
    ) -> None:
        assert refused(client.get(at(name), {lookup: "a"})) == (400, "lookup_not_allowed")

    def test_to_field_names_the_key_alone(self, client: Client, ours: Rows) -> None:
        for name in FORMS:
            address = at(name, "change", ours[name])
            answer = client.get(address, {"_to_field": "organisation"})
            assert refused(answer) == (400, "lookup_not_allowed"), name

    @pytest.mark.parametrize(
        ("name", "filter_name", "other"),
        [
            ("accounts.membership", "teams__team", "accounts.team"),
            ("accounts.apikey", "team", "accounts.team"),
            ("accounts.apikey", "owner", "accounts.membership"),
            ("providers.model", "provider", "providers.provider"),
            ("chats.chat", "assistant", "assistants.assistant"),
            ("accounts.auditline", "who", "accounts.membership"),
        ],
    )
    def test_a_filter_offers_and_finds_own_rows(
        self, client: Client, ours: Rows, theirs: Rows, name: str, filter_name: str, other: str
    ) -> None:
        specs = client.get(at(name)).context["cl"].filter_specs
        spec = next(spec for spec in specs if filter_name in spec.names)
        offered = {value for value, _label in spec.lookups()}
        assert ours[other].pk in offered
        assert theirs[other].pk not in offered
        found = client.get(at(name), {filter_name: theirs[other].pk}).context["cl"].result_list
        assert list(found) == []

    def test_no_search_finds_a_foreign_row(self, client: Client, theirs: Rows) -> None:
        for name in ROWS:
            for term in ("rival", "charlie", visible(theirs[name])):
                shown = client.get(at(name), {"q": term}).context["cl"]
                assert theirs[name].pk not in {row.pk for row in shown.result_list}, name

    def test_search_finds_ones_own(self, client: Client, ours: Rows) -> None:
        found = client.get(at("accounts.membership"), {"q": "alice"}).context["cl"].result_list
        assert [row.pk for row in found] == [ours["accounts.membership"].pk]


class TestListActions:
    @pytest.mark.parametrize(
        ("name", "action"),
        [
            ("accounts.membership", "switch_off"),
            ("accounts.apikey", "revoke_chosen"),
            ("accounts.invitation", "revoke_chosen"),
            ("axes.accessattempt", "release"),
        ],
    )
    def test_a_foreign_id_among_ones_own_stops_all(
        self, client: Client, ours: Rows, theirs: Rows, name: str, action: str
    ) -> None:
        before = _columns(theirs[name]), _columns(ours[name])
        chosen = [ours[name].pk, theirs[name].pk]
        answer = client.post(at(name), {"action": action, "_selected_action": chosen, "index": "0"})
        assert refused(answer) == (404, "not_found")
        assert (_columns(theirs[name]), _columns(ours[name])) == before

    def test_nothing_is_deleted_past_the_domain(self, client: Client, ours: Rows) -> None:
        for name in ROWS:
            chosen = {"_selected_action": [ours[name].pk], "post": "yes"}
            answer = client.post(at(name), {"action": "delete_selected", **chosen})
            assert refused(answer) == (403, "forbidden"), name
            assert _columns(ours[name]), name


class TestOperator:
    """Sees every organisation, and changes the one they switched to."""

    def test_every_list_shows_all(
        self, operator: User, as_: SignIn, ours: Rows, theirs: Rows
    ) -> None:
        client = as_(operator)
        for name in LISTS:
            shown = client.get(at(name)).context["cl"].result_list
            assert {ours[name].pk, theirs[name].pk} <= {row.pk for row in shown}, name

    def test_the_list_can_be_narrowed_to_one(
        self, operator: User, as_: SignIn, rival: Organisation, ours: Rows, theirs: Rows
    ) -> None:
        answer = as_(operator).get(at("accounts.team"), {"of": rival.pk})
        assert [row.pk for row in answer.context["cl"].result_list] == [theirs["accounts.team"].pk]

    def test_a_row_elsewhere_is_read_not_changed(
        self, operator: User, as_: SignIn, acme: Organisation, theirs: Rows
    ) -> None:
        client = as_(operator, acme)
        address = at("accounts.team", "change", theirs["accounts.team"])
        answer = client.get(address)
        assert answer.context["elsewhere"] == theirs["accounts.organisation"].pk
        assert "_save" not in page_of(answer)
        sent = team_form(theirs["accounts.team"], name="Taken")
        assert refused(client.post(address, sent)) == (403, "forbidden")

    def test_after_switching_it_is_changed_and_told_there(
        self, operator: User, as_: SignIn, theirs: Rows
    ) -> None:
        team = theirs["accounts.team"]
        client = as_(operator)
        back = at("accounts.team", "change", team)
        sent = {"organisation": theirs["accounts.organisation"].pk, "next": back}
        assert client.post("/organisations/switch", sent).headers["Location"] == back
        assert client.post(back, team_form(team, name="Renamed")).status_code == 302
        team.refresh_from_db()
        assert team.name == "Renamed"

    def test_choices_are_those_of_the_one_they_are_in(
        self, operator: User, as_: SignIn, acme: Organisation, ours: Rows, theirs: Rows
    ) -> None:
        asked = {"app_label": "accounts", "model_name": "apikey", "field_name": "team"}
        found = as_(operator, acme).get("/admin/autocomplete/", asked).json()["results"]
        assert {row["id"] for row in found} == {ours["accounts.team"].pk}
        assert as_(operator).get("/admin/autocomplete/", asked).json()["results"] == []


def test_two_organisations_one_person(
    acme: Organisation, rival: Organisation, dana: User, as_: SignIn, ours: Rows, theirs: Rows
) -> None:
    """The session says which one is governed, whatever else the person may do."""
    people.add_member(actor=actor_for(owner_of(rival)), user=dana, role=Role.ADMIN)
    for organisation, mine, other in ((acme, ours, theirs), (rival, theirs, ours)):
        found = as_(dana, organisation).get(at("accounts.team")).context["cl"].result_list
        pks = {row.pk for row in found}
        assert mine["accounts.team"].pk in pks
        assert other["accounts.team"].pk not in pks


def test_a_right_in_one_is_no_right_in_the_other(
    acme: Organisation, rival: Organisation, dana: User, as_: SignIn
) -> None:
    people.add_member(actor=actor_for(owner_of(rival)), user=dana, role=Role.MEMBER)
    assert as_(dana, acme).get("/admin/").status_code == 200
    assert refused(as_(dana, rival).get("/admin/")) == (403, "forbidden")


def test_every_field_of_a_form_is_meant(operator: User, acme: Organisation, ours: Rows) -> None:
    """No list shows a secret or an internal column, not even to the operator."""
    hidden = {"secret_hash", "credential", "password", "post_data", "get_data", "title"}
    for model, rows in site._registry.items():
        shown = {*rows.list_display, *rows.search_fields, *(rows.fields or ())}
        if rows.fieldsets:
            shown |= set(flatten_fieldsets(rows.fieldsets))
        assert not hidden & shown, model


def _columns(row: Any) -> Any:
    return type(row)._base_manager.filter(pk=row.pk).values().first()


def _without_ids(answer: Any) -> str:
    """A request id and tokens differ from answer to answer, and the way back names what was
    asked for."""
    return PASSING.sub("", page_of(answer))


def _no_prices() -> dict[str, str]:
    return {
        "prices-TOTAL_FORMS": "0",
        "prices-INITIAL_FORMS": "0",
        "prices-MIN_NUM_FORMS": "0",
        "prices-MAX_NUM_FORMS": "1000",
    }
