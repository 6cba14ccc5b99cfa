"""Two at once, with what both have read: one change is made."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.models import Team, User
from tests.api.conftest import Caller
from tests.people import Key

AT_ONCE = 6


@pytest.mark.django_db(transaction=True)
def test_one_of_many_changes_what_all_have_read(
    dana: User,
    design: Team,
    api: Callable[..., Caller],
    key_for: Callable[..., Key],
) -> None:
    key = key_for(dana, "read", "admin")
    tag = api(key).get(f"/teams/{design.pk}").headers["ETag"]
    ready = Barrier(AT_ONCE)

    def rename(number: int) -> Any:
        ready.wait()
        try:
            body = {"name": f"Name {number}"}
            return api(key).patch(f"/teams/{design.pk}", body, headers={"If-Match": tag})
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = list(crowd.map(rename, range(AT_ONCE)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [412] * (AT_ONCE - 1)
    won = next(answer.json()["name"] for answer in answers if answer.status_code == 200)
    assert Team.objects.of(design.organisation).get().name == won
