"""The end of a chain of hashed lines; whoever holds it adds the next line."""

from __future__ import annotations

from typing import Self

from django.db import models


class Head(models.Model):
    chain = models.CharField(max_length=40, primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.chain} #{self.seq}"

    @classmethod
    def lock(cls, chain: str) -> Self:
        """Until the transaction ends: lines come one after the other, none in between."""
        heads = cls._default_manager
        named = heads.select_for_update().filter(chain=chain)
        if (head := named.first()) is not None:
            return head
        heads.bulk_create([cls(chain=chain)], ignore_conflicts=True)
        return named.get()

    def move_to(self, seq: int, digest: str) -> None:
        self.seq, self.hash = seq, digest
        self.save(update_fields=["seq", "hash"])
