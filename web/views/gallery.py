"""Every piece of the interface in every state, on one page for those who build it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.errors import NotAllowed
from web.templatetags.ui import COLORS


class SampleForm(forms.Form):
    """One field of every kind."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=80)
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), required=False, help_text=gettext_lazy("In roubles, without VAT.")
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Source"), choices=[("site", "Website"), ("call", "Call"), ("mail", "E-mail")]
    )
    note = forms.CharField(label=gettext_lazy("Note"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    deadline = forms.DateField(
        label=gettext_lazy("Deadline"), widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[("new", "New"), ("repeat", "Repeat")], widget=forms.RadioSelect
    )
    urgent = forms.BooleanField(label=gettext_lazy("Urgent"), required=False)
    notify = forms.BooleanField(
        label=gettext_lazy("Tell the assignee"), required=False, help_text=gettext_lazy("By bell and e-mail.")
    )


@dataclass(frozen=True)
class Sample:
    """A person, a stage, a tab or a tile of the gallery."""

    name: str
    color: str = "blue"
    state: str = "next"
    url: str = ""
    active: bool = False
    count: int | None = None
    amount: Decimal | None = None
    line: str = ""

    def __str__(self) -> str:
        return self.name


PEOPLE = [Sample("Anna Petrova"), Sample("Олег Климов"), Sample("Maria Lee"), Sample("John Carter")]
STAGES = [
    Sample("New", "blue", "done", "#", count=3600, amount=Decimal(1_100_000_000)),
    Sample("Qualification", "cyan", "done", "#", count=2400, amount=Decimal(841_800_000)),
    Sample("Proposal sent", "violet", "current", count=1700, amount=Decimal(565_500_000)),
    Sample("Contract", "amber", "next", "#", count=1100, amount=Decimal(350_900_000)),
    Sample("Won", "green", "next", "#", count=900, amount=Decimal(272_000_000)),
    Sample("Lost", "red", "next", count=300, amount=Decimal(91_900_000)),
]
TILES = [
    Sample("Warehouse scanners", line="Hart & Sons", amount=Decimal(125_100)),
    Sample("Поставка оборудования для склада в Твери", line="ИП Соколова", amount=Decimal(175_900)),
    Sample("Annual support", line="ООО «Глобус»", amount=Decimal("260500.50")),
    Sample("Office fit-out"),
]


@login_required
@require_safe
def ui_gallery(request: HttpRequest) -> HttpResponse:
    """The gallery page, for administrators."""
    if not getattr(request.user, "is_staff", False):
        raise NotAllowed(_("The gallery is for administrators."))
    now = timezone.now()
    wrong = SampleForm({"title": "", "amount": "many", "source": "site"}, auto_id="wrong_%s", prefix="wrong")
    context = {
        "colors": COLORS,
        "people": PEOPLE,
        "stages": STAGES,
        "tiles": TILES,
        "form": SampleForm(auto_id="ok_%s"),
        "wrong_form": wrong,
        "tabs": [
            Sample(_("Board"), url="#", active=True),
            Sample(_("List"), url="#"),
            Sample(_("Calendar"), url="#"),
            Sample(_("Automation"), url="#", count=12),
        ],
        "moments": [now, now - timedelta(minutes=5), now - timedelta(hours=30), now - timedelta(days=400)],
        "soon": (now + timedelta(days=2)).date(),
        "late": (now - timedelta(days=3)).date(),
        "scopes": ["none", "own", "department", "department and below", "all"],
    }
    return render(request, "web/ui_gallery.html", context)
