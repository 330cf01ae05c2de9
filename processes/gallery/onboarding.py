"""The first weeks of a new colleague."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Stage
from processes.ready import ReadyProcess, gallery


@gallery.register
class Onboarding(ReadyProcess):
    """A new colleague, from the signed contract to the end of probation."""

    key = "onboarding"
    position = 8
    label = gettext_lazy("Onboarding")
    summary = gettext_lazy("New colleagues: workplace, accounts, the first day, the end of probation.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Onboarding"),
            noun=_("newcomer"),
            noun_plural=_("newcomers"),
            noun_many=pgettext("five or more", "newcomers"),
            key="onboarding",
            description=str(self.summary),
            icon="school",
            color="amber",
            stages=(
                StageDraft(_("Before the first day"), color="blue", key="before"),
                StageDraft(_("First day"), color="cyan", key="first_day"),
                StageDraft(_("First week"), color="violet", key="first_week"),
                StageDraft(_("Probation"), color="amber", key="probation"),
                StageDraft(_("Stays"), Stage.Kind.WON, "green", "stays"),
                StageDraft(_("Leaves"), Stage.Kind.LOST, "red", "leaves"),
            ),
            fields=(
                FieldDraft(_("Position"), "text", key="job", required=Field.Required.ALWAYS, on_card=True),
                FieldDraft(_("Starts on"), "date", key="starts_on", on_card=True),
                FieldDraft(_("Mentor"), "person", key="mentor", on_card=True),
                FieldDraft(_("Workplace is ready"), "boolean", key="workplace"),
                FieldDraft(_("Accounts are made"), "boolean", key="accounts"),
                FieldDraft(_("Probation ends"), "date", key="probation_ends"),
                FieldDraft(_("Notes"), "long_text", key="notes"),
            ),
        )
