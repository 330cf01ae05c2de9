"""Forms that describe a gate and the reasons for a failure."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from core.seen import mark_of
from processes.definition_types import CheckItem, Definition, GateDef, PipelineDef, ReasonDef
from processes.drafts import GateDraft, LineDraft, ReasonDraft
from processes.seen import reasons_of


class GateSettingsForm(forms.Form):
    """What a gate asks. The domain checks it; a line of the checklist keeps its key while its words stay."""

    fields_ = forms.MultipleChoiceField(label=_("Fields to be filled in"), required=False)
    condition = forms.JSONField(required=False, widget=forms.HiddenInput)
    refusal = forms.CharField(
        label=_("What to say when it does not hold"),
        help_text=_("For example: the amount has to be agreed with the head first."),
        max_length=255,
        required=False,
    )
    checklist = forms.CharField(
        label=_("Checklist"),
        help_text=_("One line each; people tick every one."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    is_comment_required = forms.BooleanField(label=_("A comment is required"), required=False)
    roles = forms.MultipleChoiceField(
        label=_("Only these roles"), help_text=_("Nobody chosen: everybody who may move."), required=False
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, definition: Definition, roles: Iterable[Role], gate: GateDef | None, data: Any = None) -> None:
        super().__init__(data, initial={**_initial(definition, gate), "seen": mark_of(gate)})
        self.lines = gate.checklist if gate else ()
        written = [field for field in definition.fields if not field.type.is_computed]
        self.fields["fields_"].choices = [(field.key, field.label) for field in written]  # type: ignore[attr-defined]
        self.fields["roles"].choices = [(str(role.pk), role.name) for role in roles]  # type: ignore[attr-defined]
        for name in ("fields_", "roles"):
            self.fields[name].widget.attrs["data-controller"] = "select"

    def draft(self) -> GateDraft:
        """The gate to be."""
        data = self.cleaned_data
        return GateDraft(
            fields=data["fields_"],
            roles=[int(role) for role in data["roles"]],
            condition=data["condition"],
            refusal=data["refusal"],
            checklist=_lines(data["checklist"], self.lines),
            is_comment_required=data["is_comment_required"],
        )


class ReasonsForm(forms.Form):
    """The reasons for a failure, one a line; a reason keeps its place in reports while its words stay."""

    reasons = forms.CharField(
        label=_("Reasons"),
        help_text=_("One a line. A reason that you take out stays in the history of records that ended with it."),
        widget=forms.Textarea(attrs={"rows": 5}),
        required=False,
    )
    is_required = forms.BooleanField(label=_("Ask for a reason whenever a record fails"), required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, pipeline: PipelineDef, data: Any = None) -> None:
        self.present = pipeline.reasons
        offered = [reason.name for reason in pipeline.reasons if not reason.is_retired]
        initial = {"reasons": "\n".join(offered), "is_required": pipeline.is_reason_required}
        super().__init__(data, initial={**initial, "seen": mark_of(reasons_of(pipeline))})

    def clean(self) -> dict[str, Any] | None:
        """Reasons that are not sent are not the same as none."""
        if "reasons" not in self.data:
            self.add_error("reasons", _("Fill this in."))
        return super().clean()

    def drafts(self) -> list[ReasonDraft]:
        """The reasons to be."""
        return _reasons(split_lines(self.cleaned_data["reasons"]), self.present)


def _initial(definition: Definition, gate: GateDef | None) -> dict[str, Any]:
    if gate is None:
        return {}
    fields = definition.field_by_id
    return {
        "fields_": [fields[field_id].key for field_id in gate.field_ids if field_id in fields],
        "roles": [str(role_id) for role_id in gate.role_ids],
        "condition": gate.condition,
        "refusal": gate.refusal,
        "checklist": "\n".join(item.text for item in gate.checklist),
        "is_comment_required": gate.is_comment_required,
    }


def split_lines(text: str) -> list[str]:
    """What somebody wrote one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _lines(text: str, present: Sequence[CheckItem]) -> list[LineDraft]:
    """Lines with the keys that they had: of the same words, or of the same place where only words changed."""
    texts = split_lines(text)
    keys: dict[str, str] = {item.text: item.key for item in present}
    known = [keys.pop(line, "") for line in texts]
    if len(texts) == len(present):
        known = [key or (item.key if item.text in keys else "") for key, item in zip(known, present, strict=True)]
    return [LineDraft(line, key) for line, key in zip(texts, known, strict=True)]


def _reasons(names: Sequence[str], present: Sequence[ReasonDef]) -> list[ReasonDraft]:
    """Reasons with their ids: of the same name (a retired one comes back), or renamed in their place."""
    ids = {reason.name: reason.id for reason in present}
    known = [ids.pop(name, None) for name in names]
    offered = [reason for reason in present if not reason.is_retired]
    if len(names) == len(offered):
        pairs = zip(known, offered, strict=True)
        known = [found or (reason.id if reason.name in ids else None) for found, reason in pairs]
    return [ReasonDraft(name, found) for name, found in zip(names, known, strict=True)]
