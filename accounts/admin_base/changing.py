"""How a page of the admin changes something: by one domain function, or not at all.

What the function refuses becomes an error of the form, or a message above the list; the refusal
of a right is told in the audit as well. Nothing is half done: all of it is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.actor import Actor
from accounts.admin_base.forms import GovernedForm, refused
from accounts.admin_base.scope import Scoped, actor, current
from tale.lib import theme
from tale.lib.refusals import NotFound, Refusal

Deed = Callable[[Actor, Any], object]
LONGEST_REASON = 500


class Changing(Scoped, theme.ModelAdmin):
    form = GovernedForm
    titles: ClassVar[dict[str, Any]] = {}
    prefilled: ClassVar[tuple[str, ...]] = ()  # fields a link may fill in, `?field=value`

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        words = {**self.titles, **self.labels}  # of columns too, which are written small
        labels = {name: capfirst(text) for name, text in words.items()}
        options = {"labels": labels, "help_texts": self.help_texts, **options}
        form: Any = super().get_form(request, obj, change, **options)
        form.organisation = current(request)
        form.refusal = getattr(request, "refusal", None)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {name: request.GET[name] for name in self.prefilled if name in request.GET}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        asked = (request, object_id, form_url, extra_context)
        if request.method != "POST":
            return super().changeform_view(*asked)
        self._refuse_strange_fields(request, object_id)
        try:
            answer = super().changeform_view(*asked)
            context = getattr(answer, "context_data", None) or {}
            refusal = refused(context.get("errors", ()))
            return _marked(answer, refusal) if refusal else answer
        except (Refusal, ValidationError, IntegrityError) as no:
            refusal = _as_refusal(no)
            if refusal.code == "not_found" and not refusal.field:
                raise
        self.witness(request, refusal)
        request.refusal = refusal  # type: ignore[attr-defined]
        return _marked(super().changeform_view(*asked), refusal)

    def _refuse_strange_fields(self, request: HttpRequest, object_id: str | None) -> None:
        """A field of the row that is not on the form was not sent by the form."""
        row = self.get_object(request, unquote(object_id)) if object_id else None
        may = self.has_change_permission(request, row) if row else self.has_add_permission(request)
        if not may or (object_id and row is None):
            return  # refused for that
        known = set(self.get_form(request, row, change=row is not None).base_fields)
        strange = _names_of(self.model, "") & set(request.POST) - known
        for inline in self.get_inline_instances(request, row):
            formset: Any = inline.get_formset(request, row)
            prefix = f"{formset.get_default_prefix()}-"
            known = {*formset.form.base_fields, inline.opts.pk.name, formset.fk.name}
            sent = {_without_number(name, prefix) for name in request.POST}
            strange |= _names_of(inline.model, prefix) & sent - {prefix + name for name in known}
        if strange or "_saveasnew" in request.POST:  # which Django would take for an addition
            raise Refusal("field_not_allowed", field=min(strange, default="_saveasnew"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """For rows without a domain function of their own; the others override this."""
        who = actor(request)
        who.require(self.right)
        before = audit.picture_of(self.stored(request, obj)) if change else {}
        obj.save()
        before, after = audit.changes(before, audit.picture_of(obj))
        action = f"{self.opts.model_name}.{'changed' if change else 'created'}"
        audit.write(actor=who, action=action, target=obj, before=before, after=after)

    def stored(self, request: HttpRequest, obj: Any) -> Any:
        """As it is in the database. A form writes into its row before anyone may say no, and a
        domain function that compared with that would see no change, and so no escalation."""
        return self.get_queryset(request).get(pk=obj.pk)

    @staticmethod
    def adopt(obj: models.Model, made: models.Model) -> None:
        """The form goes on with the row that the domain function made."""
        obj.__dict__.update(made.__dict__)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        raise NotImplementedError("an inline is saved by a domain function")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        raise NotImplementedError("a row is deleted by a domain function")

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refusal as refusal:
            if refusal.code == "not_found":
                raise
            self.tell(request, refusal)
            return HttpResponseRedirect(self.url(object_id))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What else goes is said in words on the page, not row by row."""
        return [], {}, set(), []

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        asked = request.POST.get("action")
        if asked and asked not in self.get_actions(request):
            raise Refusal("forbidden", right=self.right)
        return super().changelist_view(request, extra_context)

    def response_action(  # type: ignore[override]
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> Any:
        """An id that is not in the list is not passed over in silence."""
        chosen = set(request.POST.getlist(ACTION_CHECKBOX_NAME))
        try:
            found = queryset.filter(pk__in=chosen).count()
        except ValueError as no_id:
            raise NotFound from no_id
        if found != len(chosen):
            raise NotFound
        return super().response_action(request, queryset)

    def each(self, request: HttpRequest, rows: Iterable[Any], do: Deed, done: str) -> None:
        """A list action: for all of them, or for none."""
        who = actor(request)
        try:
            with transaction.atomic():
                for row in rows:
                    if not self.is_here(request, row):
                        raise Refusal("forbidden")
                    do(who, row)
        except Refusal as refusal:
            self.tell(request, refusal)
        else:
            messages.success(request, done)

    def confirmed(
        self,
        request: HttpRequest,
        object_id: str,
        do: Deed,
        done: str,
        right: str = "",
        **words: Any,
    ) -> HttpResponse:
        """A button above a form: asks by GET, acts on POST."""
        row = self.row_or_404(request, object_id)
        if not self.may_act(request, row, right):
            raise Refusal("forbidden", right=right or self.right)
        if request.method != "POST":
            back = self.url(object_id)
            return self.show(request, "admin/confirm.html", original=row, back=back, **words)
        try:
            do(actor(request), row)
        except Refusal as refusal:
            self.tell(request, refusal)
        else:
            messages.success(request, done)
        return HttpResponseRedirect(self.url(object_id))

    def reasoned(
        self,
        request: HttpRequest,
        object_id: str,
        do: Callable[[Actor, Any, str], object],
        done: str,
        right: str = "",
        back: str = "",
        **words: Any,
    ) -> HttpResponse:
        """As `confirmed`, and whoever does it says why. Without an id: above a list."""
        row = self.row_or_404(request, object_id) if object_id else None
        if not self.may_act(request, row, right):
            raise Refusal("forbidden", right=right or self.right)
        back = back or self.url(object_id)
        said, refusal = request.POST.get("reason", "")[:LONGEST_REASON], None
        if request.method == "POST":
            try:
                if not said.strip():
                    raise Refusal("required", _("Say why."), field="reason")
                do(actor(request), row, said.strip())
            except Refusal as no:
                refusal = no
                self.witness(request, no)
            else:
                messages.success(request, done)
                return HttpResponseRedirect(back)
        frame = {"original": row, "back": back, "said": said, "refusal": refusal}
        answer = self.show(request, "admin/reason.html", **frame, **words)
        return _marked(answer, refusal) if refusal else answer

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """A list links to `prov_5Fm7…`. Django hands that over unquoted, the theme as it stands in
        the address; no id of ours reads otherwise when it is unquoted twice."""
        return super().get_object(request, unquote(object_id), from_field)

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        row = self.get_object(request, object_id)
        if row is None:
            raise NotFound
        return row

    def tell(self, request: HttpRequest, refusal: Refusal) -> None:
        self.witness(request, refusal)
        messages.error(request, str(refusal), extra_tags=refusal.code)

    def witness(self, request: HttpRequest, refusal: Refusal) -> None:
        match = request.resolver_match
        action = f"{request.method} {match.view_name if match else ''}"[:60]
        audit.refused(actor=actor(request), refusal=refusal, action=action)

    def show(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """A page of its own within the frame of this list."""
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "model_admin": self}
        row = context.get("original")
        frame["heading"] = self.heading(row) if row is not None else ""
        return TemplateResponse(request, template, {**frame, **context})

    def url(self, object_id: str, page: str = "change") -> str:
        raise NotImplementedError

    def heading(self, row: Any) -> str:
        raise NotImplementedError


def _marked(answer: Any, refusal: Refusal) -> Any:
    """The form once more, with a status and a code that programs understand."""
    answer.status_code, answer.headers["X-Error-Code"] = refusal.status, refusal.code
    return answer


def _names_of(model: type[models.Model], prefix: str) -> set[str]:
    fields = model._meta.fields
    return {f"{prefix}{name}" for field in fields for name in (field.name, field.attname)}


def _without_number(name: str, prefix: str) -> str:
    """`members-3-team` without its 3."""
    number, _, rest = name.removeprefix(prefix).partition("-")
    return f"{prefix}{rest}" if name.startswith(prefix) and number.isdecimal() else ""


def _as_refusal(no: Refusal | ValidationError | IntegrityError) -> Refusal:
    if isinstance(no, Refusal):
        return no
    if isinstance(no, IntegrityError):  # two at once: the form saw no clash, the database did
        return Refusal("already_exists")
    faults = no.message_dict if hasattr(no, "error_dict") else {NON_FIELD_ERRORS: no.messages}
    field, texts = next(iter(faults.items()))
    return Refusal("invalid_value", " ".join(texts), field=field)
