"""A process with a row of everything that an address can name, and the people who may do this or that with it."""

import io
from typing import Any

from django.test import Client

from accounts.models import User
from accounts.operations import create_service_token, deactivate_person, renew_invitation, set_department, unassign_role
from accounts.queries import sessions_of
from automation.drafts import TriggerDraft
from automation.models import Run
from automation.operations import create_trigger
from core.actor import SYSTEM
from notifications.models import Notification
from processes.drafts import FieldDraft, GateDraft
from processes.models import FieldJob, FieldLevel, Operation, Process, Scope
from processes.models.access import PROCESS_WIDE
from processes.operations import (
    add_section,
    purge_field,
    remove_field,
    set_field_grants,
    set_gate,
    set_grants,
    update_field,
)
from processes.queries import field_of
from records.operations import RecordChange, add_comment, add_view, create_record, create_task, delete_record
from records.operations.bulk_jobs import begin_bulk
from records.operations.conversion import convert_field
from records.operations.exports import begin_export
from records.operations.files import Upload, upload_files
from records.operations.imports import begin_import
from records.queries.narrowing import NOTHING
from tests.api.conftest import ApiClient, client_of
from tests.automation.helpers import make_robot, settle, stage_of
from tests.factories import FIELDS, actor_of, make_admin, make_department, make_process, make_role, make_user, signed_in

SECRET = "secret words"
HIDDEN = "ocelot"
"""The value of `wombat`."""
ABSENT = 10**9

EVERYTHING = dict.fromkeys(Operation.values, Scope.ALL)
OF_RECORDS = {operation: Scope.ALL for operation in Operation.values if operation not in ("design", "automate")}
del OF_RECORDS[Operation.MANAGE_ACCESS]
LIMITED = ("wombat", "company", "scans")
"""Keys of the fields that the role of `hidden` hides, and that the one of `read_only` shows and no more."""


class World:
    """`ids` fill addresses with what is the administrator's, `own_ids` with the neighbour's own process, `absent` with
    nothing.
    """

    def __init__(self) -> None:
        self.admin = make_admin("Chief")
        sales, law = make_department("Sales"), make_department("Law")
        linked = make_process(name="Companies")
        self.process = self._process(linked)
        self.people: dict[str, User] = {"stranger": make_user("Stranger")}
        rights = {
            "reader": {Operation.VIEW: Scope.ALL},
            "own": {Operation.VIEW: Scope.OWN},
            "far": {Operation.VIEW: Scope.DEPARTMENT},
            "elsewhere": {operation: Scope.ALL for operation in OF_RECORDS if operation in PROCESS_WIDE},
            "colleague": OF_RECORDS,
            "hidden": OF_RECORDS,
            "read_only": OF_RECORDS,
            "keeper": EVERYTHING,
            "revoked": EVERYTHING,
            "deactivated": EVERYTHING,
        }
        self.roles = {}
        for name in rights:
            self.people[name] = make_user(name.title())
            self.roles[name] = make_role(name.title(), people=(self.people[name],))
        far = stage_of(self.process, "completed").pk
        there = {operation: {far: Scope.ALL} for operation in OF_RECORDS if operation not in PROCESS_WIDE}
        set_grants(
            self.process,
            {self.roles[name].pk: granted for name, granted in rights.items()},
            differing={self.roles["elsewhere"].pk: there},
            actor=SYSTEM,
        )
        limited = {name: field_of(self.process, name).pk for name in LIMITED}
        for name, level in (("hidden", FieldLevel.HIDDEN), ("read_only", FieldLevel.READ)):
            levels = {self.roles[name].pk: {pk: {None: level} for pk in limited.values()}}
            set_field_grants(self.process, levels, actor=SYSTEM)
        self.admin = set_department(self.admin, department=sales, actor=SYSTEM)
        self.people["far"] = set_department(self.people["far"], department=law, actor=SYSTEM)
        neighbour = self.people["neighbour"] = make_user("Neighbour")
        self.other = make_process(name="Own affairs")
        set_grants(self.other, {make_role(people=(neighbour,)).pk: EVERYTHING}, actor=SYSTEM)
        self.ids = self._ids(sales.pk)
        self.own_ids = {
            "key": self.other.key,
            "record_id": create_record(self.other, values={"title": "Mine"}, actor=SYSTEM).pk,
            "stage_id": stage_of(self.other, "in_work").pk,
            "robot_id": make_robot(self.other).pk,
            "rule_kind": "robot",
            "rule_id": make_robot(self.other, button="Remind").pk,
        }
        self.absent = self._absent()
        self.linked = linked
        self.linked_id = create_record(linked, values={"title": "Linked"}, actor=SYSTEM).pk
        self.imports = {
            name: begin_import(self.process, name="g.csv", content=b"Title,Other\na,b\n", actor=actor_of(person)).pk
            for name, person in self.people.items()
            if name in ("colleague", "hidden", "read_only")
        }
        """Imports of their own."""
        gone = create_record(self.process, values={"title": SECRET, "assignee": self.admin.pk}, actor=SYSTEM)
        delete_record(self.process, gone.pk, actor=SYSTEM)
        convert_field(field_of(self.process, "former"), type="long_text", settings={}, actor=SYSTEM)
        own_export = begin_export(self.process, file_format="csv", actor=actor_of(self.admin))
        self.special: dict[str, dict[str, Any]] = {
            "field-choices": {"field_key": "company"},
            "board-column": {"stage_id": stage_of(self.process, "received").pk},
            **{name: {"field_key": "former"} for name in CONVERSIONS},
            **{name: {"export_id": own_export.pk} for name in EXPORTS},
            "trigger-new": {"kind": "task_done"},
            **{name: {"token_id": self.ids["service_token_id"]} for name in OF_SERVICES},
            "record-restore": {"record_id": gone.pk},
            "api-record-restore": {"record_id": gone.pk},
        }
        """Ids for single addresses, instead of those in `ids`."""

    def _process(self, linked: Process) -> Process:
        more = (
            FieldDraft("Scans", "file", key="scans"),
            FieldDraft("Company", "link", key="company", settings={"process": linked.pk}),
            FieldDraft("Wombat", "text", key="wombat", is_searchable=True, on_card=True),
            FieldDraft("Former", "text", key="former"),
            FieldDraft("Old", "text", key="old"),
            FieldDraft("Older", "text", key="older"),
        )
        return make_process(fields=(*FIELDS, *more))

    def _ids(self, department_id: int) -> dict[str, Any]:
        process, boss = self.process, actor_of(self.admin)
        old, older = field_of(process, "old"), field_of(process, "older")
        for field in (old, older):
            remove_field(field, actor=SYSTEM, confirmed=True)
        job = purge_field(older, actor=SYSTEM)
        FieldJob.objects.filter(pk=job.pk).update(state=FieldJob.State.FAILED)
        robot = make_robot(process, "change_stage", {"stage": "completed"})
        trigger = create_trigger(stage_of(process, "in_work"), HOOK, actor=SYSTEM).trigger
        [file] = upload_files(process, [Upload("scans", "a.txt", 5, io.BytesIO(b"words"))], actor=SYSTEM)
        values = {"title": SECRET, "scans": [file.pk], "wombat": HIDDEN, "assignee": self.admin.pk}
        record = create_record(process, values=values, actor=SYSTEM)
        settle()
        add_comment(process, record.pk, text=SECRET, actor=SYSTEM)
        task = create_task(process, record.pk, title=SECRET, actor=SYSTEM)
        self.admin_client = client_of(self.admin, "read", "write", "admin")
        self.admin_pages = signed_in(self.admin)
        guest = make_user("Guest", department_id=department_id)
        stage = stage_of(process, "in_work")
        return {
            "key": process.key,
            "pipeline_key": "main",
            "stage_key": "in_work",
            "stage_id": stage.pk,
            "field_key": "amount",
            "field_id": old.pk,
            "job_id": job.pk,
            "job_act": "retry",
            "section_id": self._section(),
            "page": "list",
            "view_id": add_view(process.key, page="list", values={"name": "All", "audience": "all"}, actor=boss).pk,
            "gate_id": set_gate(stage, GateDraft(is_comment_required=True), actor=SYSTEM).pk,
            "record_id": record.pk,
            "task_id": task.pk,
            "file_id": file.pk,
            "name": "a.txt",
            "import_id": begin_import(process, name="f.csv", content=f"Title\n{SECRET}\n".encode(), actor=boss).pk,
            "export_id": self._export(),
            "bulk_id": begin_bulk(process, RecordChange(values={"title": SECRET}), narrowing=NOTHING, actor=boss).pk,
            "robot_id": robot.pk,
            "rule_kind": "robot",
            "rule_id": make_robot(process, button="Remind").pk,
            "trigger_id": trigger.pk,
            "hook_key": trigger.hook_key,
            "kind": "add_comment",
            "run_id": Run.objects.get().pk,
            "act": "retry",
            "run_act": "retry",
            "person_id": guest.pk,
            "department_id": department_id,
            "role_id": self.roles["keeper"].pk,
            "notification_id": Notification.objects.create(user=self.admin, kind="robot", text=SECRET).pk,
            "token_id": self.admin.tokens.get().pk,
            "service_token_id": self._services(),
            "session_id": sessions_of(self.admin)[0].id,
            "secret": renew_invitation(guest, actor=SYSTEM),
        }

    def _services(self) -> int:
        """Programs that work for themselves: `service` with the role of a colleague, `bare` without any."""
        self.services = {}
        for name, roles in (("service", [self.roles["colleague"]]), ("bare", [])):
            token, self.services[name] = create_service_token(
                name=name, scopes=["read", "write"], roles=roles, actor=SYSTEM
            )
        return token.pk

    def _section(self) -> int:
        section = add_section(self.process, label=SECRET, actor=SYSTEM)
        update_field(field_of(self.process, "wombat"), changes={"section": section}, actor=SYSTEM)
        return section.pk

    def _export(self) -> int:
        """Of the administrator's program: the file of an export keeps to the rights under which it was asked for."""
        answer = self.admin_client.call("post", f"/processes/{self.process.key}/exports/", {"format": "csv"})
        return int(answer.json()["id"])

    def _absent(self) -> dict[str, Any]:
        """What is nowhere, for every part of an address that names a row of the process."""
        numbers = {name: ABSENT for name in self.ids if name.endswith("_id")}
        return {**numbers, "key": "nowhere", "session_id": "0" * 24}

    def revoke(self) -> None:
        """Take what `revoked` and `deactivated` had, after they have come in."""
        unassign_role(self.roles["revoked"], user=self.people["revoked"], actor=SYSTEM)
        deactivate_person(self.people["deactivated"], actor=SYSTEM)

    def pages(self, name: str) -> Client:
        """A browser of one of the people; of nobody for `anonymous`."""
        return Client() if name == "anonymous" else signed_in(self.people[name])

    def rest(self, name: str) -> ApiClient:
        """A program of one of the people; of nobody for `anonymous`; or one that works for itself."""
        if name in self.services:
            return ApiClient(self.services[name])
        return ApiClient() if name == "anonymous" else client_of(self.people[name])


CONVERSIONS = (
    "field-unconverted",
    "field-revert",
    "field-forget",
    "api-conversion",
    "api-conversion-revert",
    "api-conversion-unconverted",
)
OF_SERVICES = ("service-token", "service-token-revoke", "api-role-token")
EXPORTS = ("export", "export-progress", "export-cancel", "export-file")
HOOK = TriggerDraft(
    kind="webhook", settings={"find_by": "title", "find_path": "number", "when_missing": "ignore"}, name="Paid"
)
