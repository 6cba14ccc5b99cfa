from typing import Any

from django.urls import path

from providers.api.models import (
    ModelDefaults,
    ModelDetail,
    ModelList,
    ModelPrices,
)
from providers.api.providers import (
    CredentialDetail,
    ProviderCredentials,
    ProviderDetail,
    ProviderList,
    ProviderTest,
)

urlpatterns: list[Any] = [
    path("providers", ProviderList.as_view(), name="providers"),
    path("providers/<slug:pk>", ProviderDetail.as_view(), name="provider"),
    path("providers/<slug:pk>/test", ProviderTest.as_view(), name="provider-test"),
    path(
        "providers/<slug:pk>/credentials",
        ProviderCredentials.as_view(),
        name="provider-credentials",
    ),
    path("credentials/<slug:pk>", CredentialDetail.as_view(), name="credential"),
    path("models", ModelList.as_view(), name="models"),
    path("models/<slug:pk>", ModelDetail.as_view(), name="model"),
    path("models/<slug:pk>/prices", ModelPrices.as_view(), name="model-prices"),
    path("model-defaults", ModelDefaults.as_view(), name="model-defaults"),
]
