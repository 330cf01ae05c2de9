"""Addresses of version 1."""

from django.urls import path, register_converter

from api.converters import IdConverter, RunActConverter
from api.v1 import (
    about,
    board,
    bulk,
    departments,
    fields,
    hooks,
    imports,
    notifications,
    people,
    pipelines,
    processes,
    records,
    robots,
    runs,
    timeline,
    tokens,
    triggers,
)

register_converter(IdConverter, "id")
register_converter(RunActConverter, "run_act")

_PROCESS = "processes/<str:key>/"
_PIPELINE = f"{_PROCESS}pipelines/<str:pipeline_key>/"
_RECORD = f"{_PROCESS}records/<id:record_id>/"
_IMPORT = f"{_PROCESS}imports/<id:import_id>/"

urlpatterns = [
    path("openapi.json", about.OpenApi.as_view(), name="api-openapi"),
    path("me/", people.Me.as_view(), name="api-me"),
    path("people/", people.People.as_view(), name="api-people"),
    path("people/<id:person_id>/invitation/", people.PersonInvitation.as_view(), name="api-person-invitation"),
    path("departments/", departments.Departments.as_view(), name="api-departments"),
    path("departments/<id:department_id>/", departments.OneDepartment.as_view(), name="api-department"),
    path("departments/<id:department_id>/move/", departments.MoveDepartment.as_view(), name="api-department-move"),
    path(
        "departments/<id:department_id>/people/",
        departments.DepartmentPeople.as_view(),
        name="api-department-people",
    ),
    path(
        "departments/<id:department_id>/people/<id:person_id>/",
        departments.OneDepartmentPerson.as_view(),
        name="api-department-person",
    ),
    path("roles/", people.Roles.as_view(), name="api-roles"),
    path("roles/<id:role_id>/", people.OneRole.as_view(), name="api-role"),
    path("roles/<id:role_id>/people/", people.RoleHolders.as_view(), name="api-role-people"),
    path("roles/<id:role_id>/people/<id:person_id>/", people.OneRoleHolder.as_view(), name="api-role-person"),
    path("roles/<id:role_id>/departments/", people.RoleDepartments.as_view(), name="api-role-departments"),
    path(
        "roles/<id:role_id>/departments/<id:department_id>/",
        people.OneRoleDepartment.as_view(),
        name="api-role-department",
    ),
    path("tokens/", tokens.Tokens.as_view(), name="api-tokens"),
    path("tokens/<id:token_id>/", tokens.OneToken.as_view(), name="api-token"),
    path("processes/", processes.Processes.as_view(), name="api-processes"),
    path(_PROCESS, processes.OneProcess.as_view(), name="api-process"),
    path(f"{_PROCESS}archive/", processes.ArchiveProcess.as_view(), name="api-process-archive"),
    path(f"{_PROCESS}publish/", processes.PublishProcess.as_view(), name="api-process-publish"),
    path(f"{_PROCESS}schema/", processes.ProcessSchema.as_view(), name="api-process-schema"),
    path(f"{_PROCESS}access/", processes.ProcessAccess.as_view(), name="api-process-access"),
    path(f"{_PROCESS}fields/", fields.Fields.as_view(), name="api-fields"),
    path(f"{_PROCESS}fields/<str:field_key>/", fields.OneField.as_view(), name="api-field"),
    path(f"{_PROCESS}field-order/", fields.FieldOrder.as_view(), name="api-field-order"),
    path(f"{_PROCESS}pipelines/", pipelines.Pipelines.as_view(), name="api-pipelines"),
    path(f"{_PIPELINE}stages/", pipelines.Stages.as_view(), name="api-stages"),
    path(f"{_PIPELINE}stages/<str:stage_key>/", pipelines.OneStage.as_view(), name="api-stage"),
    path(f"{_PIPELINE}stage-order/", pipelines.StageOrder.as_view(), name="api-stage-order"),
    path(f"{_PIPELINE}moves/", pipelines.Moves.as_view(), name="api-moves"),
    path(f"{_PROCESS}board/", board.Board.as_view(), name="api-board"),
    path(f"{_PROCESS}records/", records.Records.as_view(), name="api-records"),
    path(f"{_PROCESS}records/bulk/", bulk.BulkRecords.as_view(), name="api-records-bulk"),
    path(_RECORD, records.OneRecord.as_view(), name="api-record"),
    path(f"{_RECORD}move/", records.MoveRecord.as_view(), name="api-record-move"),
    path(f"{_RECORD}restore/", records.RestoreRecord.as_view(), name="api-record-restore"),
    path(f"{_RECORD}timeline/", timeline.Timeline.as_view(), name="api-record-timeline"),
    path(f"{_RECORD}comments/", timeline.Comments.as_view(), name="api-record-comments"),
    path(f"{_RECORD}tasks/", timeline.Tasks.as_view(), name="api-record-tasks"),
    path(f"{_RECORD}tasks/<id:task_id>/complete/", timeline.CompleteTask.as_view(), name="api-task-complete"),
    path(f"{_RECORD}tasks/<id:task_id>/reopen/", timeline.ReopenTask.as_view(), name="api-task-reopen"),
    path(f"{_PROCESS}imports/", imports.Imports.as_view(), name="api-imports"),
    path(_IMPORT, imports.OneImport.as_view(), name="api-import"),
    path(f"{_IMPORT}check/", imports.CheckImport.as_view(), name="api-import-check"),
    path(f"{_IMPORT}run/", imports.RunImport.as_view(), name="api-import-run"),
    path(f"{_IMPORT}cancel/", imports.CancelImport.as_view(), name="api-import-cancel"),
    path(f"{_IMPORT}problems/", imports.ImportProblems.as_view(), name="api-import-problems"),
    path(f"{_IMPORT}rejected/", imports.RejectedRows.as_view(), name="api-import-rejected"),
    path(f"{_PROCESS}robots/", robots.Robots.as_view(), name="api-robots"),
    path(f"{_PROCESS}robots/<id:robot_id>/", robots.OneRobot.as_view(), name="api-robot"),
    path(f"{_PROCESS}robot-order/", robots.RobotOrderOfStage.as_view(), name="api-robot-order"),
    path(f"{_PROCESS}triggers/", triggers.Triggers.as_view(), name="api-triggers"),
    path(f"{_PROCESS}triggers/<id:trigger_id>/", triggers.OneTrigger.as_view(), name="api-trigger"),
    path(
        f"{_PROCESS}triggers/<id:trigger_id>/renew-secret/",
        triggers.RenewSecret.as_view(),
        name="api-trigger-renew-secret",
    ),
    path(f"{_PROCESS}trigger-order/", triggers.TriggerOrderOfStage.as_view(), name="api-trigger-order"),
    path("hooks/<str:hook_key>/", hooks.Hook.as_view(), name="api-hook"),
    path(f"{_PROCESS}runs/", runs.Runs.as_view(), name="api-runs"),
    path(f"{_PROCESS}runs/<id:run_id>/", runs.OneRun.as_view(), name="api-run"),
    path(f"{_PROCESS}runs/<id:run_id>/<run_act:act>/", runs.ActOnRun.as_view(), name="api-run-act"),
    path("notifications/", notifications.Notifications.as_view(), name="api-notifications"),
    path("notifications/read/", notifications.ReadNotifications.as_view(), name="api-notifications-read"),
    path(
        "notifications/<id:notification_id>/read/",
        notifications.ReadNotification.as_view(),
        name="api-notification-read",
    ),
]
