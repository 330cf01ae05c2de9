"""Requests of customers or colleagues."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft, StageDraft
from processes.models import Stage
from processes.ready import ReadyProcess, gallery, linked_to, money_in, numbered


@gallery.register
class Requests(ReadyProcess):
    """Somebody asks for something; somebody does it."""

    key = "requests"
    position = 1
    label = gettext_lazy("Requests")
    summary = gettext_lazy("Whatever customers or colleagues ask for, from the first word to the answer.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Requests"),
            noun=_("request"),
            noun_plural=_("requests"),
            noun_many=pgettext("five or more", "requests"),
            key="requests",
            description=str(self.summary),
            icon="inbox",
            color="blue",
            stages=(
                StageDraft(_("Received"), color="blue", key="received"),
                StageDraft(_("In work"), color="amber", key="in_work"),
                StageDraft(_("Waiting for an answer"), color="violet", key="waiting"),
                StageDraft(_("Completed"), Stage.Kind.WON, "green", "completed"),
                StageDraft(_("Rejected"), Stage.Kind.LOST, "red", "rejected"),
            ),
            fields=(
                numbered(pgettext("which one of many", "Number"), key="number", mask="REQ-{YYYY}-{0000}"),
                FieldDraft(_("Request date"), "date", key="request_date", on_card=True),
                FieldDraft(_("Source"), "choice", key="source", on_card=True, settings={"options": self._sources()}),
                linked_to("companies", _("Customer"), key="customer", on_card=True),
                FieldDraft(_("What is needed"), "long_text", key="details"),
                FieldDraft(_("Answer by"), "date", key="answer_by"),
                money_in(_("Estimate"), key="estimate"),
                FieldDraft(_("Files"), "file", key="files", in_list=False),
            ),
            moves=(
                ("received", "in_work"),
                ("received", "rejected"),
                ("in_work", "waiting"),
                ("in_work", "completed"),
                ("in_work", "rejected"),
                ("waiting", "in_work"),
                ("waiting", "completed"),
                ("waiting", "rejected"),
                ("completed", "in_work"),
                ("rejected", "received"),
            ),
        )

    def _sources(self) -> list[dict[str, str]]:
        return [
            {"key": "site", "label": _("Website"), "color": "blue"},
            {"key": "phone", "label": _("Phone"), "color": "green"},
            {"key": "mail", "label": _("E-mail"), "color": "violet"},
            {"key": "visit", "label": _("Visit"), "color": "amber"},
        ]
