from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tale import demo


class Command(BaseCommand):
    help = "Loads the demo organisation, once, into an empty workspace. Not in production."

    def handle(self, *_args: Any, **_options: Any) -> None:
        note = settings.TALE_HOME / "demo.txt"
        if settings.PRODUCTION:
            self.stderr.write("No demo in production: everybody would know its sign-ins.")
        elif demo.exists():
            self.stdout.write("There are people here already; the demo stays away.")
        else:
            demo.load(note)
            self.stdout.write(f"Demo organisation loaded. Sign-ins: {note}")
