"""The description of `/api/v1/`, as a file and as a page.

Open to everybody: they say what the API is, and nothing of what is in it. `docs/openapi.json` is
the same text, so that a change of the API shows in review:

    .venv/bin/python manage.py spectacular --format openapi-json --file docs/openapi.json
"""

from __future__ import annotations

import threading
from functools import cache

from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.views import APIView

_writing = threading.Lock()


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


def written() -> bytes:
    """Once a process: it takes a second, and is the same for all. Two at once would spoil each
    other's: the generator keeps what it has seen in one place."""
    with _writing:
        return _written()


@cache
def _written() -> bytes:
    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)
    text: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    return text
