"""What an administrator decides about money and tries out: holds in doubt, corrections, trials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from assistants import trials
from assistants.models import Artifact, ImageJob, Trial
from policies import access, rules
from policies.models import BudgetRule, Entry, FeatureSwitch, Hold, Window
from providers.models import Model
from tests.admin.conftest import SignIn, at, hold_for, page_of, refused, spend, told
from tests.people import actor_for
from tests.upstream.scripted import Script, png

WHY = {"reason": "Bill of November"}
Workspace = Callable[[Organisation], None]


@pytest.fixture
def rule(acme: Organisation, dana: User) -> BudgetRule:
    mine = BudgetRule(scope="organisation", capability="image", limit=1_000_000)
    return rules.save(actor=actor_for(dana), rule=mine, now=timezone.now())


@pytest.fixture
def doubt(acme: Organisation, bob: User, rule: BudgetRule) -> Hold:
    hold = hold_for(bob)
    job = ImageJob.objects.create(
        organisation=acme,
        idempotency_key="k",
        body_hash="",
        surface="web",
        wish={},
        state="unknown",
        hold=hold.pk,
    )
    later = timezone.now() + timedelta(hours=1)
    mine = Hold.objects.of(acme).filter(pk=hold.pk)
    mine.update(state="unknown", lease_until=later, reference=f"imagejob:{job.pk}")
    return mine.get()


def used(acme: Organisation) -> tuple[int, int]:
    window = Window.objects.of(acme).get()
    return window.reserved, window.settled


class TestDoubts:
    @pytest.mark.parametrize(
        ("deed", "state", "counted", "job"),
        [("book", "settled", (0, 40_000), "refused"), ("give_back", "released", (0, 0), "failed")],
    )
    def test_it_is_decided_once_with_a_reason(
        self,
        acme: Organisation,
        dana: User,
        erin: User,
        doubt: Hold,
        as_: SignIn,
        deed: str,
        state: str,
        counted: tuple[int, int],
        job: str,
    ) -> None:
        client, address = as_(dana), at("policies.hold", deed, doubt)
        assert used(acme) == (40_000, 0)
        assert refused(as_(erin).post(address, WHY)) == (403, "forbidden")
        assert refused(client.post(address, {"reason": " "})) == (400, "required")
        assert "0.04 EUR" in page_of(client.get(address))
        assert used(acme) == (40_000, 0)
        assert client.post(address, WHY).status_code == 302
        doubt.refresh_from_db()
        assert doubt.state == state
        assert used(acme) == counted
        assert ImageJob.objects.of(acme).get().state == job
        entries = [(entry.kind, entry.confidence) for entry in Entry.objects.of(acme)]
        assert entries == ([("presumed", "presumed")] if deed == "book" else [])
        line = told(acme, "hold.billed" if deed == "book" else "hold.given_back")
        assert line is not None
        assert line.detail.data["after"]["reason"] == WHY["reason"]
        for again in ("book", "give_back"):
            assert refused(client.post(at("policies.hold", again, doubt), WHY)) == (410, "gone")
        assert used(acme) == counted
        page = page_of(client.get(at("policies.hold", "change", doubt)))
        assert "give_back" not in page

    def test_the_provider_is_asked(
        self, acme: Organisation, dana: User, workspace: Workspace, doubt: Hold, as_: SignIn
    ) -> None:
        Hold.objects.of(acme).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert as_(dana).post(at("policies.hold", "ask_again", doubt)).status_code == 302
        line = told(acme, "hold.asked")
        assert line is not None
        assert line.detail.data["after"]["state"] == Hold.objects.of(acme).get().state

    def test_anothers_is_none(
        self, charlie: User, acme: Organisation, doubt: Hold, as_: SignIn
    ) -> None:
        for deed in ("book", "give_back", "ask_again"):
            assert refused(as_(charlie).post(at("policies.hold", deed, doubt), WHY))[0] == 404
        assert used(acme) == (40_000, 0)


class TestCorrections:
    def test_another_line_puts_it_right(
        self, acme: Organisation, dana: User, erin: User, bob: User, as_: SignIn
    ) -> None:
        entry, client = spend(bob), as_(dana)
        address = at("policies.entry", "correct", entry)
        back = {"what": "refund", "amount": "0.01", **WHY}
        assert refused(as_(erin).post(address, back)) == (403, "forbidden")
        assert "No more than 0.04 EUR" in page_of(client.post(address, back | {"amount": "0.05"}))
        for wrong in ({"amount": "0"}, {"amount": "x"}, {"reason": ""}):
            assert client.post(address, back | wrong).status_code == 400, wrong
        assert Entry.objects.of(acme).count() == 1
        assert client.post(address, back).status_code == 302
        assert client.post(address, back | {"what": "more", "amount": "0,02"}).status_code == 302
        lines = Entry.objects.of(acme).order_by("seq")
        assert [(line.kind, line.amount_micro) for line in lines] == [
            ("use", 40_000),
            ("refund", -10_000),
            ("adjustment", 20_000),
        ]
        page = page_of(client.get(address))
        assert "0.05 EUR" in page
        assert "studio-image · 0.04 EUR" in page
        shown = page_of(client.get(at("policies.entry", "change", entry)))
        assert all(word in shown for word in ("New picture", "Web", "Pictures"))
        assert AuditLine.objects.of(acme).filter(action="entry.corrected").count() == 2


class TestTrials:
    @pytest.fixture
    def model(self, acme: Organisation, workspace: Workspace) -> Model:
        workspace(acme)
        return next(model for model in Model.objects.of(acme) if "image-generation" in model.tags)

    def start(self, client: Any, model: Model, token: str = "once") -> Any:
        sent = {"prompt": "a fox", "size": "auto", "quality": "auto", "token": token}
        return client.post(at("providers.model", "trial", model), sent)

    def test_it_goes_the_way_of_every_picture(
        self, acme: Organisation, dana: User, model: Model, as_: SignIn, script: Script
    ) -> None:
        client = as_(dana)
        page = page_of(client.get(at("providers.model", "trial", model)))
        assert "at most" in page
        assert not Hold.objects.of(acme).exists()
        script.sends = [png(1024, 1024)]
        started = self.start(client, model)
        assert self.start(client, model)["Location"] == started["Location"]
        trial = Trial.objects.of(acme).get()
        assert 'hx-trigger="load delay:1s"' in page_of(client.get(started["Location"]))
        for _ in range(2):
            async_to_sync(trials.draw)(trial.pk)
        picture, entry = Artifact.objects.of(acme).get(), Entry.objects.of(acme).get()
        assert (entry.surface, entry.reference[:9]) == ("admin", "imagejob:")
        assert (picture.owner, picture.retention) == (dana, "temporary")
        page = page_of(client.get(started["Location"]))
        assert f"/pictures/{picture.pk}?variant=preview" in page
        assert "hx-trigger" not in page
        assert client.get(f"/pictures/{picture.pk}").status_code == 200
        client.post(at("assistants.artifact", "delete", picture), {"post": "yes"})
        trial.refresh_from_db()
        assert trial.prompt == ""

    def test_a_refusal_says_why(
        self, acme: Organisation, dana: User, model: Model, as_: SignIn, rule: BudgetRule
    ) -> None:
        client = as_(dana)
        access.save(
            actor=actor_for(dana),
            row=FeatureSwitch(feature="image_generation", reason="Until the audit is over."),
        )
        page = page_of(client.get(at("providers.model", "trial", model)))
        assert "It would be refused." in page
        assert "Until the audit is over." in page
        answer = self.start(client, model)
        async_to_sync(trials.draw)(Trial.objects.of(acme).get().pk)
        page = page_of(client.get(answer["Location"]))
        assert 'data-error-code="image_generation_off"' in page
        assert not Hold.objects.of(acme).exists()

    def test_a_dead_worker_does_not_pay_twice(
        self, acme: Organisation, dana: User, model: Model, as_: SignIn, script: Script
    ) -> None:
        script.sends = [png(1024, 1024)]
        self.start(as_(dana), model)
        trial = Trial.objects.of(acme).get()
        async_to_sync(trials.draw)(trial.pk)
        past = timezone.now() - timedelta(seconds=1)
        Trial.objects.of(acme).update(state="working", lease_until=past, job=None)
        async_to_sync(trials.draw)(trial.pk)
        assert Trial.objects.of(acme).get().state == "done"
        assert Entry.objects.of(acme).count() == Artifact.objects.of(acme).count() == 1

    def test_whoever_reads_only_makes_none(
        self, acme: Organisation, erin: User, charlie: User, model: Model, as_: SignIn
    ) -> None:
        assert refused(self.start(as_(erin), model)) == (403, "forbidden")
        assert self.start(as_(charlie), model).status_code == 404
        assert not Trial.objects.of(acme).exists()
