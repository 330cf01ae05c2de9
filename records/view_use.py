"""Saved views speak of fields and stages: neither is removed under them unnoticed."""

from collections.abc import Iterable, Iterator
from typing import ClassVar
from urllib.parse import parse_qsl

from django.utils.translation import gettext_lazy as _

from processes.models import Field, Stage
from processes.uses import FieldUse, StageUse, Use, Whereabouts, field_use_kinds, stage_uses
from records.models import SavedView
from records.models.saved_view import Audience, address_of


@field_use_kinds.register
class ViewsOfField(FieldUse):
    """Saved views that filter or sort by the field."""

    key = "views"
    label = _("Saved views")

    def uses(self, field: Field) -> Iterator[Use]:
        for view in SavedView.objects.filter(process=field.process_id).select_related("owner", "process"):
            names = dict(parse_qsl(view.query))
            if names.get("sort", "").removeprefix("-") == field.key or _filters(names, field.key):
                yield _use(view)


@stage_uses.register
class ViewsOfStage(StageUse):
    """Saved views that filter by the stage; they stay, and find nothing by it any more."""

    key = "views"
    label = _("Saved views")
    holds: ClassVar[bool] = False

    def uses(self, stage: Stage) -> Iterator[Use]:
        named = {str(stage.pk), stage.key, f"{stage.pipeline.key}.{stage.key}"}
        for view in SavedView.objects.filter(process=stage.pipeline.process_id).select_related("owner", "process"):
            pairs = parse_qsl(view.query)
            if any(_filters([name], "stage") and named & set(value.split(",")) for name, value in pairs):
                yield _use(view)


def _filters(names: Iterable[str], key: str) -> bool:
    return any(name == f"filter[{key}]" or name.startswith(f"filter[{key}][") for name in names)


def _use(view: SavedView) -> Use:
    """A shared view by its name, somebody's own by whose it is."""
    if view.audience == Audience.OWNER:
        return Use(_("somebody's own view"), str(view.owner))
    is_everybodys = view.audience == Audience.ALL
    where = Whereabouts(view.page, view.process.key, address_of(view.pk, view.query)) if is_everybodys else None
    return Use(_("view"), view.name, where)
