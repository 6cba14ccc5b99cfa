"""Which model wins, why the others do not, and who steps in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation
from providers import resolve
from providers.models import Alias, Fallback, Model, ModelDefault, Price, Provider, Tag
from tale.lib.refusals import Refusal

DRAWS = Tag.IMAGE_GENERATION
NOW = timezone.now()


def provider(
    organisation: Organisation, name: str, kind: str = "openai", **fields: Any
) -> Provider:
    return Provider.objects.create(organisation=organisation, name=name, kind=kind, **fields)


def model(of: Provider, remote_id: str, *tags: str, is_priced: bool = True, **fields: Any) -> Model:
    row = Model.objects.create(
        organisation=of.organisation,
        provider=of,
        remote_id=remote_id,
        name=remote_id,
        tags=list(tags or (DRAWS,)),
        **fields,
    )
    if is_priced:
        for unit in (Price.Unit.PICTURE, Price.Unit.TEXT_IN, Price.Unit.TEXT_OUT):
            Price.objects.create(
                organisation=of.organisation,
                model=row,
                unit=unit,
                amount_micro=40_000,
                currency=of.organisation.currency,
                valid_from=NOW - timedelta(days=1),
            )
    return row


def default(row: Model, *, of: Provider | None = None) -> None:
    ModelDefault.objects.create(organisation=row.organisation, tag=DRAWS, model=row, provider=of)


def fallback(row: Model, position: int) -> None:
    Fallback.objects.create(organisation=row.organisation, tag=DRAWS, model=row, position=position)


def refusal(organisation: Organisation, tag: str = DRAWS, **how: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        resolve.resolve(organisation, tag, now=NOW, **how)
    return refused.value


@pytest.fixture
def one(acme: Organisation) -> Provider:
    return provider(acme, "One")


@pytest.fixture
def two(acme: Organisation, one: Provider) -> Provider:
    return provider(acme, "Two", kind="google")


def test_it_works(acme: Organisation, one: Provider) -> None:
    row = model(one, "gpt-image-2")
    choice = resolve.resolve(acme, DRAWS)
    assert (choice.model, choice.reason) == (row, resolve.FIRST)


def test_each_wish_beats_the_next_one(acme: Organisation, one: Provider, two: Provider) -> None:
    first, of_two, of_all, mine, chats, named = (
        model(one, "first"),
        model(two, "of-two"),
        model(two, "of-all"),
        model(one, "mine"),
        model(one, "chats"),
        model(one, "named"),
    )
    found = [resolve.resolve(acme, DRAWS)]
    default(of_two, of=two)
    found.append(resolve.resolve(acme, DRAWS))
    default(of_all)
    found.append(resolve.resolve(acme, DRAWS))
    found.append(resolve.resolve(acme, DRAWS, preferred=mine))
    found.append(resolve.resolve(acme, DRAWS, preferred=mine, chosen="chats"))
    found.append(resolve.resolve(acme, DRAWS, preferred=mine, chosen="chats", asked="named"))
    assert [choice.model for choice in found] == [first, of_two, of_all, mine, chats, named]
    assert [choice.reason for choice in found] == [
        resolve.FIRST,
        resolve.PROVIDERS,
        resolve.DEFAULT,
        resolve.PREFERRED,
        resolve.CHOSEN,
        resolve.ASKED,
    ]
    assert [choice.is_asked for choice in found] == [False] * 5 + [True]


@pytest.mark.parametrize(
    "name",
    ["{pk}", "painter", "Two/paint/2", "google/paint/2", "paint/2"],
)
def test_a_model_has_many_names(acme: Organisation, two: Provider, name: str) -> None:
    row = model(two, "paint/2")
    Alias.objects.create(organisation=acme, name="painter", model=row)
    choice = resolve.resolve(acme, DRAWS, asked=name.format(pk=row.pk))
    assert choice.model == row


def test_openclaws_name_of_a_sign_in_is_openai(acme: Organisation, one: Provider) -> None:
    row = model(one, "gpt-image-2")
    assert resolve.resolve(acme, DRAWS, asked="openai-codex/gpt-image-2").model == row


def test_of_two_with_the_same_name_the_one_that_works(
    acme: Organisation, one: Provider, two: Provider
) -> None:
    model(one, "flux", is_priced=False)
    priced = model(two, "flux")
    assert resolve.resolve(acme, DRAWS, asked="flux").model == priced


def test_a_name_of_another_organisation_is_unknown(
    acme: Organisation, rival: Organisation, one: Provider
) -> None:
    model(one, "gpt-image-2")
    theirs = model(provider(rival, "One"), "secret-1")
    for name in (theirs.pk, "secret-1", "One/secret-1"):
        no = refusal(acme, asked=name)
        assert (no.code, no.field) == ("model_not_found", "model")


def spoil(row: Model, how: dict[str, Any]) -> None:
    for name, value in how.items():
        if name == "price":
            row.prices.filter(model=row).delete()
        elif name in ("rests_until", "off"):
            said = {"is_enabled": value} if name == "off" else {name: value, "failures": 5}
            Provider.objects.of(row.organisation).filter(pk=row.provider_id).update(**said)
        else:
            Model.objects.of(row.organisation).filter(pk=row.pk).update(**{name: value})


WRONG = [
    ({"tags": ["chat"]}, "unsupported_for_model"),
    ({"is_enabled": False}, "model_not_found"),
    ({"off": False}, "model_not_found"),
    ({"price": None}, "price_unknown"),
    ({"rests_until": NOW + timedelta(seconds=30)}, "provider_error"),
]


@pytest.mark.parametrize(("how", "code"), WRONG)
def test_what_cannot_be_used_is_passed_over(
    acme: Organisation, one: Provider, two: Provider, how: dict[str, Any], code: str
) -> None:
    spoiled, works = model(one, "spoiled"), model(two, "works")
    default(spoiled)
    spoil(spoiled, how)
    considered = resolve.why(acme, DRAWS, now=NOW)
    assert [(each.model, each.taken, each.code) for each in considered] == [
        (spoiled, False, code),
        (works, True, ""),
    ]
    assert resolve.resolve(acme, DRAWS, now=NOW).model == works


@pytest.mark.parametrize(("how", "code"), WRONG)
def test_what_was_asked_for_by_name_stands_for_nothing_else(
    acme: Organisation, one: Provider, two: Provider, how: dict[str, Any], code: str
) -> None:
    spoiled = model(one, "spoiled")
    model(two, "works")
    spoil(spoiled, how)
    no = refusal(acme, asked="spoiled")
    assert (no.code, no.field) == (code, "model")
    assert no.retry_after_s == (30 if "rests_until" in how else 0)


def test_a_rest_ends(acme: Organisation, one: Provider) -> None:
    row = model(one, "tired")
    spoil(row, {"rests_until": NOW - timedelta(seconds=1)})
    assert resolve.resolve(acme, DRAWS, asked="tired", now=NOW).model == row


def test_a_pause_it_asked_for_is_no_rest(acme: Organisation, one: Provider) -> None:
    row = model(one, "busy")
    spoil(row, {"rests_until": NOW + timedelta(seconds=9)})
    Provider.objects.of(acme).update(failures=0)
    assert resolve.resolve(acme, DRAWS, asked="busy", now=NOW).model == row


def test_who_may_not_use_a_model_gets_another(
    acme: Organisation, one: Provider, two: Provider
) -> None:
    dear, cheap = model(one, "dear"), model(two, "cheap")
    default(dear)

    def permitted(row: Model) -> bool:
        return row != dear

    assert resolve.resolve(acme, DRAWS, permitted=permitted).model == cheap
    assert refusal(acme, asked="dear", permitted=permitted).code == "model_not_allowed"


GONE = {"retires_on": date(2026, 10, 23), "replacement": "gpt-image-2"}


@pytest.mark.parametrize("where", ["asked", "chosen", "preferred"])
def test_whoever_chose_a_retired_model_hears_what_replaces_it(
    acme: Organisation, one: Provider, where: str
) -> None:
    gone = model(one, "gpt-image-1", **GONE)
    model(one, "gpt-image-2")
    how = {where: gone.remote_id}
    no = refusal(acme, **how)
    assert (no.code, no.field) == ("model_not_found", "model")
    assert str(no) == "gpt-image-1 was retired on 2026-10-23. Ask for gpt-image-2."
    assert not any(each.taken for each in resolve.why(acme, DRAWS, **how))


def test_a_retired_default_gives_way(acme: Organisation, one: Provider) -> None:
    default(model(one, "gpt-image-1", **GONE))
    lives = model(one, "gpt-image-2")
    assert resolve.resolve(acme, DRAWS).model == lives
    passed_over, taken = sorted(resolve.why(acme, DRAWS), key=lambda each: each.taken)
    assert (passed_over.code, taken.model) == ("model_not_found", lives)


def test_a_retired_model_nobody_chose_is_passed_over(acme: Organisation, one: Provider) -> None:
    model(one, "gpt-image-1", **GONE)
    lives = model(one, "gpt-image-2", retires_on=NOW.date() + timedelta(days=1))
    assert resolve.resolve(acme, DRAWS, now=NOW).model == lives


def test_a_model_its_provider_no_longer_lists_is_gone(acme: Organisation, one: Provider) -> None:
    model(one, "lost", vanished_at=NOW)
    assert refusal(acme, asked="lost").code == "model_not_found"


def test_without_a_model_there_are_no_pictures(acme: Organisation, one: Provider) -> None:
    assert refusal(acme).code == "image_generation_unavailable"
    no = refusal(acme, demanded=True)
    assert no.code == "image_generation_unavailable"
    assert str(no) == (
        "Image generation internal tool requested but no image generation model configured"
    )
    assert refusal(acme, Tag.CHAT).code == "model_not_found"


def test_why_there_are_none_is_said(acme: Organisation, one: Provider) -> None:
    row = model(one, "off", is_enabled=False)
    no = refusal(acme)
    assert no.code == "image_generation_unavailable"
    assert "off is switched off" in str(no)
    spoil(row, {"is_enabled": True, "price": None})
    assert refusal(acme).code == "price_unknown"
    tired = model(provider(acme, "Three"), "tired")
    spoil(tired, {"rests_until": NOW + timedelta(seconds=9)})
    no = refusal(acme)
    assert (no.code, no.retry_after_s) == ("provider_error", 9)


def test_fallbacks_step_in_in_order_if_they_can(
    acme: Organisation, one: Provider, two: Provider
) -> None:
    best, second, third, mine, unpriced = (
        model(one, "best"),
        model(two, "second"),
        model(one, "third"),
        model(one, "mine"),
        model(one, "unpriced", is_priced=False),
    )
    for position, row in enumerate((unpriced, third, best, second)):
        fallback(row, position)
    choice = resolve.resolve(acme, DRAWS)
    links = resolve.chain(choice, acme, DRAWS)
    assert [link.model for link in links] == [best, third, second]
    links = resolve.chain(choice, acme, DRAWS, fallbacks=("One/mine", "nobody"))
    assert [link.model for link in links] == [best, mine, third, second]
    links = resolve.chain(choice, acme, DRAWS, permitted=lambda row: row != third)
    assert [link.model for link in links] == [best, second]


def test_nobody_steps_in_for_what_was_asked_for(acme: Organisation, one: Provider) -> None:
    model(one, "best")
    fallback(model(one, "second"), 0)
    choice = resolve.resolve(acme, DRAWS, asked="best")
    assert resolve.chain(choice, acme, DRAWS) == [choice]


def test_it_takes_four_queries(
    acme: Organisation, one: Provider, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        default_of = provider(acme, f"P{number}")
        default(model(default_of, f"m{number}"), of=default_of)
        fallback(model(one, f"n{number}"), number)
    choice = resolve.resolve(acme, DRAWS, chosen="m3", preferred="n1")
    resolve.resolve(acme, DRAWS, asked=choice.model.pk)  # from here on they are known
    with django_assert_max_num_queries(4):
        resolve.resolve(acme, DRAWS, chosen="m3", preferred="n1")
    with django_assert_max_num_queries(4):
        assert len(resolve.chain(choice, acme, DRAWS, fallbacks=("m4",))) == 7
    with django_assert_max_num_queries(2):
        resolve.resolve(acme, DRAWS, asked=choice.model.pk)


def test_what_an_admin_says_a_model_can_do_counts_more(acme: Organisation) -> None:
    studio = provider(acme, "Studio", kind="studio")
    row = model(studio, "studio-image", capabilities={"most_pictures": 2})
    able = resolve.Choice(row, "").capabilities
    assert (able.most_pictures, able.seed) == (2, True)
