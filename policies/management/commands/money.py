from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organisation
from policies import drift


class Command(BaseCommand):
    help = "Checks that counters, holds and ledger agree. Status 1 and a line each if not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["check"])
        parser.add_argument("organisation", nargs="*", help="its id; none: every organisation")

    def handle(self, *_args: Any, organisation: list[str], **_options: Any) -> None:
        known = {row.pk: row for row in Organisation.objects.order_by("created_at")}
        if unknown := set(organisation) - known.keys():
            raise CommandError(f"There is no organisation {', '.join(sorted(unknown))}.")
        number = 0
        for pk in organisation or known:
            drifts = drift.found(organisation=known[pk], now=timezone.now())
            self.stdout.write(f"{pk}: {f'{len(drifts)} found' if drifts else 'all agrees'}")
            for each in drifts:
                self.stdout.write(f"  {each}")
            number += len(drifts)
        if number:
            raise CommandError(f"Money does not add up: {number} found. Nothing was changed.")
