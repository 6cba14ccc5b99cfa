"""Who may do what to whom, and that what was given goes when its reason goes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.utils import timezone
from guardian.models import GroupObjectPermission, UserObjectPermission
from guardian.shortcuts import assign_perm, get_objects_for_user

from accounts import people, permissions
from accounts.models import AuditLine, Membership, Organisation, Role, Team, User
from tale.lib.refusals import Refusal
from tests.people import actor_for, join, membership_of, owner_of

Deed = Callable[..., object]


def refused(deed: Deed, **arguments: Any) -> str:
    with pytest.raises(Refusal) as caught:
        deed(**arguments)
    return caught.value.code


def rights(user: User, organisation: Organisation | None = None) -> frozenset[str]:
    """Afresh, as the next request sees them."""
    organisation = organisation or membership_of(user).organisation
    return permissions.rights_in(User.objects.get(pk=user.pk), organisation)


@pytest.mark.parametrize(
    ("person", "role"),
    [("alice", "owner"), ("dana", "admin"), ("erin", "auditor"), ("bob", "member")],
)
def test_a_role_gives_its_rights_here_and_none_elsewhere(
    request: pytest.FixtureRequest, rival: Organisation, person: str, role: str
) -> None:
    user = request.getfixturevalue(person)
    assert rights(user) == permissions.RIGHTS_OF[role]
    assert rights(user, rival) == frozenset()


def test_every_right_is_a_permission_guardian_knows(acme: Organisation) -> None:
    known = set(
        Permission.objects.filter(content_type__model="organisation").values_list(
            "codename", flat=True
        )
    )
    assert known == permissions.EVERY_RIGHT
    assert GroupObjectPermission.objects.filter(object_pk=acme.pk).count() == sum(
        map(len, permissions.RIGHTS_OF.values())
    )


def test_an_author_may_write_assistants(acme: Organisation, alice: User) -> None:
    ann = join(acme, "ann", is_author=True)
    assert rights(ann) == {"use_workspace", "author_assistants"}
    people.change_member(actor=actor_for(alice), membership=membership_of(ann), is_author=False)
    assert rights(ann) == {"use_workspace"}


def test_a_lead_leads_one_team(lena: User, design: Team, alice: User) -> None:
    other = people.save_team(actor=actor_for(alice), name="Other")
    assert lena.has_perm("accounts.lead_team", design)
    assert not lena.has_perm("accounts.lead_team", other)


class TestRaising:
    """Nobody gives more than they hold, nor touches somebody above them."""

    @pytest.mark.parametrize(
        ("by", "whom", "role", "code"),
        [
            ("dana", "bob", "admin", ""),
            ("dana", "erin", "member", ""),
            ("dana", "bob", "owner", "forbidden"),
            ("alice", "bob", "owner", "forbidden"),
            ("dana", "alice", "member", "forbidden"),
            ("alice", "alice", "admin", "forbidden"),
            ("bob", "bob", "admin", "forbidden"),
            ("bob", "erin", "member", "forbidden"),
            ("erin", "erin", "admin", "forbidden"),
            ("lena", "bob", "auditor", "forbidden"),
            ("charlie", "bob", "admin", "not_found"),
            ("alice", "bob", "emperor", "invalid_choice"),
        ],
    )
    def test_of_a_role(
        self, request: pytest.FixtureRequest, by: str, whom: str, role: str, code: str
    ) -> None:
        actor = actor_for(request.getfixturevalue(by))
        user = request.getfixturevalue(whom)
        before, lines = rights(user), AuditLine.unscoped.count()
        wish = {"actor": actor, "membership": membership_of(user), "role": role}
        if not code:
            people.change_member(**wish)
            assert rights(user) == permissions.RIGHTS_OF[role]
            return
        assert refused(people.change_member, **wish) == code
        assert rights(user) == before
        assert AuditLine.unscoped.count() == lines

    @pytest.mark.parametrize("field", ["organisation", "user", "deactivated_at", "organisation_id"])
    def test_by_a_field_that_is_not_on_the_form(
        self, alice: User, bob: User, rival: Organisation, field: str
    ) -> None:
        wish = {"actor": actor_for(alice), "membership": membership_of(bob), field: rival}
        assert refused(people.change_member, **wish) == "field_not_allowed"

    def test_of_the_organisation_itself(self, alice: User, acme: Organisation) -> None:
        by = actor_for(alice)
        assert refused(people.change_organisation, actor=by, id="org_1") == "field_not_allowed"
        assert refused(people.change_organisation, actor=by, status="suspended") == "forbidden"

    def test_a_new_member_is_not_made_owner(self, alice: User, charlie: User) -> None:
        wish = {"actor": actor_for(alice), "user": charlie, "role": Role.OWNER}
        assert refused(people.add_member, **wish) == "forbidden"


class TestOwner:
    def test_the_last_one_stays(self, alice: User, dana: User, acme: Organisation) -> None:
        now = timezone.now()
        for by in (alice, dana):
            wish = {"actor": actor_for(by), "membership": membership_of(alice), "now": now}
            assert refused(people.deactivate, **wish) == "forbidden"
        assert owner_of(acme) == alice

    def test_there_is_one_says_the_database(self, acme: Organisation, bob: User) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.of(acme).filter(user=bob).update(role=Role.OWNER)

    def test_hands_over(self, alice: User, bob: User, acme: Organisation) -> None:
        people.transfer_ownership(actor=actor_for(alice), to=membership_of(bob))
        assert rights(bob) == permissions.RIGHTS_OF["owner"]
        assert rights(alice) == permissions.RIGHTS_OF["admin"]
        assert AuditLine.objects.of(acme).latest("seq").action == "organisation.transferred"

    @pytest.mark.parametrize(
        ("by", "to", "code"),
        [
            ("dana", "dana", "forbidden"),
            ("dana", "bob", "forbidden"),
            ("alice", "charlie", "not_found"),
        ],
    )
    def test_is_not_taken(
        self, request: pytest.FixtureRequest, acme: Organisation, by: str, to: str, code: str
    ) -> None:
        wish = {
            "actor": actor_for(request.getfixturevalue(by)),
            "to": membership_of(request.getfixturevalue(to)),
        }
        assert refused(people.transfer_ownership, **wish) == code
        assert owner_of(acme).name == "Alice"

    def test_hands_over_to_nobody_who_left(self, alice: User, bob: User) -> None:
        people.deactivate(actor=actor_for(alice), membership=membership_of(bob), now=timezone.now())
        wish = {"actor": actor_for(alice), "to": membership_of(bob)}
        assert refused(people.transfer_ownership, **wish) == "invalid_value"


class TestTeamOfOthers:
    @pytest.fixture
    def theirs(self, charlie: User) -> Team:
        return people.save_team(actor=actor_for(charlie), name="Theirs")

    def test_is_not_ours_to_change(self, theirs: Team, alice: User) -> None:
        by = actor_for(alice)
        for deed, wish in (
            (people.save_team, {"name": "Ours"}),
            (people.set_team_members, {"members": {}}),
            (people.delete_team, {}),
        ):
            assert refused(deed, actor=by, team=theirs, **wish) == "not_found"
        theirs.refresh_from_db()
        assert theirs.name == "Theirs"

    def test_pays_for_none_of_us(self, theirs: Team, alice: User, bob: User) -> None:
        wish = {"actor": actor_for(alice), "membership": membership_of(bob)}
        assert refused(people.change_member, primary_team=theirs, **wish) == "invalid_value"

    def test_takes_none_of_us(self, design: Team, alice: User, charlie: User) -> None:
        wish = {"team": design, "members": {membership_of(charlie).pk: True}}
        assert refused(people.set_team_members, actor=actor_for(alice), **wish) == "not_found"

    def test_takes_no_newcomer(self, theirs: Team, alice: User) -> None:
        zoe = people.create_user(email="zoe@acme.test", password=None)
        wish = {"user": zoe, "role": "member", "team": theirs}
        assert refused(people.add_member, actor=actor_for(alice), **wish) == "not_found"


class TestVanishing:
    """No grant outlives its reason; guardian itself leaves every one of them behind."""

    @pytest.fixture(autouse=True)
    def nothing_is_left(self, db: None) -> Any:
        yield
        assert permissions.orphans() == 0

    def grants(self, user: User) -> int:
        by_group = GroupObjectPermission.objects.filter(group__user=user)
        return UserObjectPermission.objects.filter(user=user).count() + by_group.count()

    def test_with_a_membership(self, alice: User, lena: User) -> None:
        assert self.grants(lena) == 3  # use_workspace, belong_to_team, lead_team
        now = timezone.now()
        people.deactivate(actor=actor_for(alice), membership=membership_of(lena), now=now)
        assert self.grants(lena) == 0
        assert rights(lena) == frozenset()

    def test_but_come_back_with_it(self, alice: User, lena: User) -> None:
        by, now = actor_for(alice), timezone.now()
        people.deactivate(actor=by, membership=membership_of(lena), now=now)
        people.reactivate(actor=by, membership=membership_of(lena), now=now)
        assert self.grants(lena) == 3

    def test_with_a_team(self, alice: User, lena: User, bob: User, design: Team) -> None:
        people.delete_team(actor=actor_for(alice), team=design)
        assert (self.grants(lena), self.grants(bob)) == (1, 1)
        assert not Group.objects.filter(name__startswith="team_").exists()

    def test_with_a_place_in_a_team(self, alice: User, lena: User, design: Team) -> None:
        people.set_team_members(actor=actor_for(alice), team=design, members={})
        assert self.grants(lena) == 1

    def test_with_the_lead_of_a_team(self, alice: User, lena: User, design: Team) -> None:
        members = {membership_of(lena).pk: False}
        people.set_team_members(actor=actor_for(alice), team=design, members=members)
        assert not User.objects.get(pk=lena.pk).has_perm("accounts.lead_team", design)

    def test_with_an_organisation(
        self, acme: Organisation, lena: User, rival: Organisation
    ) -> None:
        permissions.forget([acme])
        Organisation.objects.filter(pk=acme.pk).delete()
        assert not Group.objects.filter(name__startswith=acme.pk).exists()
        assert rights(owner_of(rival)) == permissions.RIGHTS_OF["owner"]

    def test_with_an_account(self, bob: User) -> None:
        bob.delete()
        assert not UserObjectPermission.objects.exists()

    def test_in_one_organisation_only(
        self, alice: User, bob: User, charlie: User, rival: Organisation
    ) -> None:
        people.add_member(actor=actor_for(charlie), user=bob, role="auditor")
        mine = membership_of(bob, membership_of(alice).organisation)
        people.deactivate(actor=actor_for(alice), membership=mine, now=timezone.now())
        assert rights(bob, rival) == permissions.RIGHTS_OF["auditor"]


def test_an_orphan_is_counted(acme: Organisation, bob: User, design: Team) -> None:
    """So that the test above can fail."""
    assign_perm("accounts.lead_team", bob, design)
    Team.objects.of(acme).delete()
    assert permissions.orphans() == 2


class TestGlobalPermission:
    """Django's permission without an object, from an admin form or a script, gives nothing."""

    @pytest.fixture(autouse=True)
    def granted(self, bob: User) -> None:
        for right in Permission.objects.filter(content_type__app_label="accounts"):
            bob.user_permissions.add(right)

    def test_gives_no_right(self, bob: User, acme: Organisation, rival: Organisation) -> None:
        bob = User.objects.get(pk=bob.pk)
        assert rights(bob, acme) == {"use_workspace"}
        assert rights(bob, rival) == frozenset()
        assert not bob.has_perm("accounts.manage_people")
        assert not bob.has_perm("accounts.manage_people", rival)
        assert not bob.has_module_perms("accounts")
        assert bob.get_all_permissions() == set()

    def test_shows_no_row(self, bob: User, acme: Organisation, rival: Organisation) -> None:
        seen = get_objects_for_user(
            bob, "accounts.use_workspace", Organisation, accept_global_perms=False
        )
        assert [each.pk for each in seen] == [acme.pk]


def test_an_operator_may_everything_and_an_inactive_one_nothing(
    operator: User, acme: Organisation
) -> None:
    assert rights(operator, acme) == permissions.EVERY_RIGHT
    operator.is_active = False
    assert permissions.rights_in(operator, acme) == frozenset()


def test_rights_are_asked_once_a_request(
    bob: User, acme: Organisation, django_assert_num_queries: Callable[[int], Any]
) -> None:
    bob = User.objects.get(pk=bob.pk)
    with django_assert_num_queries(2):
        for _again in range(5):
            permissions.may(bob, "use_workspace", acme)


def test_a_name_is_a_teams_once(alice: User, design: Team, charlie: User) -> None:
    wish = {"actor": actor_for(alice), "name": "DESIGN"}
    assert refused(people.save_team, **wish) == "already_exists"
    assert people.save_team(actor=actor_for(charlie), name="Design").name == "Design"


@pytest.mark.parametrize("spelt", ["BOB@acme.test", "bob@ácme.test", " bob@acme.test "])
def test_one_person_has_one_account(bob: User, spelt: str) -> None:
    assert refused(people.create_user, email=spelt, password=None) == "already_exists"
