"""Legal holds, retention, and the engine that clears away many pictures at once."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.serializers import serialize
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import AuditLine, Organisation, User
from assistants import artifacts, deletion, lifetimes
from assistants.models import Artifact, DeletionProof, ImageJob
from chats import deletion as engine
from chats import tasks
from chats.models import Message
from policies import legal
from policies.models import LegalHold
from tale.lib.refusals import Refusal
from tests.flows.test_a_picture_in_a_chat import ask, work
from tests.people import actor_for
from tests.upstream.scripted import Script, png

SECRET = "a heron nobody may hear of"
SHOWS = "a heron at the water's edge"
CLEAR = "legal hold"


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def drawn(office: Organisation, bob: User, as_: Any, script: Script) -> list[Artifact]:
    script.sends = [png(64, 64)] * 2
    script.calls(json.dumps({"prompt": SECRET, "negative": SECRET, "n": 2}))
    script.says("Here they are.")
    work(ask(as_(bob), "two herons please"))
    return list(Artifact.objects.of(office).order_by("ordinal"))


def stored(office: Organisation, owner: User | None, **fields: Any) -> Artifact:
    """A picture without a past, for where many are needed."""
    content = f"{timezone.now().isoformat()} {Artifact.unscoped.count()}".encode()
    path = f"gen/{hashlib.sha256(content).hexdigest()}"
    artifacts.put(path, content)
    return Artifact.objects.create(
        organisation=office,
        owner=owner,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        media_type="image/png",
        width=8,
        height=8,
        **fields,
    )


def held(by: User, scope: str, subject: str) -> LegalHold:
    now = timezone.now()
    return legal.put(actor=actor_for(by), scope=scope, subject=subject, reason="Case 7", now=now)


def cleared(by: User, office: Organisation, **options: Any) -> engine.Told:
    return engine.run(
        query=Artifact.objects.of(office),
        actor=actor_for(by),
        now=timezone.now(),
        **{"reason": "admin", **options},
    )


class TestLegalHolds:
    def test_the_same_is_not_set_twice(
        self, office: Organisation, alice: User, dana: User, as_: Any
    ) -> None:
        picture = stored(office, dana)
        held(dana, "picture", picture.pk)
        said = {"scope": "picture", "picture": picture.pk, "reason": "Case 8"}
        answer = as_(alice).post("/admin/policies/legalhold/add/", said)
        assert (answer.status_code, answer["X-Error-Code"]) == (409, "already_exists")
        assert "under a legal hold already" in answer.rendered_content
        hold = LegalHold.objects.of(office).get()
        legal.release(actor=actor_for(alice), hold=hold, reason="Over.", now=timezone.now())
        assert held(dana, "picture", picture.pk).released_at is None

    @pytest.mark.parametrize("scope", LegalHold.Scope.values)
    def test_what_one_covers_stays_whoever_asks(
        self,
        office: Organisation,
        bob: User,
        dana: User,
        drawn: list[Artifact],
        as_: Any,
        api: Any,
        key_for: Any,
        scope: str,
    ) -> None:
        picture, other = drawn[0], stored(office, dana)
        subject = {"picture": picture.pk, "chat": picture.home}.get(scope)
        held(dana, scope, subject or audit.who(office.pk, bob))
        for who in (bob, dana):
            answer = as_(who).delete(f"/pictures/{picture.pk}", headers={"HX-Request": "true"})
            assert (answer.status_code, answer["X-Error-Code"]) == (403, "forbidden")
            assert CLEAR in answer.content.decode()
        program = api(key_for(dana, "read", "images", "admin"))
        answer = program.delete(f"/api/v1/pictures/{picture.pk}")
        assert (answer.status_code, CLEAR in answer.json()["error"]["message"]) == (403, True)
        told = cleared(dana, office)
        assert told.held == (1 if scope == "picture" else 2)
        picture.refresh_from_db()
        assert (picture.state, picture.prompt) == ("ready", SECRET)
        assert storages["default"].exists(picture.path)
        gone = set(DeletionProof.objects.of(office).values_list("artifact", flat=True))
        assert other.pk in gone
        assert picture.pk not in gone
        assert AuditLine.objects.of(office).filter(outcome="forbidden").exists()

    def test_it_takes_another_person_to_release_one(
        self, office: Organisation, alice: User, dana: User, erin: User, drawn: list[Artifact]
    ) -> None:
        hold, now = held(dana, "picture", drawn[0].pk), timezone.now()
        for who, reason in ((dana, "Over."), (erin, "Over."), (alice, " ")):
            with pytest.raises(Refusal) as refused:
                legal.release(actor=actor_for(who), hold=hold, reason=reason, now=now)
            assert refused.value.code == ("required" if who == alice else "forbidden")
        assert cleared(dana, office, dry_run=True).held == 1
        legal.release(actor=actor_for(alice), hold=hold, reason="Over.", now=now)
        assert cleared(dana, office).held == 0
        assert DeletionProof.objects.of(office).count() == 2
        with pytest.raises(Refusal, match="released before"):
            legal.release(actor=actor_for(alice), hold=hold, reason="Over.", now=now)
        done = AuditLine.objects.of(office).filter(action__startswith="legal_hold")
        assert [line.who for line in done.order_by("seq")] == [
            audit.who(office.pk, dana),
            audit.who(office.pk, alice),
        ]

    def test_the_database_wants_two_people_too(
        self, office: Organisation, dana: User, drawn: list[Artifact]
    ) -> None:
        hold = held(dana, "picture", drawn[0].pk)
        mine = LegalHold.objects.of(office).filter(pk=hold.pk)
        with pytest.raises(IntegrityError), transaction.atomic():
            mine.update(released_at=timezone.now(), released_by=hold.set_by)

    def test_anothers_covers_nothing_of_ours(
        self, office: Organisation, charlie: User, dana: User, drawn: list[Artifact]
    ) -> None:
        held(charlie, "picture", drawn[0].pk)
        held(charlie, "chat", drawn[0].home)
        assert cleared(dana, office).pictures == 2


class TestTheEngine:
    def test_a_dry_run_says_what_a_run_does_and_does_nothing(
        self, office: Organisation, bob: User, dana: User, drawn: list[Artifact], as_: Any
    ) -> None:
        before = serialize("json", Artifact.objects.of(office))
        told = cleared(dana, office, dry_run=True)
        assert serialize("json", Artifact.objects.of(office)) == before
        did = cleared(dana, office)
        assert (did.pictures, did.size_bytes) == (told.pictures, told.size_bytes)
        assert did.pictures == 2
        page = as_(bob).get(f"/chats/{drawn[0].home}").content.decode()
        assert page.count('class="gap"') == 2
        kinds = (Artifact, ImageJob, Message, DeletionProof)
        rows = [row for kind in kinds for row in kind.objects.of(office)]
        assert SECRET not in str(serialize("json", rows))
        proofs = DeletionProof.objects.of(office)
        assert {proof.artifact for proof in proofs} == {picture.pk for picture in drawn}
        assert {(proof.who, proof.reason) for proof in proofs} == {
            (audit.who(office.pk, dana), "admin")
        }
        assert not any(storages["default"].exists(picture.path) for picture in drawn)
        again = cleared(dana, office)
        assert (again.pictures, DeletionProof.objects.of(office).count()) == (0, 2)

    def test_who_dies_in_the_middle_runs_it_again(
        self, office: Organisation, dana: User, monkeypatch: Any
    ) -> None:
        rows = [stored(office, dana) for _ in range(5)]
        monkeypatch.setattr(engine, "BATCH", 2)
        finish, done = deletion.finish, []

        def dying(*, picture: Artifact, now: Any) -> Any:
            done.append(picture)
            if len(done) == 3:
                raise KeyboardInterrupt
            return finish(picture=picture, now=now)

        monkeypatch.setattr(deletion, "finish", dying)
        with pytest.raises(KeyboardInterrupt):
            cleared(dana, office)
        states = [row.state for row in Artifact.objects.of(office).order_by("pk")]
        assert states == ["deleted", "deleted", "deleting", "deleting", "ready"]
        assert cleared(dana, office).pictures == 1
        assert deletion.sweep(now=timezone.now()) == 2
        assert DeletionProof.objects.of(office).count() == len(rows)
        assert not any(storages["default"].exists(row.path) for row in rows)

    def test_it_asks_as_often_for_many_as_for_few(self, office: Organisation, dana: User) -> None:
        who, asked = actor_for(dana), []
        audit.who(office.pk, who.user)
        for number in (1, 3, 9):  # the first one makes what is made once
            rows = [stored(office, dana) for _ in range(number)]
            with CaptureQueriesContext(connection) as queries:
                deletion.begin_many(actor=who, pictures=rows, reason="admin", now=timezone.now())
            asked.append(len(queries))
        assert asked[1] == asked[2] < 18

    def test_a_foreign_query_finds_nothing(
        self, office: Organisation, rival: Organisation, charlie: User, dana: User
    ) -> None:
        theirs = stored(rival, charlie)
        told = engine.run(
            query=Artifact.objects.of(rival),
            actor=actor_for(dana),
            reason="admin",
            now=timezone.now(),
        )
        theirs.refresh_from_db()
        assert (told.pictures, theirs.state) == (0, "ready")


class TestRetention:
    def test_temporary_goes_on_its_day_and_kept_stays(
        self, office: Organisation, dana: User, erin: User
    ) -> None:
        now = timezone.now()
        short, long, plain = (stored(office, dana) for _ in range(3))
        day = now + timedelta(days=1)
        who = actor_for(dana)
        lifetimes.keep(actor=who, picture=short, retention="temporary", expires_at=day, now=now)
        lifetimes.keep(actor=who, picture=long, retention="kept", now=now)
        with pytest.raises(Refusal):
            lifetimes.keep(actor=actor_for(erin), picture=plain, retention="kept", now=now)
        assert engine.expire(now=now) == 0
        assert engine.expire(now=day) == 1
        assert DeletionProof.objects.of(office).get().reason == "retention"
        assert DeletionProof.objects.of(office).get().who == ""
        assert cleared(dana, office, reason="retention").pictures == 1  # the plain one
        long.refresh_from_db()
        assert long.state == "ready"
        assert cleared(dana, office, reason="erasure").pictures == 1

    def test_a_hold_outlasts_the_day(self, office: Organisation, alice: User, dana: User) -> None:
        over = timezone.now() - timedelta(days=1)
        picture = stored(office, dana, retention="temporary", expires_at=over)
        hold = held(dana, "picture", picture.pk)
        tasks.clear_away()
        picture.refresh_from_db()
        assert picture.state == "ready"
        legal.release(actor=actor_for(alice), hold=hold, reason="Over.", now=timezone.now())
        tasks.clear_away()
        picture.refresh_from_db()
        assert picture.state == "deleted"


def every_table() -> str:
    """The whole database, as who steals a backup reads it."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            told += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(told)


def test_after_twenty_pictures_the_database_has_no_bytes_and_no_word_of_those_deleted(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    client = as_(bob)
    script.sends = [png(64, 64)] * 10
    for number in range(2):
        prompt = f"{SECRET}, {number}"  # the same once more would show the same ten
        script.calls(json.dumps({"prompt": prompt, "n": 10, "alt": SHOWS}))
        script.says("Here they are.")
        work(ask(client, "ten herons please", f"token-000{number}"))
    rows = list(Artifact.objects.of(office).filter(state="ready"))
    assert len(rows) == 20
    stolen = every_table()
    assert stolen.count(SECRET) > 20
    for row in rows:
        content = row.get_bytes()
        assert b64encode(content)[:40].decode() not in stolen
        assert content[:40].hex() not in stolen
        assert repr(content)[2:60] not in stolen
    assert not re.search(r"[A-Za-z0-9+/]{400,}={0,2}", stolen)
    cleared(dana, office)
    stolen = every_table()
    assert SECRET not in stolen
    assert SHOWS not in stolen
    assert "ten herons please" in stolen  # the person's own words stay
