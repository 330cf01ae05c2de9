"""What hangs on a record: its timeline, comments and tasks."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.listing import number_from
from api.schema import next_number, parameter
from api.v1.strict import items_of
from api.v1.timeline_shapes import CommentBody, CommentOut, EntryOut, TaskBody, TaskOut
from api.views import ApiView
from records.models import Comment, Task
from records.operations import add_comment, complete_task, create_task, reopen_task
from records.queries.card import row_for
from records.queries.timeline import timeline_page

MOST = 200
BEFORE = [parameter("before", "`next` of the page before.", int)]


class Timeline(ApiView):
    """What happened to a record."""

    @extend_schema(
        operation_id="timeline_read",
        summary="Read the timeline",
        parameters=BEFORE,
        responses={200: items_of(EntryOut, next=next_number())},
    )
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """A page of entries, newest first, in the language of the request."""
        page = timeline_page(self.access(key), record_id, before=number_from(self.query("before"), "before"))
        return Response({"items": EntryOut(page.entries, many=True).data, "next": page.next})


class Comments(ApiView):
    """Remarks about a record."""

    @extend_schema(
        operation_id="comments_list",
        summary="List comments",
        parameters=BEFORE,
        responses={200: items_of(CommentOut, next=next_number())},
    )
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """The latest 200, newest first."""
        before = number_from(self.query("before"), "before")
        row = row_for(self.access(key), record_id)
        found = Comment.objects.filter(record_id=row.pk)
        if before is not None:
            found = found.filter(pk__lt=before)
        comments = list(found.order_by("-id")[: MOST + 1])
        more = comments[MOST - 1].pk if len(comments) > MOST else None
        return Response({"items": CommentOut(comments[:MOST], many=True).data, "next": more})

    @extend_schema(
        operation_id="comments_create",
        summary="Comment a record",
        request=CommentBody,
        responses={201: CommentOut},
    )
    def post(self, request: Request, key: str, record_id: int) -> Response:
        """Say something about it."""
        body = self.body(CommentBody)
        comment = add_comment(self.access(key).definition, record_id, **body, actor=self.actor)
        return Response(CommentOut(comment).data, status=201)


class Tasks(ApiView):
    """To-dos on a record."""

    @extend_schema(operation_id="tasks_list", summary="List tasks", responses={200: items_of(TaskOut)})
    def get(self, request: Request, key: str, record_id: int) -> Response:
        """The latest 200, newest first."""
        row = row_for(self.access(key), record_id)
        found = Task.objects.filter(record_id=row.pk).order_by("-id")[:MOST]
        return Response({"items": TaskOut(found, many=True).data})

    @extend_schema(operation_id="tasks_create", summary="Add a task", request=TaskBody, responses={201: TaskOut})
    def post(self, request: Request, key: str, record_id: int) -> Response:
        """Give somebody something to do for the record."""
        body = self.body(TaskBody)
        body["assignee_id"] = body.pop("assignee")
        task = create_task(self.access(key).definition, record_id, **body, actor=self.actor)
        return Response(TaskOut(task).data, status=201)


class _OneTask(ApiView):
    """One task of the record in the address."""

    def task_id(self, access: Any, record_id: int, task_id: int) -> int:
        """The id, if the task is that record's and the record may be seen."""
        row = row_for(access, record_id)
        return get_object_or_404(Task, pk=task_id, record_id=row.pk).pk


class CompleteTask(_OneTask):
    """A task done."""

    @extend_schema(operation_id="tasks_complete", summary="Complete a task", request=None, responses={200: TaskOut})
    def post(self, request: Request, key: str, record_id: int, task_id: int) -> Response:
        """Mark it done; done twice is done once."""
        access = self.access(key)
        own = self.task_id(access, record_id, task_id)
        return Response(TaskOut(complete_task(access.definition, own, actor=self.actor)).data)


class ReopenTask(_OneTask):
    """A task not done after all."""

    @extend_schema(operation_id="tasks_reopen", summary="Reopen a task", request=None, responses={200: TaskOut})
    def post(self, request: Request, key: str, record_id: int, task_id: int) -> Response:
        """Take its “done” back."""
        access = self.access(key)
        own = self.task_id(access, record_id, task_id)
        return Response(TaskOut(reopen_task(access.definition, own, actor=self.actor)).data)
