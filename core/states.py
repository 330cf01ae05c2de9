"""States that only transitions change, safe where many threads load rows at once."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django_fsm import FSMField, FSMFieldDescriptor

_LOADING = "_loading_anew"


class _Guard(FSMFieldDescriptor):
    """Refuses to be assigned, but for loading anew."""

    def __set__(self, instance: Any, value: Any) -> None:
        if _LOADING in instance.__dict__:
            instance.__dict__.pop(self.field.name, None)
        super().__set__(instance, value)


class StateField(FSMField):
    """A state that only a transition of its row changes."""

    descriptor_class = _Guard

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "protected": True})

    def deconstruct(self) -> Any:
        """For migrations it is the plain field: nothing differs in the database."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django_fsm.FSMField", args, kwargs


class HasStates(models.Model):
    """A row with states, which may be loaded anew.

    In place of `FSMModelMixin`, which opens the field of all rows meanwhile: of two threads that load at once, one
    closes it under the other.
    """

    class Meta:
        abstract = True

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Load again; the one moment besides loading when a state may be written without a transition."""
        self.__dict__[_LOADING] = True
        try:
            super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        finally:
            del self.__dict__[_LOADING]
