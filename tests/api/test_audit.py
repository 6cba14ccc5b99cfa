import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import audit, people, trail
from accounts.models import AuditDetail, AuditLine, Organisation, Team, User
from tests.api.conftest import Caller, refused
from tests.people import actor_for, membership_of

Calls = Callable[..., Caller]


def test_it_works(dana: User, design: Team, erin: User, calls: Calls) -> None:
    calls(dana, "admin").patch(f"/teams/{design.pk}", {"name": "Brand"})
    lines = calls(erin).get("/audit").json()["data"]
    assert [line["seq"] for line in lines] == sorted((line["seq"] for line in lines), reverse=True)
    renamed = next(line for line in lines if line["action"] == "team.changed")
    assert renamed["member"] == membership_of(dana).pk
    assert renamed["target"] == design.pk
    assert (renamed["surface"], renamed["outcome"]) == ("api", "done")
    assert renamed["key"].startswith("key_")
    assert renamed["detail"]["before"] == {"name": "Design"}
    assert renamed["detail"]["after"] == {"name": "Brand"}
    assert renamed["detail"]["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("action=team.changed", 1),
        ("outcome=insufficient_scope", 1),
        ("who=bob", 1),
        ("who=who_of_bob", 1),
        ("target=design", 2),
        ("action=team.changed&outcome=insufficient_scope", 0),
        ("who=mem_000000000000000000000000", 0),
        ("from=soon", 0),
        ("to=past", 0),
        ("from=past&to=soon&action=team.changed", 1),
    ],
)
def test_filters(
    dana: User,
    bob: User,
    acme: Organisation,
    design: Team,
    erin: User,
    calls: Calls,
    asked: str,
    found: int,
) -> None:
    calls(dana, "admin").patch(f"/teams/{design.pk}", {"name": "Brand"})
    calls(bob).patch("/organisation", {"name": "Bob's"})
    now = timezone.now()
    meant = {
        "=bob": f"={membership_of(bob).pk}",
        "=who_of_bob": f"={audit.who(acme.pk, bob)}",
        "=design": f"={design.pk}",
        "=soon": f"={(now + timedelta(hours=1)):%Y-%m-%dT%H:%M:%SZ}",
        "=past": f"={(now - timedelta(hours=1)):%Y-%m-%dT%H:%M:%SZ}",
    }
    for word, value in meant.items():
        asked = asked.replace(word, value)
    erins = calls(erin)
    lines = erins.get(f"/audit?{asked}").json()["data"]
    lines = [line for line in lines if line["action"] != "key.created"]
    assert len(lines) == found
    taken = erins.get(f"/audit/export?{asked}").json()["data"]
    assert [line for line in taken if line["action"] != "key.created"] == [
        line | {"at": line["at"].replace("Z", "+00:00")} for line in reversed(lines)
    ]


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ("from=yesterday", "invalid_date", "from"),
        ("from=2026-11-21", "invalid_date", "from"),
        ("to=2026-11-21T10:00:00", "invalid_date", "to"),
        ("to=2026-02-30T10:00:00Z", "invalid_date", "to"),
        ("from=2026-11-21T10:00:00Z&to=2026-11-21T10:00:00Z", "invalid_range", "from"),
        ("who=", "blank", "who"),
        ("action=%00", "invalid_characters", "action"),
        ("user=bob", "unknown_parameter", "user"),
        ("outcome=done&outcome=forbidden", "duplicate_field", "outcome"),
    ],
)
def test_filters_that_are_none(erin: User, calls: Calls, asked: str, code: str, field: str) -> None:
    erins = calls(erin)
    assert refused(erins.get(f"/audit?{asked}")) == (400, code, field)
    assert refused(erins.get(f"/audit/export?{asked}")) == (400, code, field)


def test_taken_away_as_csv(erin: User, acme: Organisation, calls: Calls) -> None:
    audit.write(actor=actor_for(erin), action="=cmd()", after={"note": "=HYPERLINK()"})
    response = calls(erin).get("/audit/export?format=csv", headers={"Accept": "text/csv"})
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [row["seq"] for row in rows] == [str(seq) for seq in range(1, len(rows) + 1)]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@" and cell]
    last = AuditLine.objects.of(acme).order_by("-seq").values("action", "target_kind", "who")[0]
    assert last["action"] == "audit.exported"
    assert last["who"] == audit.who(acme.pk, erin)


def test_a_file_checks_itself(dana: User, acme: Organisation, calls: Calls) -> None:
    """Whoever has the file can follow the chain without asking us."""
    danas = calls(dana)
    lines = danas.get("/audit/export").json()["data"]
    assert len(lines) > 1
    last = ""
    for line in lines:
        hashed = {name: line[name] for name in audit._HASHED if name != "chain"}
        assert line["prev_hash"] == last
        assert audit._hash_of(hashed | {"chain": acme.pk}) == line["hash"]
        assert audit._hash_of(line["detail"]) == line["detail_hash"]
        last = line["hash"]


def test_an_erased_detail_is_null(erin: User, acme: Organisation, calls: Calls) -> None:
    line = AuditLine.objects.of(acme).order_by("seq")[0]
    AuditDetail.objects.filter(line=line).delete()
    shown = calls(erin).get("/audit?limit=100").json()["data"][-1]
    assert (shown["seq"], shown["detail"]) == (line.seq, None)


def test_a_file_has_an_end(erin: User, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    erins = calls(erin)
    monkeypatch.setattr(trail, "LONGEST_EXPORT", 1)
    answer = erins.get("/audit/export")
    assert refused(answer) == (400, "range_too_long", None)
    assert answer.json()["error"]["details"]["limit"] == 1
    assert erins.get("/audit/export?action=none").json() == {"data": []}


def test_an_unknown_format(erin: User, calls: Calls) -> None:
    answer = calls(erin).get("/audit/export?format=xlsx")
    assert refused(answer) == (400, "invalid_choice", "format")


def test_lines_of_others_are_theirs(dana: User, charlie: User, rival: Any, calls: Calls) -> None:
    theirs = {line.hash for line in AuditLine.objects.of(rival)}
    mine = calls(dana).get("/audit?limit=100").json()["data"]
    assert theirs
    assert not theirs & {line["hash"] for line in mine}
    by_them = calls(dana).get(f"/audit?who={membership_of(charlie).pk}").json()["data"]
    assert by_them == []


def test_of_two_memberships_it_names_ours(
    dana: User, charlie: User, rival: Organisation, acme: Organisation, calls: Calls
) -> None:
    """Nor does a line say where else somebody belongs."""
    people.enrol(organisation=rival, user=dana, role="member")
    audit.write(actor=actor_for(dana, acme), action="test.done")
    lines = calls(dana, organisation=acme).get("/audit?action=test.done").json()["data"]
    assert [line["member"] for line in lines] == [membership_of(dana, acme).pk]


def test_a_member_does_not_read_it(bob: User, calls: Calls) -> None:
    bobs = calls(bob)
    assert refused(bobs.get("/audit")) == (403, "forbidden", None)
    assert refused(bobs.get("/audit/export")) == (403, "forbidden", None)


def test_nobody_writes_it(dana: User, calls: Calls) -> None:
    danas = calls(dana, "admin")
    for answer in (danas.post("/audit"), danas.delete("/audit"), danas.patch("/audit", {})):
        assert refused(answer) == (405, "method_not_allowed", None)
