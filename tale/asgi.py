import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tale.settings")
django = get_asgi_application()

from tale.edges import bounded  # noqa: E402  needs the settings

application = bounded(django)
