"""The form of a section: what it is called, in every language of the product."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from processes.models import Section


class SectionForm(forms.Form):
    """A section's words."""

    label = forms.CharField(label=_("Name"), max_length=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in settings.LANGUAGES:
            self.fields[f"label_{code}"] = forms.CharField(label=name, max_length=100, required=False)

    @classmethod
    def showing(cls, section: Section, data: Any = None) -> "SectionForm":
        """The form as a section is now, or as it was submitted."""
        words = {f"label_{code}": text for code, text in section.labels.items()}
        return cls(data, initial={"label": section.label, **words})

    @property
    def translations(self) -> list[forms.BoundField]:
        """Its name in every language of the product."""
        return [self[f"label_{code}"] for code, _name in settings.LANGUAGES]

    def changes(self) -> dict[str, Any]:
        """What the operations take."""
        data = self.cleaned_data
        labels = {code: data[f"label_{code}"] for code, _name in settings.LANGUAGES if data[f"label_{code}"]}
        return {"label": data["label"], "labels": labels}
