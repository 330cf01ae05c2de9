"""Deals of a sales team."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Stage
from processes.ready import ReadyProcess, gallery, linked_to, money_in, numbered


@gallery.register
class Sales(ReadyProcess):
    """A possible sale, from the first contact to the contract."""

    key = "sales"
    position = 2
    label = gettext_lazy("Sales deals")
    summary = gettext_lazy("Possible sales, from the first contact to a signed contract or a lost customer.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Deals"),
            noun=_("deal"),
            noun_plural=_("deals"),
            noun_many=pgettext("five or more", "deals"),
            key="deals",
            description=str(self.summary),
            icon="cash",
            color="green",
            stages=(
                StageDraft(_("New"), color="blue", key="new"),
                StageDraft(_("Qualification"), color="cyan", key="qualification"),
                StageDraft(_("Proposal sent"), color="violet", key="proposal"),
                StageDraft(_("Contract"), color="amber", key="contract"),
                StageDraft(_("Won"), Stage.Kind.WON, "green", "won"),
                StageDraft(_("Lost"), Stage.Kind.LOST, "red", "lost"),
            ),
            fields=(
                numbered(pgettext("which one of many", "Number"), key="number", mask="D-{0000}"),
                money_in(_("Amount"), key="amount", on_card=True),
                linked_to("companies", _("Customer"), key="customer", on_card=True, required=Field.Required.ALWAYS),
                FieldDraft(_("Expected close"), "date", key="expected_close", on_card=True),
                FieldDraft(_("Source"), "choice", key="source", settings={"options": self._sources()}),
                linked_to("contacts", _("Contact person"), key="contact"),
                FieldDraft(_("Phone"), "phone", key="phone", is_searchable=True),
                FieldDraft(_("What the customer needs"), "long_text", key="needs"),
            ),
            reasons=(_("Too expensive"), _("Chose a competitor"), _("No budget this year"), _("No answer")),
        )

    def _sources(self) -> list[dict[str, str]]:
        return [
            {"key": "site", "label": _("Website"), "color": "blue"},
            {"key": "advice", "label": _("Recommendation"), "color": "green"},
            {"key": "call", "label": _("Cold call"), "color": "cyan"},
            {"key": "fair", "label": _("Exhibition"), "color": "orange"},
            {"key": "again", "label": _("Comes again"), "color": "violet"},
        ]
