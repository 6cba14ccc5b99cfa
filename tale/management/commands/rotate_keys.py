from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import sealed


class Command(BaseCommand):
    help = "Seals every stored secret anew under the first key of TALE_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only, change nothing")
        parser.add_argument("--batch", type=int, default=sealed.BATCH, help="rows read at once")

    def handle(self, *_args: Any, dry_run: bool, batch: int, **_options: Any) -> None:
        """Status 1 while anything is sealed under a key that is not in the ring."""
        if batch < 1:
            raise CommandError("--batch must be 1 or more.")
        broken = left = 0
        for column in sealed.rotate(dry_run=dry_run, batch=batch):
            self.stdout.write(f"{column.name}: {column.moved} moved, {column.left.total()} left")
            for key, number in sorted(column.left.items()):
                self.stdout.write(f"  {number} under key {key}")
            for pk in column.broken:
                self.stdout.write(f"  no key of TALE_KEYS opens {pk}")
            broken += len(column.broken)
            left += column.left.total()
        if broken:
            raise CommandError(f"{broken} secrets open under no key of TALE_KEYS; enter them anew.")
        if not left:
            self.stdout.write("Only the first key is in use: the others can leave TALE_KEYS.")
