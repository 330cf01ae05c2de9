"""One file per new thing: a class with a decorator, found at start.

The contract follows the shape that Baserow and NetBox made familiar: a registry knows types by key,
each type is one instance, and its place in the tree is its registration.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar, Generic, TypeVar

from django import forms

from core.errors import Invalid, NotFound, Text
from core.form_schema import schema_of


class SettingsForm(forms.Form):
    """The settings of something configurable, declared once beside its class.

    One declaration serves the dialog, the API check and the documentation. `context` is what the choices
    depend on (a process definition, for instance).
    """

    added: ClassVar[Mapping[str, dict[str, Any]]] = {}
    """Setting that `to_settings` adds to those that are given → its JSON Schema."""
    rest: ClassVar[bool | dict[str, Any]] = False
    """JSON Schema of whatever else stands in the settings; False for nothing."""

    def __init__(self, *args: Any, context: Any = None, **kwargs: Any) -> None:
        self.context = context
        super().__init__(*args, **kwargs)

    def to_settings(self) -> dict[str, Any]:
        """The cleaned data in a form that JSON can hold."""
        return dict(self.cleaned_data)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """JSON Schema of the settings: what is given, and as read-only what the product adds to it."""
        fields = cls.base_fields
        given = {key: schema_of(field) for key, field in fields.items()}
        return {
            "type": "object",
            "properties": given | {key: {**shape, "readOnly": True} for key, shape in cls.added.items()},
            "required": [key for key, field in fields.items() if field.required],
            "additionalProperties": cls.rest,
        }


class Extension:
    """One kind of something: a field type, a robot, a channel."""

    key: ClassVar[str]
    label: ClassVar[Text]
    Settings: ClassVar[type[SettingsForm]] = SettingsForm

    def clean_settings(self, data: Mapping[str, Any], *, context: Any = None) -> dict[str, Any]:
        """Checked settings ready to store; raises Invalid with messages per setting, unknown ones included."""
        form = self.Settings(dict(data), context=context)
        unknown = sorted(set(data) - set(form.fields))
        if unknown:
            raise Invalid("Unknown settings.", {key: ["There is no such setting."] for key in unknown})
        if not form.is_valid():
            raise Invalid(
                "Some settings are wrong.",
                {key: [str(e) for e in messages] for key, messages in form.errors.items()},
            )
        return form.to_settings()


E = TypeVar("E", bound=Extension)


class Registry(Generic[E]):
    """All kinds of one thing, by key, in order of registration."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: dict[str, E] = {}

    def register(self, cls: type[E]) -> type[E]:
        """Class decorator: makes one instance and files it under its key."""
        if cls.key in self._items:
            raise ValueError(f"{self.name}: the key {cls.key!r} is taken")
        self._items[cls.key] = cls()
        return cls

    def __getitem__(self, key: str) -> E:
        try:
            return self._items[key]
        except KeyError:
            raise NotFound(f"There is no {self.name} “{key}”.", key=key) from None

    def get(self, key: str) -> E | None:
        """The kind of a key, None when there is none (any more)."""
        return self._items.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[E]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def choices(self) -> list[tuple[str, Text]]:
        """Pairs for a form's choice field."""
        return [(item.key, item.label) for item in self]

    def keys(self) -> list[str]:
        """The registered keys."""
        return list(self._items)


def import_modules(package: str) -> None:
    """Import every module of a package, so that its decorators run. Called from AppConfig.ready()."""
    module = import_module(package)
    for info in sorted(iter_modules(module.__path__), key=lambda info: info.name):
        import_module(f"{package}.{info.name}")
