"""`/api/v1/`: every app's resources, and their description."""

from django.urls import include, path

from tale.api.docs import DocsPage, OpenApi

app_name = "api"
urlpatterns = [
    path("openapi.json", OpenApi.as_view(), name="openapi"),
    path("docs", DocsPage.as_view(url_name="api:openapi"), name="docs"),
    path("", include("accounts.api.urls")),
    path("", include("policies.api")),
    path("", include("providers.api.urls")),
    path("", include("chats.api")),
    path("", include("assistants.api.urls")),
]
