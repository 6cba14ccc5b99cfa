"""Pictures in the admin: metadata for whoever governs, content for whoever says why."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from accounts import audit
from accounts.models import AuditLine, Organisation, User
from assistants import artifacts
from assistants.models import Artifact, DeletionProof
from policies import legal
from policies.models import LegalHold
from tale.lib.fields import new_id
from tests.admin.conftest import CONTROLS, SignIn, at, page_of, picture_of, refused, told
from tests.people import actor_for, membership_of

ALT, PROMPT = "SECRETALT", "SECRETPROMPT"
CONTENTS = "/admin/assistants/artifact/content/"
WHY = {"reason": "Complaint 12"}
DAY = timedelta(days=1)


@pytest.fixture
def picture(bob: User) -> Artifact:
    made = picture_of(bob, alt=ALT, prompt=PROMPT, revised_prompt=PROMPT, width=64, height=48)
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(drawn, "PNG")
    artifacts.put(made.path, drawn.getvalue())
    return made


def file_of(picture: Artifact) -> str:
    return at("assistants.artifact", "file", picture)


def is_covered(client: Client, picture: Artifact) -> bool:
    pages = [client.get(at("assistants.artifact")), client.get(f"{at('assistants.artifact')}?q=x")]
    pages += [
        client.get(at("assistants.artifact", page, picture)) for page in ("change", "history")
    ]
    text = "".join(map(page_of, pages))
    found = client.get(f"{at('assistants.artifact')}?q={PROMPT}").context["cl"].result_count
    return (ALT in text, PROMPT in text, found) == (False, False, 0) and refused(
        client.get(file_of(picture))
    ) == (403, "forbidden")


def test_one_that_a_key_made_outside_of_a_chat(
    acme: Organisation, dana: User, picture: Artifact, as_: SignIn, key_for: Any
) -> None:
    key = key_for(dana, owner=None).row
    Artifact.objects.of(acme).update(owner=None, key=key.pk)
    client = as_(dana)
    for page in (at("assistants.artifact"), at("assistants.artifact", "change", picture)):
        text = page_of(client.get(page))
        assert f">{key.name}<" in "".join(text.split("\n")).replace(" ", "")
        assert "Nobody" not in text
    assert "Until it is deleted: it has no chat" in page_of(client.get(at("assistants.artifact")))


class TestContent:
    def test_it_is_covered_until_somebody_says_why(
        self, acme: Organisation, dana: User, picture: Artifact, as_: SignIn
    ) -> None:
        client = as_(dana)
        assert is_covered(client, picture)
        assert picture.pk[:12] in page_of(client.get(at("assistants.artifact")))
        for nothing in ("", "   "):
            answer = client.post(CONTENTS, {"reason": nothing})
            assert (answer.status_code, answer["X-Error-Code"]) == (400, "required")
        assert is_covered(client, picture)
        assert client.post(CONTENTS, WHY).status_code == 302
        line = told(acme, "pictures.shown")
        assert line is not None
        assert line.detail.data["after"] == WHY
        assert ALT in page_of(client.get(at("assistants.artifact")))
        assert PROMPT in page_of(client.get(at("assistants.artifact", "change", picture)))
        assert client.get(f"{at('assistants.artifact')}?q={PROMPT}").context["cl"].result_count == 1
        shown = client.get(file_of(picture))
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
        assert "sandbox" in shown["Content-Security-Policy"]
        client.post("/admin/assistants/artifact/content/hide/")
        assert is_covered(client, picture)

    def test_one_alone(self, dana: User, bob: User, picture: Artifact, as_: SignIn) -> None:
        client, other = as_(dana), picture_of(bob, alt=ALT, prompt=PROMPT)
        client.post(at("assistants.artifact", "content", picture), WHY)
        assert client.get(file_of(picture)).status_code == 200
        assert is_covered(client, other) is False  # the list shows the one
        assert client.get(file_of(other)).status_code == 403
        assert ALT not in page_of(client.get(at("assistants.artifact", "change", other)))

    def test_an_hour_later_it_is_covered_again(
        self, dana: User, picture: Artifact, as_: SignIn, time_machine: Any
    ) -> None:
        client = as_(dana)
        client.post(CONTENTS, WHY)
        assert client.get(file_of(picture)).status_code == 200
        time_machine.move_to(timezone.now() + timedelta(minutes=16))
        assert is_covered(client, picture)

    def test_an_auditor_reads_what_is_no_content(
        self, erin: User, picture: Artifact, as_: SignIn
    ) -> None:
        client = as_(erin)
        assert is_covered(client, picture)
        assert client.post(CONTENTS, WHY).status_code == 403
        page = page_of(client.get(at("assistants.artifact", "change", picture)))
        assert picture.sha256 in page
        assert 'name="retention"' not in page
        assert client.post(at("assistants.artifact", "delete", picture)).status_code == 403

    def test_nobody_sees_anothers(
        self, charlie: User, operator: User, picture: Artifact, as_: SignIn, rival: Organisation
    ) -> None:
        for client in (as_(charlie), as_(operator, rival)):
            client.post(CONTENTS, WHY)
            assert client.get(file_of(picture)).status_code in (403, 404)
            text = page_of(client.get(at("assistants.artifact")))
            text += page_of(client.get(at("assistants.artifact", "change", picture)))
            assert ALT not in text
            assert PROMPT not in text

    def test_no_audit_line_holds_its_words(
        self, acme: Organisation, dana: User, picture: Artifact, as_: SignIn
    ) -> None:
        client = as_(dana)
        client.post(at("assistants.artifact", "content", picture), WHY)
        kept = {"retention": "kept", "expires_on": "", **CONTROLS}
        assert client.post(at("assistants.artifact", "change", picture), kept).status_code == 302
        client.post(at("assistants.artifact", "delete", picture), {"post": "yes"})
        lines = AuditLine.objects.of(acme).select_related("detail")
        said = str([line.detail.data for line in lines])
        assert {"picture.shown", "picture.kept", "picture.deleted"} <= {x.action for x in lines}
        assert PROMPT not in said
        assert ALT not in said


class TestDeletion:
    def delete(self, client: Client, rows: list[Artifact], *, sure: bool) -> Any:
        sent: dict[str, Any] = {
            "action": "delete_chosen",
            "_selected_action": [row.pk for row in rows],
            "index": "0",
        }
        return client.post(at("assistants.artifact"), sent | ({"confirmed": "yes"} if sure else {}))

    def test_what_would_go_is_told_first_and_then_it_goes(
        self, acme: Organisation, alice: User, dana: User, bob: User, as_: SignIn
    ) -> None:
        rows = [picture_of(bob, prompt=PROMPT) for _ in range(3)]
        held = legal.put(
            actor=actor_for(alice),
            scope="picture",
            subject=rows[0].pk,
            reason="Case 7",
            now=timezone.now(),
        )
        client = as_(dana)
        first = self.delete(client, rows, sure=False)
        assert (first.status_code, first.context["told"].pictures) == (200, 2)
        assert first.context["told"].held == 1
        assert Artifact.objects.of(acme).filter(state="ready").count() == 3
        assert self.delete(client, rows, sure=True).status_code == 302
        states = {row.pk: row.state for row in Artifact.objects.of(acme)}
        assert states == {rows[0].pk: "ready", rows[1].pk: "deleted", rows[2].pk: "deleted"}
        assert [proof.reason for proof in DeletionProof.objects.of(acme)] == ["admin"] * 2
        assert not storages["default"].exists(rows[1].path)
        page = page_of(client.get(at("assistants.artifact")))
        assert "a legal hold covers it" in page
        assert rows[1].pk not in page
        assert rows[1].pk in page_of(client.get(f"{at('assistants.artifact')}?state=deleted"))
        client.post(at("assistants.artifact", "delete", rows[0]), {"post": "yes"})
        page = page_of(client.get(at("assistants.artifact", "change", rows[0])))
        assert "legal hold" in page
        legal.release(actor=actor_for(dana), hold=held, reason="Over.", now=timezone.now())
        client.post(at("assistants.artifact", "delete", rows[0]), {"post": "yes"})
        assert DeletionProof.objects.of(acme).count() == 3

    def test_too_many_are_refused(
        self, acme: Organisation, dana: User, as_: SignIn, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("chats.deletion.BATCH", 2)
        rows = [picture_of(dana) for _ in range(3)]
        self.delete(as_(dana), rows, sure=True)
        assert Artifact.objects.of(acme).filter(state="ready").count() == 3

    def test_a_proof_is_looked_at_again(
        self, acme: Organisation, dana: User, erin: User, picture: Artifact, as_: SignIn
    ) -> None:
        as_(dana).post(at("assistants.artifact", "delete", picture), {"post": "yes"})
        proof = DeletionProof.objects.of(acme).get()
        assert proof.paths == [picture.path]
        client, look = as_(erin), at("assistants.deletionproof", "look_again", proof)
        page = at("assistants.deletionproof", "change", proof)
        client.post(look)
        assert "none of its files is in the store" in page_of(client.get(page))
        artifacts.put(picture.path, b"it came back")
        client.post(look)
        assert "1 file is still in the store" in page_of(client.get(page))
        found = client.get(f"{at('assistants.deletionproof')}?q={picture.sha256}")
        assert [row.pk for row in found.context["cl"].result_list] == [proof.pk]


class TestRetention:
    def test_a_day_is_kept_whole(
        self, acme: Organisation, dana: User, picture: Artifact, as_: SignIn
    ) -> None:
        client, change = as_(dana), at("assistants.artifact", "change", picture)
        day = timezone.localdate() + 3 * DAY
        for retention, until, status in (
            ("temporary", "", 400),
            ("temporary", "2020-01-01", 400),
            ("temporary", day.isoformat(), 302),
        ):
            sent = {"retention": retention, "expires_on": until, **CONTROLS}
            assert client.post(change, sent).status_code == status, until
        picture.refresh_from_db()
        assert picture.retention == "temporary"
        here = ZoneInfo(acme.time_zone)
        assert picture.expires_at.astimezone(here).isoformat()[:16] == f"{day + DAY}T00:00"
        assert told(acme, "picture.kept") is not None
        assert f'value="{day.isoformat()}"' in page_of(client.get(change))


class TestLegalHold:
    def test_one_sets_and_another_releases(
        self, acme: Organisation, alice: User, dana: User, erin: User, bob: User, as_: SignIn
    ) -> None:
        sent = {"scope": "person", "person": membership_of(bob).pk, "reason": "Case 7"}
        assert as_(erin).post(at("policies.legalhold", "add"), sent).status_code == 403
        assert as_(dana).post(at("policies.legalhold", "add"), sent | CONTROLS).status_code == 302
        hold = LegalHold.objects.of(acme).get()
        assert (hold.subject, hold.set_by) == (audit.who(acme.pk, bob), audit.who(acme.pk, dana))
        assert "Bob" in page_of(as_(erin).get(at("policies.legalhold")))
        release = at("policies.legalhold", "release", hold)
        assert refused(as_(dana).post(release, WHY)) == (403, "forbidden")
        assert refused(as_(erin).post(release, WHY)) == (403, "forbidden")
        assert refused(as_(alice).post(release, {"reason": ""})) == (400, "required")
        assert as_(alice).post(release, WHY).status_code == 302
        hold.refresh_from_db()
        assert hold.released_at is not None

    def test_it_names_only_what_is_ours(
        self, acme: Organisation, dana: User, charlie: User, as_: SignIn
    ) -> None:
        theirs = picture_of(charlie)
        for scope, subject in (("picture", theirs.pk), ("picture", ""), ("chat", "chat_none")):
            sent = {"scope": scope, scope: subject, "reason": "Case 7", **CONTROLS}
            answer = as_(dana).post(at("policies.legalhold", "add"), sent)
            assert answer.status_code in (200, 400, 404), subject
        assert not LegalHold.objects.of(acme).exists()


@pytest.mark.parametrize("name", ["assistants.artifact", "policies.window", "policies.legalhold"])
def test_a_long_list_asks_as_often_as_a_short_one(
    name: str, dana: User, alice: User, bob: User, ours: dict[str, Any], as_: SignIn
) -> None:
    client, asked = as_(dana), []
    for number in (0, 6):
        for _ in range(number):
            _one_more(name, ours[name], alice, bob)
        client.get(at(name))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(at(name))
        asked.append(len(queries))
    assert page.context["cl"].result_count >= 7
    assert asked[0] == asked[1]


def _one_more(name: str, row: Any, by: User, owner: User) -> None:
    if name == "assistants.artifact":
        picture_of(owner, prompt=PROMPT)
    elif name == "policies.window":
        row.pk, row.starts_at = None, row.starts_at - timedelta(days=1)
        row.save(force_insert=True)
    else:
        legal.put(
            actor=actor_for(by),
            scope="chat",
            subject=new_id("chat"),
            reason="Case",
            now=timezone.now(),
        )
