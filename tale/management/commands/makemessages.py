"""Writes the texts of Tale into its catalogue: `manage.py makemessages -l de`; translate what is
new, then `manage.py compilemessages -i .venv`. tests/test_language.py says when it is out of step.
"""

from typing import Any

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    # A module that has lazy texts as `_` calls those that are read at once `_t`.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_t"]

    def handle(self, *args: Any, **options: Any) -> None:
        options["ignore_patterns"] += ["var", "tests", "staticfiles"]
        options["add_location"] = "file"  # a line number would change with every edit
        options["no_obsolete"] = True
        super().handle(*args, **options)
