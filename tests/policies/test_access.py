"""Rows take away: whoever they meet may less, nobody else, and another row never allows more."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import audit
from accounts.models import AuditLine, Organisation, User
from policies import access
from policies.models import FeatureSwitch, ImagePolicy, ModelAccess
from policies.spender import Spender
from tale.lib.refusals import Refusal
from tests.people import actor_for

MODELS = ("mod_a", "mod_b", "mod_c")
FEATURES = (access.IMAGE_GENERATION, access.IMAGE_EDIT, "surface:api", "tool:image_generation")
QUALITIES = ("", *ImagePolicy.Quality.values)
SCOPES = {"organisation": "", "team": "team_x", "assistant": "asst_x", "user": "who_x"}


@pytest.fixture
def bobs(acme: Organisation) -> Spender:
    return Spender(acme, user="who_x", team="team_x", assistant="asst_x")


def put(dana: User, row: Any) -> Any:
    return access.save(actor=actor_for(dana), row=row)


def test_it_works(acme: Organisation, dana: User, bobs: Spender) -> None:
    assert access.may(bobs, access.IMAGE_GENERATION).allowed
    row = put(dana, FeatureSwitch(feature=access.IMAGE_GENERATION, reason="Until July."))
    verdict = access.may(bobs, access.IMAGE_GENERATION)
    assert (verdict.allowed, verdict.code, verdict.by) == (False, "image_generation_off", row)
    assert "Until July." in verdict.reason
    assert row.set_by == audit.who(acme.pk, dana)
    assert AuditLine.objects.of(acme).filter(action="featureswitch.created").exists()
    access.delete(actor=actor_for(dana), row=row)
    assert access.may(bobs, access.IMAGE_GENERATION).allowed


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        (access.IMAGE_EDIT, "forbidden"),
        ("surface:api", "forbidden"),
        ("tool:image_generation", "tool_not_allowed"),
    ],
)
def test_each_no_has_its_code(dana: User, bobs: Spender, feature: str, code: str) -> None:
    put(dana, FeatureSwitch(feature=feature))
    with pytest.raises(Refusal) as no:
        access.may(bobs, feature).require()
    assert no.value.code == code


@pytest.mark.parametrize("scope", ["team", "assistant", "user"])
def test_it_meets_its_own_subject_alone(
    acme: Organisation, dana: User, bobs: Spender, scope: str
) -> None:
    put(dana, FeatureSwitch(feature="image_edit", scope=scope, subject=SCOPES[scope]))
    assert not access.may(bobs, "image_edit").allowed
    assert access.may(Spender(acme, user="who_y", team="team_y"), "image_edit").allowed


def test_one_of_another_organisation_meets_nobody_here(
    rival: Organisation, charlie: User, bobs: Spender
) -> None:
    access.save(actor=actor_for(charlie), row=FeatureSwitch(feature="image_edit"))
    assert access.may(bobs, "image_edit").allowed


def test_an_allow_list_is_one_of_its_scope_and_use(dana: User, bobs: Spender) -> None:
    put(dana, ModelAccess(effect="allow", capability="image", model="mod_a"))
    put(dana, ModelAccess(effect="allow", capability="image", model="mod_b"))
    narrower = {"scope": "user", "subject": "who_x", "effect": "allow"}
    put(dana, ModelAccess(capability="image", model="mod_b", **narrower))
    assert [access.permitted(bobs, "image")(model) for model in MODELS] == [False, True, False]
    assert all(map(access.permitted(bobs, "chat"), MODELS))
    put(dana, ModelAccess(model="mod_b"))
    assert not any(map(access.permitted(bobs, "image"), MODELS))


def test_the_strictest_policy_counts(dana: User, bobs: Spender) -> None:
    put(dana, ImagePolicy(most_side=1024, most_quality="high", allowed_models=["mod_a", "mod_b"]))
    team = {"scope": "team", "subject": "team_x"}
    put(dana, ImagePolicy(**team, most_side=2048, most_quality="low", allowed_models=["mod_b"]))
    limits = access.image_policy(bobs)
    assert [access.permitted(bobs, "image")(model) for model in MODELS] == [False, True, False]
    assert (limits.most_side.value, limits.most_side.by.scope) == (1024, "organisation")
    assert (limits.most_quality.value, limits.most_quality.by.scope) == ("low", "team")
    assert limits.quality("").allowed
    assert not limits.quality("auto").allowed
    assert limits.side(1025, 8).refusal.details["most"] == 1024


@pytest.mark.parametrize(
    "row",
    [
        FeatureSwitch(feature="image_edit", scope="user"),
        FeatureSwitch(feature="image_edit", subject="who_x"),
        ImagePolicy(scope="user", subject="who_x", most_pictures=1),
        ImagePolicy(),
        ImagePolicy(most_pictures=11),
        ImagePolicy(most_per_answer=0),
        ImagePolicy(most_per_answer=11),
        ImagePolicy(most_side=8),
        ModelAccess(model="mod_a", scope="galaxy"),
    ],
)
def test_what_makes_no_sense_is_not_kept(dana: User, row: Any) -> None:
    with pytest.raises(ValidationError):
        put(dana, row)


def test_a_member_sets_nothing(bob: User) -> None:
    with pytest.raises(Refusal) as no:
        put(bob, FeatureSwitch(feature="image_edit"))
    assert no.value.code == "forbidden"


scope = st.sampled_from(sorted(SCOPES))
where = scope.map(lambda name: {"scope": name, "subject": SCOPES[name]})
switches = st.builds(
    lambda at, feature: FeatureSwitch(feature=feature, **at), where, st.sampled_from(FEATURES)
)
denials = st.builds(
    lambda at, model, use: ModelAccess(model=model, capability=use, **at),
    where,
    st.sampled_from(MODELS),
    st.sampled_from(["any", "chat", "image"]),
)
policies = st.builds(
    lambda at, side, quality, n, answer, models: ImagePolicy(
        most_side=side,
        most_quality=quality,
        most_pictures=n,
        most_per_answer=answer,
        allowed_models=models,
        **at,
    ),
    where,
    st.none() | st.integers(64, 4096),
    st.sampled_from(QUALITIES),
    st.none() | st.integers(1, 10),
    st.none() | st.integers(1, 10),
    st.lists(st.sampled_from(MODELS), unique=True, max_size=3),
)


def allowed(spender: Spender) -> set[tuple[str, Any]]:
    """Everything the spender may do, of a small world."""
    limits = access.image_policy(spender)
    uses = ("chat", "image")
    return {
        *(("feature", name) for name in FEATURES if access.may(spender, name).allowed),
        *((use, name) for use in uses for name in MODELS if access.permitted(spender, use)(name)),
        *(("side", side) for side in (64, 512, 1024, 4096) if limits.side(side, 64).allowed),
        *(("n", n) for n in range(1, 11) if limits.pictures(n).allowed),
        *(("of 9", n) for n in range(1, 10) if limits.answer(n, drawn=1, most=9).allowed),
        *(("quality", name) for name in (*QUALITIES, "auto") if limits.quality(name).allowed),
    }


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(switches | denials | policies, max_size=8))
def test_another_restriction_never_allows_more(
    dana: User, acme: Organisation, bobs: Spender, rows: list[Any]
) -> None:
    stranger = Spender(acme, user="who_y", team="team_y", assistant="asst_y")
    with transaction.atomic():
        before = allowed(bobs)
        for row in rows:
            row.organisation = acme
            if row.scope == "user" and isinstance(row, ImagePolicy):
                continue
            type(row).objects.bulk_create([row], ignore_conflicts=True)
            now = allowed(bobs)
            assert now <= before
            assert now <= allowed(stranger)  # who is met by the organisation's rows alone
            before = now
        transaction.set_rollback(True)
