import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tale import supervisor
from tale.lib import env


class Command(BaseCommand):
    help = "Prepare TALE_HOME, then run the web server, the worker and the clock until Ctrl-C."
    requires_system_checks: list[str] = []  # the children check themselves; here it costs a second

    def handle(self, *args: Any, **options: Any) -> None:
        host = env.text("TALE_HOST", "127.0.0.1")
        home, port, url = settings.TALE_HOME, settings.TALE_PORT, settings.TALE_URL
        try:
            sys.exit(supervisor.up(home=home, host=host, port=port, url=url))
        except supervisor.CannotStart as reason:
            sys.exit(f"tale: {reason}")
        except KeyboardInterrupt:  # before the children stood
            sys.exit(130)
