"""A refusal of the domain, put beside the fields it speaks of."""

from collections.abc import Callable, Collection
from typing import TypeVar

from django import forms

from core.errors import Conflict, Invalid

T = TypeVar("T")


def attempt(form: forms.BaseForm, operation: Callable[[], T], *, elsewhere: Collection[str] = ()) -> T | None:
    """What the operation returns; None when it refused the input, and then the form says why.

    Places named in `elsewhere` another form on the page speaks of. Refusals about rights and
    absence are not the form's: they go on to the middleware.
    """
    try:
        return operation()
    except Invalid as error:
        _place(form, error, elsewhere)
    except Conflict as error:
        form.add_error(_known(form, error.details.get("field")), str(error.message))
    return None


def _place(form: forms.BaseForm, error: Invalid, elsewhere: Collection[str]) -> None:
    if not error.fields:
        form.add_error(None, str(error.message))
    for key, messages in error.fields.items():
        if key in elsewhere:
            continue
        form.add_error(_known(form, key), [str(message) for message in messages])


def _known(form: forms.BaseForm, key: object) -> str | None:
    return key if isinstance(key, str) and key in form.fields else None
