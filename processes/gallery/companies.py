"""Companies that one works with."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft
from processes.ready import ReadyProcess, gallery


@gallery.register
class Companies(ReadyProcess):
    """Who is on the other side: customers, suppliers, partners. No stages."""

    key = "companies"
    position = 9
    label = gettext_lazy("Companies")
    summary = gettext_lazy("Customers, suppliers and partners, once for all processes that speak of them.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Companies"),
            noun=_("company"),
            noun_plural=_("companies"),
            noun_many=pgettext("five or more", "companies"),
            key="companies",
            description=str(self.summary),
            icon="building",
            color="teal",
            has_stages=False,
            fields=(
                FieldDraft(_("Tax number"), "text", key="tax_number", is_unique=True, is_searchable=True),
                FieldDraft(_("Website"), "url", key="website"),
                FieldDraft(_("Phone"), "phone", key="phone", is_searchable=True),
                FieldDraft(_("E-mail"), "email", key="email", is_searchable=True),
                FieldDraft(_("Address"), "address", key="address", in_list=False),
                FieldDraft(_("Notes"), "long_text", key="notes", in_list=False),
            ),
        )
