import pytest
from django.test import Client, RequestFactory

from tale.lib.htmx import is_htmx

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]


@pytest.mark.parametrize(
    ("headers", "yes"),
    [
        ({"HX-Request": "true"}, True),
        ({}, False),
        ({"HX-Request": "1"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_who_asks_for_a_part(headers: dict[str, str], yes: bool) -> None:
    assert is_htmx(RequestFactory().get("/", headers=headers)) is yes


def test_messages_follow_the_fragment_once(client: Client) -> None:
    html = client.get("/toasted", headers={"HX-Request": "true"}).content.decode()
    assert html.startswith("<p>fragment</p>")
    assert 'hx-swap-oob="beforeend:#toasts"' in html
    assert html.count('class="toast toast--') == 2
    assert "&lt;b&gt;first&lt;/b&gt;" in html
    assert 'data-error-code="first_code"' in html
    assert "first_code" not in client.get("/raises/denied").content.decode()
