"""`manage.py catalogue`: what is published, and the models brought up to it."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditLine, Organisation
from providers import published
from providers.models import Model, Price, Provider


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("catalogue", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def model(acme: Organisation) -> Model:
    provider = Provider.objects.create(organisation=acme, kind="openai", name="OpenAI")
    return Model.objects.create(
        organisation=acme, provider=provider, remote_id="gpt-image-2", name="Two", tags=[]
    )


def test_it_works(model: Model, acme: Organisation, rival: Organisation) -> None:
    rate = ("--rate", "USD/EUR=0.86")
    assert f"Acme ({acme.pk}): would change 4" in run("apply", "--dry-run", *rate)
    assert not Price.objects.filter(model=model)
    assert f"Acme ({acme.pk}): changed 4" in run("apply", *rate)
    assert Price.objects.filter(model=model).count() == 4
    assert AuditLine.objects.of(acme).get(seq=acme_head(acme)).surface == "command"
    said = run("apply", *rate)
    assert f"Acme ({acme.pk}): changed 0" in said
    assert "Rival" in said


def acme_head(acme: Organisation) -> int:
    return AuditLine.objects.of(acme).order_by("-seq")[0].seq


def test_without_a_rate_it_says_what_is_missing(model: Model) -> None:
    said = run("apply")
    assert "needs --rate USD/EUR" in said
    assert not Price.objects.filter(model=model)


def test_one_organisation_only(model: Model, rival: Organisation) -> None:
    said = run("apply", "--organisation", rival.pk, "--rate", "USD/EUR=0.86")
    assert "Acme" not in said
    assert not Price.objects.filter(model=model)


def test_show(db: Any) -> None:
    said = run("show")
    assert "openai gpt-image-2: image-generation, image-edit" in said
    assert "openai dall-e-3: image-generation, retires 2026-05-12, then gpt-image-2" in said
    assert "image_out: 30.00 USD" in said
    assert "(2026-11-21)" in said


def test_a_newer_file(model: Model, tmp_path: Path) -> None:
    file = tmp_path / "newer.json"
    file.write_text(published.SHIPPED.read_text().replace('"amount": "30"', '"amount": "29"'))
    run("apply", "--file", str(file), "--rate", "USD/EUR=1")
    assert Price.objects.get(model=model, unit="image_out").amount_micro == 29_000_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "--organisation", "org_nobody"),
        ("apply", "--rate", "0.86"),
        ("apply", "--rate", "USD/EUR=cheap"),
        ("apply", "--file", "nowhere.json"),
        ("show", "--file", __file__),
        ("sell",),
    ],
)
def test_what_cannot_be_done_changes_nothing(model: Model, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
    assert not Price.objects.filter(model=model)
