"""People on the other side."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from processes.drafts import FieldDraft, ProcessDraft
from processes.models import Process
from processes.ready import ReadyProcess, gallery


@gallery.register
class Contacts(ReadyProcess):
    """People whom one calls and writes to. No stages; linked to companies where there is that process."""

    key = "contacts"
    position = 10
    label = gettext_lazy("Contacts")
    summary = gettext_lazy("People one calls and writes to, with their company.")

    def draft(self) -> ProcessDraft:
        companies = Process.objects.filter(key="companies").values_list("pk", flat=True).first()
        company = FieldDraft(_("Company"), "text", key="company")
        if companies is not None:
            company = FieldDraft(_("Company"), "link", key="company", settings={"process": companies})
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
                company,
                FieldDraft(_("Position"), "text", key="job"),
                FieldDraft(_("Phone"), "phone", key="phone", is_searchable=True),
                FieldDraft(_("E-mail"), "email", key="email", is_unique=True, is_searchable=True),
                FieldDraft(_("Birthday"), "date", key="birthday", in_list=False),
                FieldDraft(_("Notes"), "long_text", key="notes", in_list=False),
            ),
        )
