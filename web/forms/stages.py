"""The dialogs of pipelines and their stages: what they are, and where records go when they go."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.seen import mark_of
from processes.definition_types import Definition, PipelineDef, StageDef
from processes.models import Stage
from processes.models.pipeline import COLORS
from processes.operations.stages import DESCRIBED, MOST_LIMIT, said_of
from web.forms.durations import UNITS, in_units

Choices = list[tuple[str, Any]]


class StageForm(forms.Form):
    """A step, what it means, and how much of what it takes."""

    name = forms.CharField(label=_("Name"), max_length=100)
    color = forms.ChoiceField(label=_("Colour"), choices=[(color, color) for color in COLORS], initial="blue")
    kind = forms.ChoiceField(
        label=_("What the stage means"),
        choices=Stage.Kind,
        initial=Stage.Kind.OPEN,
        help_text=_("Work goes on in an open stage; success and failure end it."),
    )
    hint = forms.CharField(
        label=_("Hint"), max_length=255, required=False, help_text=_("Shown at the head of the column.")
    )
    limit = forms.IntegerField(
        min_value=1,
        max_value=MOST_LIMIT,
        required=False,
        widget=forms.NumberInput(attrs={"aria-label": _("How many records at most")}),
    )
    is_limit_hard = forms.TypedChoiceField(
        choices=(("", _("only warn above it")), ("1", _("take no more"))),
        coerce=bool,
        required=False,
        widget=forms.Select(attrs={"aria-label": _("When there are more")}),
    )
    time_limit = forms.IntegerField(
        min_value=1,
        max_value=1_000_000,
        required=False,
        widget=forms.NumberInput(attrs={"aria-label": _("How long at most")}),
    )
    time_unit = forms.TypedChoiceField(
        choices=UNITS[:-1],
        coerce=int,
        initial=UNITS[0][0],
        required=False,
        widget=forms.Select(attrs={"aria-label": _("Unit")}),
    )

    locked_fields = forms.MultipleChoiceField(
        label=_("Fields nobody changes here"),
        required=False,
        help_text=_("Administrators neither. Robots and triggers go on filling them in."),
        widget=forms.SelectMultiple(attrs={"data-controller": "select"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, definition: Definition, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        written = [(field.key, field.label) for field in definition.fields if not field.type.is_computed]
        self.fields["locked_fields"].choices = written  # type: ignore[attr-defined]

    @classmethod
    def showing(cls, stage: Stage, definition: Definition, data: Any = None) -> "StageForm":
        """The form with the stage as it is now."""
        said = said_of(stage)
        shown = {**said, "seen": mark_of(said)}
        shown["is_limit_hard"] = "1" if stage.is_limit_hard else ""
        if stage.time_limit is not None:
            shown["time_limit"], shown["time_unit"] = in_units(int(stage.time_limit.total_seconds()))
        form = cls(definition, data, initial=shown)
        if shown.get("time_unit") == 1:
            form.fields["time_unit"].choices = UNITS  # type: ignore[attr-defined]
        return form

    def described(self) -> dict[str, Any]:
        """What the form says of the stage, as the operations take it."""
        data = self.cleaned_data
        said = {name: data[name] for name in (*DESCRIBED, "locked_fields")}
        said["is_limit_hard"] = bool(data["limit"] and data["is_limit_hard"])
        amount = data["time_limit"]
        said["time_limit"] = timedelta(seconds=amount * (data["time_unit"] or UNITS[0][0])) if amount else None
        return said


class PipelineForm(forms.Form):
    """A new path of stages: its name and what it begins with; for those who manage access also whether it is open."""

    name = forms.CharField(label=_("Name"), max_length=100)
    like = forms.ChoiceField(label=_("Its stages begin as"), required=False)
    is_open = forms.BooleanField(
        label=_("Open to whoever works in the process"),
        required=False,
        help_text=_("Otherwise only administrators see it until access is set."),
    )

    def __init__(self, *args: Any, pipelines: Sequence[PipelineDef], can_open: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not can_open:
            del self.fields["is_open"]
        copies = [(item.key, gettext("what “%(name)s” has") % {"name": item.name}) for item in pipelines]
        self.fields["like"].choices = [("", gettext("four ordinary stages")), *copies]  # type: ignore[attr-defined]


class PipelineNameForm(forms.Form):
    """What a pipeline is called; for those who manage access also whether it is open."""

    name = forms.CharField(label=_("Name"), max_length=100)
    is_open = forms.BooleanField(
        label=_("Open to whoever works in the process"),
        required=False,
        help_text=_("Otherwise roles may do only what they are given in it."),
    )

    def __init__(self, *args: Any, can_open: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not can_open:
            del self.fields["is_open"]


class StageRemovalForm(forms.Form):
    """Where the records of a stage go when it goes."""

    to = forms.ChoiceField(label=_("Its records go to"), required=False)

    def __init__(self, *args: Any, definition: Definition, stage: StageDef, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = definition.pipeline_by_id[stage.pipeline_id]
        others = [pipeline for pipeline in definition.pipelines if pipeline.id != own.id]
        choices = stage_choices([own, *others], without={stage.id})
        self.fields["to"].choices = [("", gettext("Choose a stage")), *choices]  # type: ignore[attr-defined]

    def target_id(self) -> int | None:
        """The stage that was chosen."""
        return int(self.cleaned_data["to"]) if self.cleaned_data["to"] else None


class PipelineRemovalForm(forms.Form):
    """Where the records of each stage of a pipeline go when it goes; stages without records are not asked about."""

    def __init__(
        self, *args: Any, definition: Definition, pipeline: PipelineDef, counts: Mapping[int, int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        others = [item for item in definition.pipelines if item.id != pipeline.id]
        self.filled = [stage for stage in pipeline.stages if others and counts.get(stage.id)]
        choices = stage_choices(others)
        for stage in self.filled:
            self.fields[self._name(stage)] = forms.ChoiceField(
                label=stage.name, choices=choices, initial=str(counterpart(stage, pipeline, others).id)
            )

    def lines(self) -> Iterator[tuple[StageDef, forms.BoundField]]:
        """Each stage that holds records, with the control that says where they go."""
        return ((stage, self[self._name(stage)]) for stage in self.filled)

    def places(self) -> dict[int, int]:
        """Stage id → id of the stage that follows it."""
        return {stage.id: int(self.cleaned_data[self._name(stage)]) for stage in self.filled}

    @staticmethod
    def _name(stage: StageDef) -> str:
        return f"to-{stage.id}"


def stage_choices(pipelines: Sequence[PipelineDef], without: frozenset[int] | set[int] = frozenset()) -> Choices:
    """Stages to choose from; in groups where there are several pipelines."""
    groups = [
        (pipeline.name, [(str(stage.id), stage.name) for stage in pipeline.stages if stage.id not in without])
        for pipeline in pipelines
    ]
    return list(groups) if len(groups) > 1 else [choice for _name, choices in groups for choice in choices]


def counterpart(stage: StageDef, own: PipelineDef, pipelines: Sequence[PipelineDef]) -> StageDef:
    """The stage of other pipelines that is most like it: the same key, or as far on the way among those of its kind."""
    stages = [other for pipeline in pipelines for other in pipeline.stages]
    same_key = [other for other in stages if other.key == stage.key and other.kind == stage.kind]
    if same_key:
        return same_key[0]
    place = [other for other in own.stages if other.kind == stage.kind].index(stage)
    same_kind = [other for other in pipelines[0].stages if other.kind == stage.kind] or stages
    return same_kind[min(place, len(same_kind) - 1)]
