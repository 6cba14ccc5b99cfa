"""Whose rows a page of the admin shows, and who may change them.

Everybody sees and changes the organisation of their session and no other. An operator sees all,
and changes only the one they switched to: so nothing can be mixed up between two organisations,
and every change is told in the audit of the one it belongs to.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import models
from django.http import HttpRequest

from accounts import permissions
from accounts.actor import Actor
from accounts.auth import actor_of
from accounts.models import Organisation, User
from accounts.tenancy import Tenant

GOVERN = "view_governance"


def current(request: HttpRequest) -> Organisation | None:
    """The organisation that is governed: the one of the session."""
    return request.organisation or None  # type: ignore[attr-defined]


def actor(request: HttpRequest) -> Actor:
    return actor_of(request, surface="admin")


def is_operator(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def may_see(request: HttpRequest, right: str = GOVERN) -> bool:
    return is_operator(request) or permissions.may(request.user, right, current(request))


def may_do(request: HttpRequest, right: str) -> bool:
    return permissions.may(request.user, right, current(request))


class Scoped:
    """Of a list and of an inline alike. `right` is needed to change anything; without one nobody
    changes it here. `adds` and `deletes` say what else the right is good for."""

    model: type[models.Model]
    right: ClassVar[str] = ""
    view_right: ClassVar[str] = GOVERN
    adds: ClassVar[bool] = True
    changes: ClassVar[bool] = True
    deletes: ClassVar[bool] = False
    owner_field: ClassVar[str] = "organisation_id"  # what names the organisation of a row
    labels: ClassVar[dict[str, Any]] = {}
    help_texts: ClassVar[dict[str, Any]] = {}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_see(request, self.view_right)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        seen = is_operator(request) or self.is_here(request, obj)
        return seen and may_see(request, self.view_right)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.adds and self.may_act(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.changes and self.may_act(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.deletes and self.may_act(request, obj)

    def may_act(self, request: HttpRequest, obj: Any = None, right: str = "") -> bool:
        right = right or self.right
        return bool(right) and may_do(request, right) and self.is_here(request, obj)

    def is_here(self, request: HttpRequest, obj: Any) -> bool:
        """`obj` is None or an id where Django asks before it has looked the row up; of an inline
        it is the row above."""
        if not isinstance(obj, models.Model) or not self.owner_field:
            return True
        organisation = current(request)
        return organisation is not None and self.owner_of(obj) in (None, organisation.pk)

    def owner_of(self, row: models.Model) -> str | None:
        owner: str | None = getattr(row, self.owner_field)
        return owner

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        if is_operator(request) and not _fills_a_choice(request):
            rows = self.every_row()
        else:
            organisation = current(request)
            rows = self.rows_of(organisation) if organisation else self.every_row().none()
        ordering = self.get_ordering(request)  # type: ignore[attr-defined]
        return rows.order_by(*(ordering or self.model._meta.ordering or ()))  # a count drops it

    def rows_of(self, organisation: Organisation) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model.objects.of(organisation)  # type: ignore[attr-defined]
        return rows

    def every_row(self) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model.unscoped.all()  # type: ignore[attr-defined]
        return rows

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Without the buttons that add or change the related row in a window of its own."""
        field = super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        options.setdefault("queryset", own_rows(request, db_field.remote_field.model))
        return super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        options.setdefault("queryset", own_rows(request, db_field.remote_field.model))
        return super().formfield_for_manytomany(db_field, request, **options)  # type: ignore[misc]


def own_rows(request: HttpRequest, model: type[models.Model]) -> models.QuerySet[Any]:
    """What a form may choose from. A model that belongs to no organisation offers nothing."""
    organisation = current(request)
    if organisation is None or not issubclass(model, Tenant):
        return model._default_manager.none()
    return model.objects.of(organisation)


def _fills_a_choice(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.url_name == "autocomplete"
