from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit


class Command(BaseCommand):
    help = "Checks that no audit line was changed, removed or slipped in. Status 1 if one was."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("chain", nargs="*", help="ids of organisations; none: every chain")

    def handle(self, *_args: Any, chain: list[str], **_options: Any) -> None:
        faults = {name: audit.verify(name) for name in chain or audit.chains()}
        for name, fault in faults.items():
            self.stdout.write(f"{name}: {fault or 'whole'}")
        broken = sum(map(bool, faults.values()))
        if broken:
            raise CommandError(f"{broken} of {len(faults)} chains are not as they were written.")
