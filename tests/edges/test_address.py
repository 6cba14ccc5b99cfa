from typing import Any

import pytest
from django.test import Client

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]


@pytest.mark.parametrize(
    ("proxies", "passed", "address"),
    [
        (0, "", "10.0.0.1"),
        (0, "1.2.3.4", "10.0.0.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (1, "1.2.3.4, ", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "nonsense", "10.0.0.1"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1"),
        (1, "1.2.3.4:5678", "1.2.3.4"),
        (1, "[2001:db8::1]:5678", "2001:db8::1"),
        (1, "2001:DB8:0::1", "2001:db8::1"),
    ],
)
def test_we_believe_our_proxies_and_no_one_else(
    client: Client, settings: Any, proxies: int, passed: str, address: str
) -> None:
    settings.TALE_PROXIES = proxies
    headers = {"X-Forwarded-For": passed} if passed else {}
    response = client.get("/address", REMOTE_ADDR="10.0.0.1", headers=headers)
    assert response.content.decode() == address
