"""Every row of an organisation is reached through that organisation.

`objects` of a tenant model answers only a query that names its organisation (`of`), or an object
already in hand (`filter(chat=chat)`, `chat.turns`). Anything else raises `Unscoped` when it would
touch the database. `unscoped` is the way around, listed use by use in tests/house.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from accounts.models import Organisation

Row = TypeVar("Row", bound=models.Model)
_comparing = ContextVar("comparing", default=False)


class Unscoped(Exception):
    """A bug: this query could have met rows of another organisation."""


class TenantQuerySet(models.QuerySet[Row]):
    _scoped = False

    def of(self, organisation: Organisation) -> Self:
        return self.filter(organisation=organisation)

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        found = super().filter(*args, **kwargs)
        found._scoped = self._scoped or any(map(_names_an_owner, kwargs.items()))
        return found

    def none(self) -> Self:
        found = super().none()
        found._scoped = True
        return found

    def _clone(self) -> Self:
        copy: Self = super()._clone()  # type: ignore[misc]
        copy._scoped = self._scoped
        return copy

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[Row]:
        self._check()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._check()
        return super().count()

    def exists(self) -> bool:
        self._check()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._check()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check()
        return super().delete()

    def _check(self) -> None:
        if not (self._scoped or _comparing.get()):
            raise Unscoped(f"{self.model.__name__}: name the organisation, .of(organisation)")


class ChainQuerySet(TenantQuerySet[Row]):
    """Rows that outlive what they speak of keep their organisation as text, in `chain`."""

    def of(self, organisation: Organisation) -> Self:
        return self.filter(chain=organisation.pk)


class Tenant(models.Model):
    organisation = models.ForeignKey(
        "accounts.Organisation", models.CASCADE, related_name="+", editable=False
    )

    objects = TenantQuerySet.as_manager()
    unscoped = models.Manager()

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        with _asking_whether_it_is_there():
            super().validate_constraints(exclude=exclude)

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        with _asking_whether_it_is_there():
            super().validate_unique(exclude=exclude)

    def full_clean(
        self,
        exclude: Iterable[str] | None = None,
        validate_unique: bool = True,
        validate_constraints: bool = True,
    ) -> None:
        """Whether a fresh random id is taken is a question to all organisations: not asked."""
        super().full_clean({*(exclude or ()), "id"}, validate_unique, validate_constraints)


@contextmanager
def _asking_whether_it_is_there() -> Iterator[None]:
    """Django looks for another row with the values of this one, and learns nothing else of it."""
    token = _comparing.set(True)
    try:
        yield
    finally:
        _comparing.reset(token)


def _names_an_owner(condition: tuple[str, Any]) -> bool:
    name, value = condition
    return name in ("organisation", "organisation_id", "chain") or isinstance(value, models.Model)
