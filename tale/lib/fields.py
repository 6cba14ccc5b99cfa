import secrets
import time
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.deconstruct import deconstructible

if TYPE_CHECKING:
    Text = models.CharField[str, str]
else:  # a field is generic for the type checker only
    Text = models.CharField

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """`org_…`: 8 characters of time, so that rows made together lie together; 80 random bits."""
    number = (time.time_ns() // 1_000_000 & (1 << 40) - 1) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(115, -1, -5))


@deconstructible
class NewId:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def __call__(self) -> str:
        return new_id(self.prefix)


class PublicIdField(Text):
    """The primary key people may see: says what it names and cannot be counted through."""

    def __init__(self, prefix: str = "", **options: Any) -> None:
        self.prefix = prefix
        options.update(primary_key=True, editable=False, max_length=40, default=NewId(prefix))
        super().__init__(**options)

    def get_prep_value(self, value: Any) -> Any:
        """An id with a NUL in it is unknown like any other; PostgreSQL would call it an error."""
        prepared = super().get_prep_value(value)
        return prepared.replace("\0", "\ufffd") if isinstance(prepared, str) else prepared

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, _args, options = super().deconstruct()
        for implied in ("primary_key", "editable", "max_length", "default"):
            options.pop(implied, None)
        return name, path, [self.prefix], options
