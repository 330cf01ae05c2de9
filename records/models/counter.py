"""Series of numbers without gaps."""

from typing import ClassVar

from django.db import models


class Counter(models.Model):
    """The last number that a field has given in a period (a year, or no period at all).

    Its row stays locked until the create that took a number commits: creates wait for each other, and what is rolled
    back leaves no gap.
    """

    field = models.ForeignKey("processes.Field", on_delete=models.CASCADE, related_name="+")
    period = models.CharField(max_length=4, blank=True)
    value = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["field", "period"], name="counter_once")]

    def __str__(self) -> str:
        return f"{self.field_id} {self.period}: {self.value}"
