"""Contracts on their way to a signature."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Stage
from processes.ready import ReadyProcess, gallery, linked_to, money_in


@gallery.register
class Contracts(ReadyProcess):
    """A contract, from the draft to the archive."""

    key = "contracts"
    position = 3
    label = gettext_lazy("Contracts")
    summary = gettext_lazy("Contracts from the draft over lawyers and accountants to two signatures.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Contracts"),
            noun=_("contract"),
            noun_plural=_("contracts"),
            noun_many=pgettext("five or more", "contracts"),
            key="contracts",
            description=str(self.summary),
            icon="contract",
            color="cyan",
            stages=(
                StageDraft(_("Draft"), color="slate", key="draft"),
                StageDraft(_("Lawyers"), color="violet", key="lawyers"),
                StageDraft(_("Accountants"), color="amber", key="accountants"),
                StageDraft(_("Signing"), color="blue", key="signing"),
                StageDraft(_("In force"), Stage.Kind.WON, "green", "in_force"),
                StageDraft(_("Not concluded"), Stage.Kind.LOST, "red", "dropped"),
            ),
            fields=(
                linked_to("companies", _("Other party"), key="party", required=Field.Required.ALWAYS, on_card=True),
                FieldDraft(_("Contract number"), "text", key="number", on_card=True, is_searchable=True),
                money_in(_("Amount"), key="amount", on_card=True),
                FieldDraft(_("Signed on"), "date", key="signed_on"),
                FieldDraft(_("Runs until"), "date", key="until", on_card=True),
                FieldDraft(_("Subject"), "long_text", key="subject"),
                FieldDraft(_("Prolongs itself"), "boolean", key="prolongs"),
                FieldDraft(_("Files"), "file", key="files", in_list=False),
            ),
        )
