"""Bringing records in from a file: the file, its columns, the check, the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Invalid
from processes.models import Operation, Process
from processes.permissions import Access
from records.exchange.plan import ID, Target, targets_for
from records.exchange.source import DELIMITERS, ENCODINGS
from records.models import ImportJob, ImportProblem
from records.operations.imports import (
    begin_import,
    cancel_import,
    check_import,
    import_access,
    plan_import,
    read_import_anew,
    run_import,
)
from records.queries.imports import (
    Column,
    causes_of,
    columns_of,
    duration_of,
    import_of,
    imports_of,
    problems_of,
    progress_of,
    rejected_csv,
    words_of,
)
from web.middleware import PersonalRequest
from web.navigation import process_tabs

State = ImportJob.State
CHIPS: Mapping[str, tuple[str, str]] = {
    State.DRAFT: ("pencil", ""),
    State.CHECKING: ("loader-2", "accent"),
    State.CHECKED: ("clipboard-check", "accent"),
    State.RUNNING: ("loader-2", "accent"),
    State.DONE: ("circle-check", "good"),
    State.CANCELLED: ("circle-x", ""),
    State.FAILED: ("alert-circle", "bad"),
}
"""State of an import → icon and meaning of its chip."""
STEPS: Mapping[str, int] = {State.DRAFT: 2, State.CHECKING: 3, State.CHECKED: 3}
"""State → step of the four; the others belong to the last."""
SHOWN = 20
"""Rejected rows on the page; all of them are in the file."""


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column of the file with its choice."""

    column: Column
    chosen: str
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One rejected row in words."""

    problem: ImportProblem
    words: Sequence[str]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: PersonalRequest, key: str) -> HttpResponse:
    """The first step, a file; below it one's earlier imports."""
    access = import_access(request.actor, key, needs_use=request.method == "POST")
    refused = ""
    if request.method == "POST":
        try:
            return redirect("import", key, _begun(request, access).pk)
        except Invalid as error:
            refused = str(error.message)
    context = {
        **_base(access, 1),
        "refused": refused,
        "jobs": [(job, *CHIPS[job.state]) for job in imports_of(access)],
        "is_used": access.definition.status == Process.Status.PUBLISHED,
        "most_megabytes": settings.IMPORT_MOST_BYTES // 1024 // 1024,
        "most_rows": settings.IMPORT_MOST_ROWS,
    }
    return render(request, "imports/file.html", context, status=422 if refused else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def one_import(request: PersonalRequest, key: str, import_id: int) -> HttpResponse:
    """Where an import stands; `?step=columns` goes back to its columns. Posted are the columns, to be checked."""
    access, job = _job(request, key, import_id)
    if request.method == "POST":
        return _planned(request, access, job)
    if job.state == State.DRAFT or (job.state == State.CHECKED and request.GET.get("step") == "columns"):
        return _columns_page(request, access, job, dict(enumerate(job.targets)), job.key, job.run_robots)
    return render(request, "imports/job.html", _state(access, job))


@login_required
@require_POST
def reread(request: PersonalRequest, key: str, import_id: int) -> HttpResponse:
    """Read the file with another encoding or delimiter."""
    access, job = _job(request, key, import_id)
    form = {name: request.POST.get(name, "") for name in ("encoding", "delimiter")}
    try:
        read_import_anew(job, **form, actor=request.actor)
    except Invalid as error:
        chosen = dict(enumerate(job.targets))
        return _columns_page(request, access, job, chosen, job.key, job.run_robots, refusal=error)
    return redirect("import", key, job.pk)


@login_required
@require_POST
def run(request: PersonalRequest, key: str, import_id: int) -> HttpResponse:
    """Bring the checked rows in."""
    _access, job = _job(request, key, import_id)
    run_import(job, actor=request.actor)
    return redirect("import", key, job.pk)


@login_required
@require_POST
def cancel(request: PersonalRequest, key: str, import_id: int) -> HttpResponse:
    """Stop it."""
    _access, job = _job(request, key, import_id)
    cancel_import(job, actor=request.actor)
    return redirect("import", key, job.pk)


@login_required
@require_safe
def progress(request: PersonalRequest, key: str, import_id: int) -> HttpResponse:
    """The changing part of the page; `?said=` is the quarter that was announced last."""
    access, job = _job(request, key, import_id)
    context = _state(access, job)
    return render(request, "imports/_state.html", {**context, "said": request.GET.get("said", "")})


@login_required
@require_safe
def rejected(request: PersonalRequest, key: str, import_id: int) -> HttpResponse:
    """The rejected rows as a file."""
    _access, job = _job(request, key, import_id)
    name = f"{job.name.rpartition('.')[0] or job.name} - {_('rejected')}.csv"
    disposition = content_disposition_header(as_attachment=True, filename=name)
    headers = {"Content-Disposition": disposition or "attachment"}
    return HttpResponse("".join(rejected_csv(job)), content_type="text/csv; charset=utf-8", headers=headers)


def _begun(request: PersonalRequest, access: Access) -> ImportJob:
    """The import of the posted file. Raises Invalid."""
    file = request.FILES.get("file")
    if file is None or file.size is None:
        raise Invalid(_("Choose a file."))
    # One byte over the limit is enough to be refused.
    content = file.read(settings.IMPORT_MOST_BYTES + 1)
    return begin_import(access.definition, name=file.name or "", content=content, actor=request.actor)


def _planned(request: PersonalRequest, access: Access, job: ImportJob) -> HttpResponse:
    targets = [request.POST.get(f"target-{index}") or None for index in range(len(job.headers))]
    key, run_robots = request.POST.get("key", ""), "run_robots" in request.POST
    try:
        plan_import(job, targets=targets, key=key, quiet=not run_robots, actor=request.actor)
        check_import(job, actor=request.actor)
    except Invalid as error:
        return _columns_page(request, access, job, dict(enumerate(targets)), key, run_robots, refusal=error)
    return redirect("import", access.definition.key, job.pk)


def _columns_page(
    request: PersonalRequest,
    access: Access,
    job: ImportJob,
    chosen: Mapping[int, str | None],
    key: str,
    run_robots: bool,
    *,
    refusal: Invalid | None = None,
) -> HttpResponse:
    wrong = {place: [str(text) for text in texts] for place, texts in (refusal.fields if refusal else {}).items()}
    rows = [
        ColumnRow(column, chosen.get(column.index) or "", wrong.get(f"targets.{column.index}", ()))
        for column in columns_of(job)
    ]
    base, fields = _choices(access)
    context = {
        **_base(access, 2),
        "job": job,
        "rows": rows,
        "left_out": sum(not row.chosen for row in rows),
        "base": base,
        "fields": fields,
        "keys": [target for target in (*base, *fields) if target.can_be_key],
        "key": key,
        "run_robots": run_robots,
        "refusal": refusal,
        "general": [text for place in ("targets", "file", "key") for text in wrong.get(place, ())],
        "can_create": access.can(Operation.CREATE),
        "can_update": access.can(Operation.UPDATE),
        "encodings": ENCODINGS.items(),
        "delimiters": DELIMITERS.items(),
        "encoding": ENCODINGS[job.encoding],
        "delimiter": DELIMITERS[job.delimiter],
    }
    return render(request, "imports/columns.html", context, status=422 if refusal else 200)


def _choices(access: Access) -> tuple[list[Target], list[Target]]:
    """The base targets, the record number last, and the fields."""
    targets = targets_for(access).values()
    base = sorted((target for target in targets if target.field is None), key=lambda target: target.key == ID)
    return base, [target for target in targets if target.field is not None]


def _state(access: Access, job: ImportJob) -> dict[str, Any]:
    """What the pages of the check and of the run show."""
    page = problems_of(job, limit=SHOWN)
    going = progress_of(job)
    icon, kind = CHIPS[job.state]
    return {
        **_base(access, STEPS.get(job.state, 4)),
        "job": job,
        "going": going,
        "quarter": going.percent // 25 * 25,
        "took": duration_of(job),
        "icon": icon,
        "kind": kind,
        "causes": [] if job.is_working else causes_of(job),
        "problems": [] if job.is_working else [ProblemRow(item, words_of(job, item.reasons)) for item in page.items],
        "more": job.rejected - len(page.items),
        "good": job.created + job.updated,
    }


def _job(request: PersonalRequest, key: str, import_id: int) -> tuple[Access, ImportJob]:
    """One of the person's own imports. Raises NotFound, NotAllowed."""
    access = import_access(request.actor, key, needs_use=False)
    return access, import_of(access, import_id)


def _base(access: Access, step: int) -> dict[str, Any]:
    names = (_("File"), _("Columns"), _("Check"), _("Import"))
    return {
        "process": access.definition,
        "tabs": process_tabs(access, ""),
        "step": step,
        "steps": list(enumerate(names, 1)),
    }
