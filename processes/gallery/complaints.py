"""Complaints of customers."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Field, Stage
from processes.ready import ReadyProcess, gallery, linked_to, money_in


@gallery.register
class Complaints(ReadyProcess):
    """Something went wrong; it is understood, put right and told."""

    key = "complaints"
    position = 7
    label = gettext_lazy("Complaints")
    summary = gettext_lazy("What customers are unhappy about: heard, understood, put right, told.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Complaints"),
            noun=_("complaint"),
            noun_plural=_("complaints"),
            noun_many=pgettext("five or more", "complaints"),
            key="complaints",
            description=str(self.summary),
            icon="headset",
            color="red",
            stages=(
                StageDraft(_("Received"), color="blue", key="received"),
                StageDraft(_("Finding out"), color="amber", key="finding_out"),
                StageDraft(_("Putting right"), color="violet", key="putting_right"),
                StageDraft(_("Settled"), Stage.Kind.WON, "green", "settled"),
                StageDraft(_("Unfounded"), Stage.Kind.LOST, "slate", "unfounded"),
            ),
            fields=(
                linked_to("companies", _("Customer"), key="customer", required=Field.Required.ALWAYS, on_card=True),
                FieldDraft(
                    _("How serious"),
                    "choice",
                    key="weight",
                    on_card=True,
                    settings={"options": self._weights()},
                ),
                FieldDraft(_("Answer by"), "date", key="answer_by", on_card=True),
                FieldDraft(_("Order number"), "text", key="order"),
                FieldDraft(_("What happened"), "long_text", key="story"),
                FieldDraft(_("What was done"), "long_text", key="remedy"),
                money_in(_("Compensation"), key="compensation"),
            ),
        )

    def _weights(self) -> list[dict[str, str]]:
        return [
            {"key": "low", "label": _("Small"), "color": "slate"},
            {"key": "middle", "label": _("Serious"), "color": "amber"},
            {"key": "high", "label": _("Very serious"), "color": "red"},
        ]
