"""Secrets in rows: which columns hold them, and how all of them move to a new key.

A model with secrets is a `Sealed` and names their columns; nothing else need be told of a new one.
`rotate` may run at any time, be stopped and begun again: each box is replaced only where it still
is the one that was opened, so whoever writes a new secret meanwhile wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.apps import apps

from accounts.tenancy import Tenant
from tale.lib import keyring

BATCH = 200


class Sealed(Tenant):
    SEALED: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def seal(self, field: str, secret: str) -> None:
        assert field in self.SEALED, f"{field} would be forgotten by a rotation"
        setattr(self, field, keyring.seal(secret, owner=self.organisation_id) if secret else "")

    def unseal(self, field: str) -> str:
        box: str = getattr(self, field)
        return keyring.unseal(box, owner=self.organisation_id) if box else ""


@dataclass(slots=True)
class Rotation:
    """Of one column. `left` counts by key what stays; `broken` names what no key opens."""

    name: str
    moved: int = 0
    left: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def rotate(*, dry_run: bool = False, batch: int = BATCH) -> Iterator[Rotation]:
    """One column after the other to the first key of the ring."""
    for model in apps.get_models():
        if issubclass(model, Sealed):
            for column in model.SEALED:
                yield _rotate(model, column, dry_run=dry_run, batch=batch)


def _rotate(model: type[Sealed], column: str, *, dry_run: bool, batch: int) -> Rotation:
    done = Rotation(f"{model._meta.label_lower}.{column}")
    prefix = {f"{column}__startswith": keyring.mark()}
    boxes = model.unscoped.exclude(**{column: ""}).exclude(**prefix).order_by("pk")
    last = ""
    while rows := list(
        boxes.filter(pk__gt=last).values_list("pk", "organisation_id", column)[:batch]
    ):
        last = rows[-1][0]
        for pk, owner, box in rows:
            _move(done, model, column, pk=pk, owner=owner, box=box, dry_run=dry_run)
    return done


def _move(
    done: Rotation,
    model: type[Sealed],
    column: str,
    *,
    pk: str,
    owner: str,
    box: str,
    dry_run: bool,
) -> None:
    try:
        fresh = keyring.seal(keyring.unseal(box, owner=owner), owner=owner)
    except keyring.SealBroken:
        done.broken.append(pk)
        done.left[keyring.key_of(box)] += 1
        return
    if dry_run:
        done.left[keyring.key_of(box)] += 1
        return
    same: dict[str, Any] = {"organisation_id": owner, "pk": pk, column: box}
    # Nothing matched: it was replaced meanwhile, and what is new is under the first key already.
    done.moved += model.objects.filter(**same).update(**{column: fresh})
