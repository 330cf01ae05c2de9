"""The pieces of the interface that need logic: icons, people, form fields, dialogs, moments in time.

Pieces without logic are plain includes, `{% include "components/_chip.html" with … only %}`; docs/frontend.md
lists both kinds and `/ui/` shows them in every state.
"""

import zlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from web.templatetags.numbers import reldate

register = template.Library()

# The palette of stages, processes and options; rendered as `data-color`, see static/css/tokens.css.
COLORS = (
    "blue",
    "indigo",
    "violet",
    "pink",
    "red",
    "orange",
    "amber",
    "lime",
    "green",
    "teal",
    "cyan",
    "slate",
)


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """An icon of the sprite: `size` small or large; with a label it speaks, without it is decoration."""
    classes = f"icon icon-{size}" if size else "icon"
    href = f"{static('icons/sprite.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', classes, href)


@register.filter
def color_for(name: object) -> str:
    """The same colour for the same name, everywhere and always."""
    return COLORS[zlib.crc32(str(name).encode()) % (len(COLORS) - 1)]


@register.simple_tag
def avatar(person: Any, size: str = "", decorative: bool = False) -> SafeString:
    """A person's initials in a circle; decorative when the name stands beside it."""
    classes = f"avatar avatar-{size}" if size else "avatar"
    if not person:
        nobody = gettext("Nobody")
        return format_html(
            '<span class="{} avatar-empty" role="img" aria-label="{}" data-tip="{}"></span>',
            classes,
            nobody,
            nobody,
        )
    name = str(person)
    color = color_for(name)
    initials = getattr(person, "initials", None) or initials_of(name)
    if decorative:
        return format_html('<span class="{}" data-color="{}" aria-hidden="true">{}</span>', classes, color, initials)
    return format_html(
        '<span class="{}" data-color="{}" role="img" aria-label="{}" data-tip="{}">{}</span>',
        classes,
        color,
        name,
        name,
        initials,
    )


@register.simple_tag
def person(who: Any, size: str = "") -> SafeString:
    """Avatar and name in one line."""
    if not who:
        return format_html('<span class="muted">{}</span>', gettext("Nobody"))
    return format_html(
        '<span class="person">{}<span class="truncate">{}</span></span>',
        avatar(who, size=size, decorative=True),
        who,
    )


def initials_of(name: str) -> str:
    """One or two letters for an avatar."""
    return "".join(word[0] for word in name.split()[:2]).upper() or "?"


@register.simple_tag
def moment(value: date | datetime | None, kind: str = "relative") -> SafeString:
    """A `<time>`: "5 minutes ago" with the exact moment on hover, or the full moment itself with kind="full"."""
    if not value:
        return mark_safe("")
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        full = date_format(local, "DATETIME_FORMAT")
    else:
        full = date_format(value, "DATE_FORMAT")
    if kind == "full":
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), full)
    return format_html('<time datetime="{}" data-tip="{}">{}</time>', value.isoformat(), full, reldate(value))


@register.inclusion_tag("components/_field.html")
def form_field(
    field: BoundField,
    label: str | None = None,
    help: str | None = None,
    placeholder: str = "",
    switch: bool = False,
    autofocus: bool = False,
) -> dict[str, Any]:
    """A bound field with label, help and errors, tied together for screen readers.

    `switch` draws a checkbox as a switch. Optional fields say so; required ones are the rule.
    """
    attrs: dict[str, Any] = {}
    if placeholder:
        attrs["placeholder"] = placeholder
    if autofocus:
        attrs["autofocus"] = True
    is_checkbox = isinstance(field.field.widget, forms.CheckboxInput)
    if is_checkbox and switch:
        attrs |= {"class": "switch", "role": "switch"}
    return {
        "field": field,
        "control": field.as_widget(attrs=attrs),
        "label": field.label if label is None else label,
        "help": field.help_text if help is None else help,
        "is_checkbox": is_checkbox,
        "is_group": field.use_fieldset and not isinstance(field.field.widget, forms.CheckboxInput),
        "is_optional": not field.field.required and not is_checkbox,
    }


@register.inclusion_tag("components/_form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """What is wrong with the form as a whole, and a link to each wrong field; nothing when all is well."""
    general = list(form.non_field_errors())
    for hidden in form.hidden_fields():
        general += hidden.errors
    wrong = [field for field in form.visible_fields() if field.errors]
    return {"form": form, "general": general, "wrong": wrong}


@register.inclusion_tag("components/_form_fields.html")
def form_fields(form: forms.BaseForm, only: str = "") -> dict[str, Any]:
    """Summary of errors, hidden fields and all visible fields, or those named in `only` ("name, email")."""
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    fields: Sequence[BoundField] = [form[name] for name in wanted] if wanted else form.visible_fields()
    return {"form": form, "fields": fields}


@register.simple_block_tag
def dialog(content: str, id: str, title: str, wide: bool = False) -> SafeString:
    """A modal dialog of the page, opened by `data-opens="id"`; holds a `.dialog-body` and a `.dialog-foot`."""
    return _shell("components/_dialog.html", content=content, id=id, title=title, wide=wide)


@register.simple_block_tag(takes_context=True)
def dialog_form(
    context: template.Context,
    content: str,
    title: str,
    over: str = "",
    at: str = "",
    url: str = "",
    swap: str = "outerHTML",
    controller: str = "",
    look: str = "",
    id: str = "",
) -> SafeString:
    """A form that fills a dialog and answers in its place; holds a `.dialog-body` and a `.dialog-foot`.

    `over` and `at` are a small line above the title; `url` says where it goes, the page's own address unless given;
    `id` is the heading's, that of the shared dialog unless given.
    """
    return _shell(
        "components/_dialog_form.html",
        content=content,
        title=title,
        over=over,
        at=at,
        url=url or context["request"].get_full_path(),
        swap=swap,
        controller=controller,
        look=look,
        id=id,
        csrf_token=context.get("csrf_token"),
    )


@register.simple_tag
def sends_once() -> SafeString:
    """Attributes of a form or button of htmx that makes something: a second press before the answer does nothing, nor
    one while the answer takes the page away."""
    return mark_safe('hx-sync="drop" hx-disable="this, findAll button:not([type=button])"')


@register.simple_block_tag
def panel(content: str, id: str, title: str, narrow: bool = False) -> SafeString:
    """A side panel of the page, opened by `data-opens="id"`; holds a `.dialog-body` and a `.dialog-foot`."""
    return _shell("components/_panel.html", content=content, id=id, title=title, narrow=narrow)


@register.simple_block_tag
def menu(
    content: str,
    id: str,
    label: str,
    icon: str = "dots",
    text: str = "",
    button: str = "btn-ghost btn-icon",
    tip: bool = True,
) -> SafeString:
    """A button with a popover menu; the block holds `.menu-item` links and buttons with role="menuitem"."""
    return _shell(
        "components/_menu.html",
        content=content,
        id=id,
        label=label,
        icon=icon,
        text=text,
        button=button,
        tip=tip,
    )


@register.simple_block_tag
def banner(content: str, kind: str = "info") -> SafeString:
    """A message inside the page: kind info, good, warn or bad."""
    return _shell("components/_banner.html", content=content, kind=kind)


def _shell(template_name: str, **context: Any) -> SafeString:
    return render_to_string(template_name, context)
