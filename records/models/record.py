"""The catalogue: one row per record of the whole system."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from records.querysets import RecordQuerySet

# The parser of a database with the locale C.UTF-8 takes every character beyond ASCII for a letter,
# quotation marks and dashes included: they become blanks first. So do signs that make one word of several: an address
# of mail or of the web, a file name, a range of numbers is found by each of its parts.
_MARKS = "«»„“”‘’‹›—–…№·•¿¡@.+-_/:~<>&=?#"
SEARCH_TEMPLATE = (
    f"to_tsvector('simple'::regconfig, translate(lower(title || ' ' || words), 'ё{_MARKS}', 'е{' ' * len(_MARKS)}'))"
)


class Record(models.Model):
    """The identity of one piece of work. Its values are in the typed table of its process, under the same id.

    Everything that looks across processes (my work, search, mentions) reads this table and nothing else.
    """

    process = models.ForeignKey("processes.Process", on_delete=models.PROTECT, related_name="+")
    pipeline = models.ForeignKey("processes.Pipeline", on_delete=models.PROTECT, related_name="+")
    stage = models.ForeignKey("processes.Stage", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    assignee = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    department = models.ForeignKey("accounts.Department", on_delete=models.SET_NULL, null=True, related_name="+")
    observer_ids = ArrayField(models.BigIntegerField(), null=True)
    """Who watches it beside those whose it is; empty is NULL."""
    words = models.TextField(default="", db_default="")
    """The words of the fields that the search finds it by, beside its title."""
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)
    search = models.GeneratedField(
        expression=models.Func(
            template=SEARCH_TEMPLATE,
            output_field=SearchVectorField(),
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = RecordQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["process", "-id"], condition=models.Q(deleted_at=None), name="record_of_process"),
            models.Index(
                fields=["assignee", "-id"],
                condition=models.Q(deleted_at=None, is_open=True),
                name="record_my_work",
            ),
            GinIndex(fields=["search"], name="record_search"),
            GinIndex(
                fields=["observer_ids"],
                condition=models.Q(deleted_at=None, observer_ids__isnull=False),
                name="record_observers",
            ),
        ]

    def __str__(self) -> str:
        return self.title
