"""Which pipeline a page is about: the one in its address, else the one its person looked at last."""

from dataclasses import replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.operations import remember_choice
from core.errors import NotFound
from core.text import id_from
from processes.definition_types import PipelineDef, StageDef
from processes.permissions import Access
from processes.queries import creating_pipelines, visible_pipelines, visible_stage
from records.queries.filters import all_of, condition_from
from records.queries.narrowing import Narrowing
from web.middleware import PersonalRequest


def chosen_pipeline(request: PersonalRequest, access: Access) -> PipelineDef:
    """The pipeline of the address, which is remembered; else the last one, else the first that the person sees.

    Raises NotFound, for a closed one as for an absent one.
    """
    if not access.definition.has_stages:
        return access.definition.default_pipeline
    asked = asked_pipeline(request, access)
    if asked is not None:
        return asked
    seen = visible_pipelines(access)
    if not seen:
        raise _absent(request)
    last = _user(request).remembered.get(_place(access))
    return next((pipeline for pipeline in seen if pipeline.key == last), seen[0])


def asked_pipeline(request: PersonalRequest, access: Access) -> PipelineDef | None:
    """The pipeline that the address names, which is remembered; None where it names none. Raises NotFound."""
    key = request.GET.get("pipeline")
    if not key or not access.definition.has_stages:
        return None
    seen = visible_pipelines(access)
    found = next((pipeline for pipeline in seen if pipeline.key == key), None)
    if found is None:
        raise _absent(request)
    # Whoever looks at the product as this person changes nothing of theirs.
    if len(seen) > 1 and getattr(request, "viewer", None) is None:
        remember_choice(_user(request), place=_place(access), choice=key)
    return found


def within_pipeline(access: Access, narrowing: Narrowing, pipeline: PipelineDef | None) -> Narrowing:
    """What a list asks for, in one pipeline if given."""
    if pipeline is None or len(access.definition.pipelines) == 1:
        return narrowing
    own = condition_from(access, {"field": "pipeline", "op": "is", "value": pipeline.id})
    conditions = [own] if narrowing.condition is None else [narrowing.condition, own]
    return replace(narrowing, condition=all_of(conditions))


def beginning_stage(request: PersonalRequest, access: Access) -> StageDef:
    """Where a new record begins: the stage asked for, or the first one of the pipeline one is looking at."""
    asked = id_from(request.POST.get("stage") or request.GET.get("stage") or "")
    if asked is not None:
        return visible_stage(access, asked)
    return creating_pipeline(access, chosen_pipeline(request, access)).first_stage


def creating_pipeline(access: Access, chosen: PipelineDef) -> PipelineDef:
    """The pipeline in which the person may make records: the chosen one if it is open to them."""
    open_ones = creating_pipelines(access)
    return chosen if chosen in open_ones or not open_ones else open_ones[0]


def with_pipeline(params: QueryDict, pipeline: PipelineDef) -> str:
    """The query of an address with the pipeline named in it."""
    query = params.copy()
    query["pipeline"] = pipeline.key
    return query.urlencode()


def _user(request: PersonalRequest) -> User:
    user = request.user
    assert isinstance(user, User)
    return user


def _place(access: Access) -> str:
    return f"pipeline:{access.definition.id}"


def _absent(request: PersonalRequest) -> NotFound:
    return NotFound(_("There is no such pipeline."), pipeline=request.GET.get("pipeline", ""))
