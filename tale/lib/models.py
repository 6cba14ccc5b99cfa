from django.db import models


class RateWindow(models.Model):
    """How often somebody came since `opened_s`; see limits.py. The name is hashed: it may be an
    address."""

    key = models.CharField(max_length=64, primary_key=True)
    opened_s = models.BigIntegerField()  # Unix time
    closes_s = models.BigIntegerField(db_index=True)
    taken = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.taken} since {self.opened_s}"


class LiveState(models.Model):
    """What live.py keeps where there is no Redis."""

    key = models.CharField(max_length=80, primary_key=True)
    body = models.TextField()
    updated_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
