"""Agreeing to what cannot be taken back, by typing a name."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _


class TypedName(forms.Form):
    """Wants exactly these words."""

    name = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))

    def __init__(self, wanted: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted
        self.fields["name"].label = _("Type “%s” to confirm") % wanted

    def clean_name(self) -> str:
        """The words themselves; blanks around them do not count."""
        name: str = self.cleaned_data["name"]
        if name != self.wanted:
            raise forms.ValidationError(_("This is not the name."))
        return name
