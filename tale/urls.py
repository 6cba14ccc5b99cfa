from django.urls import include, path

from accounts.views import licence, set_language
from tale import admin, health, metrics
from tale.api.openai import images
from tale.edges import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("", include("chats.urls")),
    path("", include("assistants.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/providers/oauth/", include("providers.urls")),
    path("admin/", admin.site.urls),
    path("language", set_language, name="set_language"),
    path("licence", licence, name="licence"),
    path("api/v1/", include("tale.api.router")),
    path("openai/v1/images/generations", images.generate, name="openai-images"),
    path("openai/v1/images/edits", images.edit, name="openai-edits"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
