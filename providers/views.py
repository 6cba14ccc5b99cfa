"""The way of an administrator's browser to a sign-in service and back."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.auth import actor_of
from providers import credentials, oauth
from providers.models import Credential
from tale.lib.aio import in_db


@require_GET  # a link and no form: form-action 'self' forbids a form to lead elsewhere
def sign_in(request: HttpRequest, credential_id: str) -> HttpResponse:
    actor = actor_of(request)
    address = oauth.begin(
        actor=actor,
        credential=credentials.credential_for(actor, credential_id),
        redirect_uri=settings.TALE_URL + reverse("providers:signed-in"),
        session=request.session,
        now=timezone.now(),
    )
    return redirect(address)


@require_GET
async def signed_in(request: HttpRequest) -> HttpResponse:
    credential = await oauth.finish(
        actor=await in_db(actor_of, request),
        state=request.GET.get("state", ""),
        code=request.GET.get("code", ""),
        session=request.session,
        now=timezone.now(),
    )
    return await in_db(_back, request, credential)


def _back(request: HttpRequest, credential: Credential) -> HttpResponse:
    messages.success(request, _("“%(name)s” is signed in.") % {"name": credential})
    return redirect("admin:providers_provider_change", credential.provider_id)
