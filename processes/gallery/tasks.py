"""Tasks of a team."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Stage
from processes.ready import ReadyProcess, gallery


@gallery.register
class Tasks(ReadyProcess):
    """Work inside a team, without a customer."""

    key = "tasks"
    position = 6
    label = gettext_lazy("Internal tasks")
    summary = gettext_lazy("What a team has to do, who does it and until when.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Tasks"),
            noun=_("task"),
            noun_plural=_("tasks"),
            noun_many=pgettext("five or more", "tasks"),
            key="tasks",
            description=str(self.summary),
            icon="checkbox",
            color="slate",
            stages=(
                StageDraft(_("To do"), color="slate", key="to_do"),
                StageDraft(_("Doing"), color="blue", key="doing"),
                StageDraft(_("Checking"), color="violet", key="checking"),
                StageDraft(_("Done"), Stage.Kind.WON, "green", "done"),
                StageDraft(_("Dropped"), Stage.Kind.LOST, "red", "dropped"),
            ),
            fields=(
                FieldDraft(_("Due"), "date", key="due", on_card=True),
                FieldDraft(
                    _("Priority"),
                    "choice",
                    key="priority",
                    on_card=True,
                    settings={"options": self._priorities()},
                ),
                FieldDraft(_("Hours planned"), "number", key="hours", settings={"decimals": 1}),
                FieldDraft(_("Description"), "long_text", key="description"),
            ),
        )

    def _priorities(self) -> list[dict[str, str]]:
        return [
            {"key": "low", "label": _("Low"), "color": "slate"},
            {"key": "normal", "label": _("Normal"), "color": "blue"},
            {"key": "high", "label": _("High"), "color": "orange"},
            {"key": "urgent", "label": _("Urgent"), "color": "red"},
        ]
