import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PATHS = [
    "/page",
    "/admin/page",
    "/kept",
    "/picture",
    "/stream",
    "/raises/bug",
    "/raises/down",
    "/raises/anonymous",
    "/loop/denied",
    "/no/such",
    "/api/v1/docs",
    "/api/v1/raises/bug",
    "/openai/v1/no/such",
    "/static/icons.svg",
    "/static/no.css",
    "/healthz",
    "/metrics",
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def directives(policy: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (part.partition(" ") for part in policy.split("; "))}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}, {"Host": "evil"}], ids=str)
def test_every_answer_has_them(client: Client, path: str, headers: dict[str, str]) -> None:
    response = client.get(path, headers=headers)
    assert {name: response.headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert response.headers["X-Request-Id"]
    policy = directives(response.headers["Content-Security-Policy"])
    assert policy.get("default-src", "'none'") == "'none'"
    assert "unsafe" not in str(policy) or path in ("/admin/page", "/api/v1/docs")


def test_the_app_runs_its_own_scripts_and_nothing_inline(client: Client) -> None:
    policy = directives(client.get("/page").headers["Content-Security-Policy"])
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' blob:"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"


def test_the_admin_may_what_its_theme_needs_and_no_other_page_may(client: Client) -> None:
    policy = directives(client.get("/admin/page").headers["Content-Security-Policy"])
    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["default-src"] == "'none'"


def test_the_documentation_may_style_itself(client: Client) -> None:
    policy = directives(client.get("/api/v1/docs").headers["Content-Security-Policy"])
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["script-src"] == "'self'"


@pytest.mark.parametrize("path", ["/picture", "/api/v1/raises/denied", "/static/icons.svg"])
def test_what_is_no_page_runs_nothing(client: Client, path: str) -> None:
    policy = directives(client.get(path).headers["Content-Security-Policy"])
    assert "sandbox" in policy
    assert "script-src" not in policy


def test_the_store_of_the_pictures_may_be_another_origin(client: Client, settings) -> None:
    settings.TALE_IMAGE_ORIGINS = ["https://pictures.example"]
    policy = directives(client.get("/page").headers["Content-Security-Policy"])
    assert policy["img-src"] == "'self' blob: https://pictures.example"


def test_nothing_is_kept_unless_the_view_says_so(client: Client) -> None:
    for path in ("/page", "/api/v1/raises/denied", "/no/such", "/raises/anonymous"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
    kept = client.get("/kept").headers
    assert kept["Cache-Control"] == "private, no-cache"
    assert kept["Content-Security-Policy"] == "sandbox"
    assert "no-store" not in client.get("/static/icons.svg").headers["Cache-Control"]


def test_a_page_varies_by_htmx(client: Client) -> None:
    assert "HX-Request" in client.get("/page").headers["Vary"]
    assert "HX-Request" not in client.get("/picture").headers.get("Vary", "")


@pytest.mark.parametrize("path", ["/stream", "/raises/bug", "/static/icons.svg", "/no/such"])
def test_on_the_loop_too(path: str) -> None:
    client = AsyncClient(raise_request_exception=False)
    response = async_to_sync(client.get)(path)
    assert {name: response.headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert response.headers["Content-Security-Policy"]
