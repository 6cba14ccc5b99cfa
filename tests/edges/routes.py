"""A few routes that say no in every way, so that each edge can be heard."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework import serializers
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Organisation
from tale import edges, health, metrics
from tale.api.limits import admitted
from tale.lib import strict
from tale.lib.address import client_address
from tale.lib.aio import in_db
from tale.lib.htmx import with_toasts
from tale.lib.refusals import NotFound, Refusal

handler400, handler403 = edges.handler400, edges.handler403
handler404, handler500 = edges.handler404, edges.handler500

SECRET = "hunter2 at /srv/tale/settings.py"
RAISED: dict[str, Callable[[], Exception]] = {
    "refusal": lambda: Refusal("too_long", "Too long.", field="members[0].name", limit=80),
    "anonymous": lambda: Refusal("unauthenticated"),
    "cap": lambda: Refusal(
        "budget_exceeded", "The cap is reached.", retry_after_s=60, scope="team"
    ),
    "provider": lambda: Refusal("provider_timeout"),
    "unknown": NotFound,
    "foreign": lambda: Http404(SECRET),
    "denied": lambda: PermissionDenied(SECRET),
    "suspicious": lambda: SuspiciousOperation(SECRET),
    "bad": lambda: BadRequest(SECRET),
    "down": lambda: OperationalError(SECRET),
    "gone": lambda: InterfaceError(SECRET),
    "bug": lambda: KeyError(SECRET),
    "key": lambda: AuthenticationFailed(SECRET, code="api_key_revoked"),
    "nobody": lambda: NotAuthenticated(SECRET),
}


def raises(request: HttpRequest, what: str) -> HttpResponse:
    raise RAISED[what]()


async def raises_on_loop(request: HttpRequest, what: str) -> HttpResponse:
    raise RAISED[what]()


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>hello")


def kept(request: HttpRequest) -> HttpResponse:
    headers = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "sandbox"}
    return HttpResponse("x", headers=headers)


def picture(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"\x89PNG", content_type="image/png")


def stream(request: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(iter(["data: 1\n\n"]), content_type="text/event-stream")


def bare(request: HttpRequest, status: int) -> HttpResponse:
    return HttpResponse(status=status)


def said(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>in its own words", status=403)


def reads_post(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"sent": len(request.POST)})


def secret_path(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse(token)


class Member(strict.StrictSerializer):
    name = strict.StrictCharField(max_length=5)
    role = strict.StrictChoiceField(choices=("admin", "member"), default="member")


class Form(strict.StrictSerializer):
    id = serializers.CharField(read_only=True)
    name = strict.StrictCharField(required=False, allow_blank=True)
    title = strict.StrictCharField(required=False)
    mail = strict.StrictEmailField(required=False)
    n = strict.StrictIntegerField(required=False, min_value=1, max_value=10)
    on = strict.StrictBooleanField(required=False)
    off = strict.StrictBooleanField(required=False, allow_null=True)
    role = strict.StrictChoiceField(choices=("1", "2"), required=False)
    cap = strict.AmountField(required=False)
    tags = strict.StrictListField(child=strict.StrictCharField(), max_length=2, required=False)
    members = Member(many=True, required=False)
    house = serializers.PrimaryKeyRelatedField(queryset=Organisation.objects.all(), required=False)


@api_view(["POST"])
@authentication_classes([])
@permission_classes([])
@throttle_classes([])
def form(request: Request) -> Response:
    body = Form(data=request.data)
    body.is_valid(raise_exception=True)
    return Response(body.validated_data)


@api_view(["GET"])
@authentication_classes([])
@permission_classes([])
@throttle_classes([])
def drf_raises(request: Request, what: str) -> Response:
    raise RAISED[what]()


class Limited(APIView):
    """As settings have it: by key, throttled."""

    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response({})

    def delete(self, request: Request) -> Response:
        raise Refusal("insufficient_scope", scope="images")


class Spending(Limited):
    spends = True


async def wire(request: HttpRequest) -> JsonResponse:
    await in_db(admitted, request, spends=True)
    return JsonResponse({})


def toasted(request: HttpRequest) -> HttpResponse:
    messages.error(request, "<b>first</b>", extra_tags="first_code")
    messages.success(request, "second")
    return HttpResponse(with_toasts(request, "<p>fragment</p>"))


def comes_from(request: HttpRequest) -> HttpResponse:
    return HttpResponse(client_address(request))


def _under(prefix: str) -> list[Any]:
    return [
        path(f"{prefix}raises/<str:what>", csrf_exempt(raises)),
        path(f"{prefix}loop/<str:what>", csrf_exempt(raises_on_loop)),
        path(f"{prefix}bare/<int:status>", bare),
        path(f"{prefix}said", said),
        path(f"{prefix}post", require_POST(csrf_exempt(page))),
    ]


urlpatterns = [
    *_under(""),
    *_under("api/v1/"),
    *_under("openai/v1/"),
    *_under("mistral/v1/"),
    path("page", page, name="page"),
    path("admin/page", page),
    path("api/v1/docs", page),
    path("kept", kept),
    path("picture", picture),
    path("stream", stream),
    path("guarded", reads_post),
    path("reset/<str:token>", secret_path, name="reset"),
    path("accounts/login/", page, name="account_login"),
    path("api/v1/form", form),
    path("api/v1/drf/<str:what>", drf_raises),
    path("api/v1/limited", Limited.as_view(), name="limited"),
    path("api/v1/spending", Spending.as_view()),
    path("openai/v1/wire", csrf_exempt(wire)),
    path("toasted", toasted),
    path("address", comes_from),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
]
