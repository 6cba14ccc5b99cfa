"""The chain of what was done: nobody changes it unseen, on either database."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts import audit, people
from accounts.models import (
    AuditDetail,
    AuditHead,
    AuditLine,
    AuditSeal,
    Organisation,
    Pseudonym,
    User,
)
from accounts.models.audit import PLATFORM
from tale.lib import append_only
from tale.lib.refusals import Refusal
from tests.people import actor_for, join


@pytest.fixture
def chain(acme: Organisation, alice: User) -> str:
    for name in ("Red", "Green", "Blue"):
        people.save_team(actor=actor_for(alice), name=name)
    return acme.pk


def test_it_works(chain: str, alice: User) -> None:
    lines = list(AuditLine.objects.filter(chain=chain).order_by("seq"))
    assert [line.seq for line in lines] == [1, 2, 3, 4]
    assert [line.action for line in lines] == ["organisation.founded"] + ["team.created"] * 3
    assert [line.prev_hash for line in lines[1:]] == [line.hash for line in lines[:-1]]
    assert {line.who for line in lines} == {Pseudonym.objects.get(chain=chain, user=alice).pk}
    assert lines[1].detail.data["after"]["name"] == "Red"
    assert audit.verify(chain) == ""


def test_a_line_says_who_only_by_pseudonym(chain: str, alice: User) -> None:
    said = str(list(AuditLine.objects.filter(chain=chain).values_list()))
    assert alice.email not in said
    assert alice.name not in said


def test_a_person_is_another_in_each_organisation(
    chain: str, rival: Organisation, alice: User
) -> None:
    assert audit.who(chain, alice) != audit.who(rival.pk, alice)


def test_a_name_that_was_rolled_back_is_not_used_again(acme: Organisation, bob: User) -> None:
    Pseudonym.objects.filter(user=bob).delete()
    newcomer = User.objects.get(pk=bob.pk)
    with transaction.atomic():
        lost = audit.who(acme.pk, newcomer)
        transaction.set_rollback(True)
    kept = audit.who(acme.pk, newcomer)
    assert kept != lost
    assert Pseudonym.objects.get(user=newcomer).pk == kept


def test_an_erased_detail_leaves_the_chain_whole(chain: str) -> None:
    AuditDetail.objects.all().delete()
    Pseudonym.objects.all().delete()
    assert audit.verify(chain) == ""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditline SET action = 'nothing'",
        "DELETE FROM accounts_auditline",
        "UPDATE accounts_auditseal SET last_seq = 9",
        "DELETE FROM accounts_auditseal",
    ],
)
def test_the_database_refuses_to_change_it(chain: str, statement: str) -> None:
    audit_seal(chain, last_seq=0)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert audit.verify(chain) == ""


@pytest.mark.postgres
def test_the_database_refuses_to_empty_it(chain: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(
            "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE accounts_auditline CASCADE"
        )


def test_a_seal_lets_a_month_go(chain: str) -> None:
    second = AuditLine.objects.get(chain=chain, seq=2)
    audit_seal(chain, last_seq=2, last_hash=second.hash)
    AuditLine.objects.filter(chain=chain, seq__lte=2).delete()
    assert audit.verify(chain) == ""
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditLine.objects.filter(chain=chain, seq=3).delete()


def audit_seal(chain: str, *, last_seq: int, last_hash: str = "") -> None:
    at = AuditLine.objects.filter(chain=chain).latest("seq").at
    AuditSeal.objects.create(
        chain=chain, first_seq=1, last_seq=last_seq, last_hash=last_hash, sealed_at=at
    )


class TestTampering:
    """By somebody who can take the guards off. Both databases put them back with the rest of the
    test's transaction."""

    @pytest.fixture(autouse=True)
    def unguarded(self, chain: str) -> None:
        with connection.cursor() as cursor:
            for statement in LIFTING[connection.vendor]:
                cursor.execute(statement)

    def test_a_changed_line_is_found(self, chain: str) -> None:
        AuditLine.objects.filter(chain=chain, seq=2).update(action="team.deleted")
        assert audit.verify(chain) == "line 2 was changed"

    def test_a_line_with_a_new_hash_is_found_by_the_next(self, chain: str) -> None:
        line = AuditLine.objects.get(chain=chain, seq=2)
        line.action = "team.deleted"
        line.hash = audit._hash_of(audit._hashed_part(line))
        line.save()
        assert audit.verify(chain) == "line 3 was changed"

    def test_a_missing_line_is_found(self, chain: str) -> None:
        AuditLine.objects.filter(chain=chain, seq=2).delete()
        assert audit.verify(chain) == "line 2 is missing"

    def test_a_missing_end_is_found(self, chain: str) -> None:
        AuditLine.objects.filter(chain=chain, seq=4).delete()
        assert audit.verify(chain) == "the end is missing after line 3"

    def test_a_missing_head_is_found(self, chain: str) -> None:
        AuditHead.objects.filter(chain=chain).delete()
        assert audit.verify(chain) == "the end is missing after line 4"
        assert chain in audit.chains()

    def test_a_changed_detail_is_found(self, chain: str) -> None:
        AuditDetail.objects.filter(line__chain=chain, line__seq=3).update(data={"after": {}})
        assert audit.verify(chain) == "the detail of line 3 was changed"

    def test_the_command_names_the_chain(self, chain: str, rival: Organisation) -> None:
        AuditLine.objects.filter(chain=chain, seq=2).update(action="team.deleted")
        out = StringIO()
        with pytest.raises(CommandError, match="1 of 2 chains"):
            call_command("audit_verify", stdout=out)
        assert f"{chain}: line 2 was changed" in out.getvalue()
        assert f"{rival.pk}: whole" in out.getvalue()


LIFTING = {
    "sqlite": [
        f"DROP TRIGGER {table}_no_{event}"
        for table in ("accounts_auditline", "accounts_auditseal")
        for event in ("update", "delete")
    ],
    "postgresql": [f"DROP FUNCTION {table}_guard() CASCADE" for table in append_only.GUARDED],
}


def test_the_command_is_content(chain: str) -> None:
    out = StringIO()
    call_command("audit_verify", stdout=out)
    assert out.getvalue() == f"{chain}: whole\n"


def test_a_secret_is_shown_as_its_fingerprint(bob: User) -> None:
    seen = audit.picture_of(bob)
    assert seen["password"].startswith("set, ")
    assert bob.password not in str(seen)


def test_a_refusal_of_rights_is_kept_and_a_mistake_is_not(acme: Organisation, alice: User) -> None:
    before = AuditLine.objects.of(acme).count()
    audit.refused(actor=actor_for(alice), refusal=Refusal("too_long"), action="x")
    audit.refused(actor=actor_for(alice), refusal=Refusal("forbidden", right="y"), action="x")
    assert AuditLine.objects.of(acme).count() == before + 1
    line = AuditLine.objects.of(acme).latest("seq")
    assert (line.outcome, line.detail.data["after"]) == ("forbidden", {"right": "y"})


def test_what_is_undone_leaves_no_line(acme: Organisation, alice: User) -> None:
    before = AuditHead.objects.get(chain=acme.pk).seq
    with transaction.atomic():
        people.save_team(actor=actor_for(alice), name="Never")
        transaction.set_rollback(True)
    assert AuditHead.objects.get(chain=acme.pk).seq == before
    assert audit.verify(acme.pk) == ""


def test_the_operators_doings_are_the_platforms(operator: User) -> None:
    audit.write_to_each(about=operator, by=operator, action="session.started", origin=audit.NOWHERE)
    assert AuditLine.objects.get(chain=PLATFORM).who == audit.who(PLATFORM, operator)
    assert audit.verify(PLATFORM) == ""


def test_a_left_organisation_hears_no_more(alice: User, acme: Organisation) -> None:
    zoe = join(acme, "zoe")
    people.deactivate(
        actor=actor_for(alice),
        membership=zoe.memberships.filter(user=zoe).get(),
        now=AuditLine.objects.of(acme).latest("seq").at,
    )
    before = AuditLine.objects.of(acme).count()
    audit.write_to_each(about=zoe, by=zoe, action="session.started", origin=audit.NOWHERE)
    assert AuditLine.objects.of(acme).count() == before
