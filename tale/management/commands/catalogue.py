import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Membership, Organisation, Role
from providers import published
from providers.published import Published
from providers.refreshing import Step, refresh
from tale.lib import money
from tale.lib.refusals import Refusal

_RATE = re.compile(r"([A-Z]{3})/([A-Z]{3})=(.+)", re.ASCII)


class Command(BaseCommand):
    help = "Shows what providers publish of their models, or brings the models here up to it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["show", "apply"])
        parser.add_argument("--file", type=Path, help="a newer file, instead of the shipped one")
        parser.add_argument("--organisation", help="its id; without it, every organisation")
        parser.add_argument("--dry-run", action="store_true", help="say it, change nothing")
        parser.add_argument(
            "--rate",
            action="append",
            default=[],
            metavar="USD/EUR=0.86",
            help="how much one of the first currency is in the second",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            file: Path | None = options["file"]
            data = published.read(file.read_text("utf-8")) if file else published.shipped()
            rates = dict(map(_rate, options["rate"]))
            if options["action"] == "show":
                self._show(data)
                return
            for organisation in _organisations(options["organisation"]):
                steps = refresh(
                    actor=_owner_of(organisation),
                    published=data,
                    now=timezone.now(),
                    rates=rates,
                    dry_run=options["dry_run"],
                )
                self._tell(organisation, steps, was_real=not options["dry_run"])
        except (OSError, UnicodeDecodeError) as missing:
            raise CommandError(f"The file cannot be read: {missing}") from missing
        except Refusal as refusal:
            raise CommandError(f"{refusal.field}: {refusal} ({refusal.code})") from refusal

    def _show(self, data: Published) -> None:
        for (kind, name), proposal in data.models.items():
            end = f", retires {proposal.retires_on}" if proposal.retires_on else ""
            heir = f", then {proposal.replacement}" if proposal.replacement else ""
            self.stdout.write(f"{kind} {name}: {', '.join(proposal.tags)}{end}{heir}")
            for row in proposal.prices:
                what = " ".join(filter(None, (row.unit, row.size, row.quality)))
                self.stdout.write(f"    {what}: {money.plain(row.amount_micro)} {row.currency}")
            self.stdout.write(f"    {proposal.source} ({proposal.read_on})")

    def _tell(self, organisation: Organisation, steps: list[Step], *, was_real: bool) -> None:
        changed = sum(step.done == "changed" for step in steps)
        for step in steps:
            why = f" ({step.why})" if step.why else ""
            self.stdout.write(f"  {step.done}: {step.model} {step.what}".rstrip() + why)
        verb = "changed" if was_real else "would change"
        self.stdout.write(f"{organisation.name} ({organisation.pk}): {verb} {changed}")


def _rate(said: str) -> tuple[tuple[str, str], int]:
    found = _RATE.fullmatch(said)
    if found is None:
        raise CommandError("Write a rate such as --rate USD/EUR=0.86.")
    return (found[1], found[2]), money.parse(found[3], field="rate")


def _organisations(pk: str | None) -> list[Organisation]:
    if pk is None:
        return list(Organisation.objects.order_by("created_at"))
    found = list(Organisation.objects.filter(pk=pk))
    if not found:
        raise CommandError(f"There is no organisation {pk}.")
    return found


def _owner_of(organisation: Organisation) -> Actor:
    """Who runs commands here acts for the owner; the audit says where it came from."""
    members = Membership.objects.of(organisation).select_related("user")
    owner = members.filter(role=Role.OWNER, deactivated_at=None).first()
    if owner is None:
        raise CommandError(f"{organisation.pk} has no owner.")
    return Actor(organisation, owner.user, owner, surface="command")
