"""A program that sends JSON with every method, and believes no answer that is not described."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditLine, Organisation, User
from tests.api import contract
from tests.people import Key, Program


class Caller(Program):
    prefix = "/api/v1"

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        contract.check(response)
        return response

    def get(self, path: str, *args: Any, **extra: Any) -> Any:
        return super().get(self.prefix + path, *args, **extra)

    def head(self, path: str, *args: Any, **extra: Any) -> Any:
        return super().head(self.prefix + path, *args, **extra)

    def options(self, path: str, *args: Any, **extra: Any) -> Any:
        return super().options(self.prefix + path, *args, **extra)

    def post(self, path: str, data: Any = None, content_type: str = "", **extra: Any) -> Any:
        return super().post(self.prefix + path, data or {}, content_type, **extra)

    def put(self, path: str, data: Any = None, **extra: Any) -> Any:
        return super().put(self.prefix + path, data, "application/json", **extra)

    def patch(self, path: str, data: Any = None, **extra: Any) -> Any:
        return super().patch(self.prefix + path, data, "application/json", **extra)

    def delete(self, path: str, *args: Any, **extra: Any) -> Any:
        return super().delete(self.prefix + path, *args, **extra)


@pytest.fixture
def api(db: None) -> Callable[[Key | str], Caller]:
    def program(key: Key | str = "") -> Caller:
        return Caller(key.secret if isinstance(key, Key) else key)

    return program


@pytest.fixture
def calls(api: Callable[..., Caller], key_for: Callable[..., Key]) -> Callable[..., Caller]:
    """`calls(dana, "admin")`: Dana's program, with a fresh key of these scopes and `read`."""

    def program(user: User, *scopes: str, **options: Any) -> Caller:
        return api(key_for(user, "read", *scopes, **options))

    return program


@pytest.fixture
def actions(acme: Organisation) -> Callable[[], list[tuple[str, str]]]:
    """What the audit of Acme gained since the fixture, or since it was last asked."""
    seen = [0]

    def gained() -> list[tuple[str, str]]:
        lines = AuditLine.objects.of(acme).filter(seq__gt=seen[0]).order_by("seq")
        found = list(lines.values_list("seq", "action", "outcome"))
        seen[0] = found[-1][0] if found else seen[0]
        return [(action, outcome) for _seq, action, outcome in found]

    gained()
    return gained


def refused(response: Any) -> tuple[int, str, str | None]:
    """How it was refused: status, code, field."""
    error = response.json()["error"]
    assert response.headers["X-Error-Code"] == error["code"]
    assert response.headers["X-Request-Id"] == error["request_id"]
    return response.status_code, error["code"], error["field"]
