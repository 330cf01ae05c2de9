"""Files: sent before the form that names them, or with it; fetched by whoever may read the value."""

from collections.abc import Mapping

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse, JsonResponse, QueryDict
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe

from core.errors import Invalid
from processes.fieldtype import FILE
from processes.permissions import Access, visible_access
from records.files import served_type
from records.operations.files import Upload, upload_files
from records.queries.files import file_for
from web.middleware import PersonalRequest
from web.responses import attachment


@login_required
@require_POST
def upload(request: PersonalRequest, key: str) -> HttpResponse:
    """Take files in for an open form (parts are called by the field's key); answers their rows for its input.

    `name` in the address is what the input is called there.
    """
    access = visible_access(request.actor, key)
    uploads = _uploads(request, {name: name for name in request.FILES})
    files = upload_files(access.definition, uploads, actor=request.actor)
    html = render_to_string("records/_files_items.html", {"files": files, "name": request.GET.get("name", "")})
    return JsonResponse({"html": html, "ids": [file.pk for file in files]}, status=201)


@login_required
@require_safe
def file(request: PersonalRequest, file_id: int, name: str) -> FileResponse:
    """The content, to be saved; the name in the address is for people."""
    found = file_for(request.actor, file_id)
    return attachment(request, found.path, name=found.name, content_type=served_type(found.content_type))


def with_files(request: PersonalRequest, access: Access, value_of: str = "") -> tuple[QueryDict, Invalid | None]:
    """What a form without scripts sent, its files taken in and named by their ids; and why they were refused, if so.

    Inputs are called like their fields; `value_of` is the key of the only one, called `value`.
    """
    keys = [field.key for field in access.writable_fields if field.type.refers == FILE]
    inputs = {"value": value_of} if value_of else dict(zip(keys, keys, strict=True))
    uploads = _uploads(request, {name: key for name, key in inputs.items() if name in request.FILES and key in keys})
    if not uploads:
        return request.POST, None
    names = {key: name for name, key in inputs.items()}
    try:
        made = upload_files(access.definition, uploads, actor=request.actor)
    except Invalid as error:
        return request.POST, error
    data = request.POST.copy()
    for sent, taken in zip(uploads, made, strict=True):
        data.appendlist(names[sent.field], str(taken.pk))
    return data, None


def _uploads(request: PersonalRequest, fields: Mapping[str, str]) -> list[Upload]:
    """The files of a request whose parts are called by the names in `fields`, for the fields of those keys."""
    return [
        Upload(key, file.name or "", file.size or 0, file)
        for name, key in fields.items()
        for file in request.FILES.getlist(name)
    ]
