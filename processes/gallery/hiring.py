"""Candidates for open positions."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Stage
from processes.ready import ReadyProcess, gallery, money_in


@gallery.register
class Hiring(ReadyProcess):
    """A candidate, from the application to the first day."""

    key = "hiring"
    position = 4
    label = gettext_lazy("Hiring")
    summary = gettext_lazy("Candidates, from the application over interviews to an accepted offer.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Hiring"),
            noun=_("candidate"),
            noun_plural=_("candidates"),
            noun_many=pgettext("five or more", "candidates"),
            key="hiring",
            description=str(self.summary),
            icon="user-plus",
            color="violet",
            stages=(
                StageDraft(_("Applied"), color="blue", key="applied"),
                StageDraft(_("Phone call"), color="cyan", key="call"),
                StageDraft(_("Interview"), color="violet", key="interview"),
                StageDraft(_("Test task"), color="amber", key="test"),
                StageDraft(_("Offer"), color="orange", key="offer"),
                StageDraft(_("Hired"), Stage.Kind.WON, "green", "hired"),
                StageDraft(_("Declined"), Stage.Kind.LOST, "red", "declined"),
            ),
            fields=(
                FieldDraft(_("Position"), "text", key="vacancy", required=Field.Required.ALWAYS, on_card=True),
                FieldDraft(_("Interview at"), "datetime", key="interview_at", on_card=True),
                FieldDraft(_("Phone"), "phone", key="phone", is_searchable=True),
                FieldDraft(_("E-mail"), "email", key="email", is_searchable=True),
                money_in(_("Salary wish"), key="salary"),
                FieldDraft(
                    _("Impression"),
                    "choice",
                    key="impression",
                    on_card=True,
                    settings={"options": self._marks()},
                ),
                FieldDraft(_("Notes"), "long_text", key="notes"),
                FieldDraft(_("First day"), "date", key="first_day"),
            ),
        )

    def _marks(self) -> list[dict[str, str]]:
        return [
            {"key": "strong", "label": _("Strong"), "color": "green"},
            {"key": "fits", "label": _("Fits"), "color": "blue"},
            {"key": "doubts", "label": _("Doubts"), "color": "amber"},
            {"key": "no", "label": _("No"), "color": "red"},
        ]
