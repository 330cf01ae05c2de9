"""People on the other side."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft
from processes.ready import ReadyProcess, gallery, linked_to


@gallery.register
class Contacts(ReadyProcess):
    """People whom one calls and writes to. No stages; linked to companies where there is that process."""

    key = "contacts"
    position = 10
    label = gettext_lazy("Contacts")
    summary = gettext_lazy("People one calls and writes to, with their company.")

    def draft(self) -> ProcessDraft:
        return ProcessDraft(
            name=_("Contacts"),
            noun=_("contact"),
            noun_plural=_("contacts"),
            noun_many=pgettext("five or more", "contacts"),
            key="contacts",
            description=str(self.summary),
            icon="users",
            color="indigo",
            has_stages=False,
            fields=(
                linked_to("companies", _("Company"), key="company"),
                FieldDraft(_("Position"), "text", key="job"),
                FieldDraft(_("Phone"), "phone", key="phone", is_searchable=True),
                FieldDraft(_("E-mail"), "email", key="email", is_unique=True, is_searchable=True),
                FieldDraft(_("Birthday"), "date", key="birthday", in_list=False),
                FieldDraft(_("Notes"), "long_text", key="notes", in_list=False),
            ),
        )
