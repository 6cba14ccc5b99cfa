"""The description of `/api/v1/`, as a file and as a page.

Open to everybody: they say what the API is, and nothing of what is in it. `docs/openapi.json` is
the same text, so that a change of the API shows in review:

    .venv/bin/python manage.py spectacular --format openapi-json --file docs/openapi.json
"""

from __future__ import annotations

from functools import cache

from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.views import APIView


class OpenApi(APIView):
    authentication_classes = ()
    permission_classes = ()
    schema = None

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(written(), "application/json")


class DocsPage(SpectacularSwaggerSplitView):
    authentication_classes = ()
    permission_classes = ()
    schema = None
    template_name = "api/docs.html"
    template_name_js = "api/docs.js"
    title = "Tale API"


@cache
def written() -> bytes:
    """Once a process: it takes a second, and is the same for all."""
    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)
    text: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    return text
