"""Forms of a living process: what it is called and how it looks."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.seen import mark_of
from processes.models import Process
from processes.seen import words_of


class ProcessForm(forms.Form):
    """How a process is called and looks."""

    name = forms.CharField(label=_("Name"), max_length=100)
    noun = forms.CharField(label=_("One of them"), max_length=60)
    noun_plural = forms.CharField(label=_("Several"), max_length=60)
    noun_many = forms.CharField(label=_("After a number: 5…"), max_length=60, required=False)
    description = forms.CharField(
        label=_("Description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    icon = forms.CharField(max_length=40)
    color = forms.CharField(max_length=12)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def showing(cls, process: Process) -> "ProcessForm":
        """The form as the process is now."""
        words = words_of(process)
        return cls(initial={**words, "seen": mark_of(words)})
