"""Purchases that somebody has to approve."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Stage
from processes.ready import ReadyProcess, gallery, linked_to, money_in


@gallery.register
class Purchases(ReadyProcess):
    """A wish to buy, approved or not, ordered, received."""

    key = "purchases"
    position = 5
    label = gettext_lazy("Purchases")
    summary = gettext_lazy("What has to be bought: asked for, approved, ordered, received.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Purchases"),
            noun=_("purchase"),
            noun_plural=_("purchases"),
            noun_many=pgettext("five or more", "purchases"),
            key="purchases",
            description=str(self.summary),
            icon="shopping-cart",
            color="orange",
            stages=(
                StageDraft(_("Asked for"), color="blue", key="asked"),
                StageDraft(_("On approval"), color="amber", key="approval"),
                StageDraft(_("Ordered"), color="violet", key="ordered"),
                StageDraft(_("Received"), Stage.Kind.WON, "green", "received"),
                StageDraft(_("Refused"), Stage.Kind.LOST, "red", "refused"),
            ),
            fields=(
                money_in(_("Amount"), key="amount", required=Field.Required.ALWAYS, on_card=True),
                linked_to("companies", _("Supplier"), key="supplier", on_card=True),
                FieldDraft(_("Needed by"), "date", key="needed_by", on_card=True),
                FieldDraft(_("What and why"), "long_text", key="reason"),
                FieldDraft(_("Who approves"), "person", key="approver"),
                FieldDraft(_("In the budget"), "boolean", key="in_budget"),
            ),
            moves=(
                ("asked", "approval"),
                ("asked", "refused"),
                ("approval", "asked"),
                ("approval", "ordered"),
                ("approval", "refused"),
                ("ordered", "received"),
                ("ordered", "refused"),
                ("refused", "asked"),
            ),
        )
