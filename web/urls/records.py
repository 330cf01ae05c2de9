"""Addresses of boards, lists, cards and my work."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from web.forms.bulk import ACTIONS as BULK_ACTIONS
from web.views import (
    board,
    bulk,
    bulk_jobs,
    buttons,
    card,
    editing,
    exports,
    files,
    filters,
    gate,
    imports,
    links,
    saved_views,
    table,
    work,
)

record: list[URLPattern | URLResolver] = [
    path("", card.card, name="record-card"),
    path("tile/", board.tile, name="record-tile"),
    path("row/", table.row, name="record-row"),
    path("move/", board.move, name="record-move"),
    path("gate/", gate.gate, name="record-gate"),
    path("elsewhere/", gate.elsewhere, name="record-elsewhere"),
    path("delete/", editing.delete, name="record-delete"),
    path("restore/", editing.restore, name="record-restore"),
    path("fields/<slug:field_key>/", editing.field, name="record-field"),
    path("linked/", links.linked, name="record-linked"),
    path("activity/", card.activity, name="record-activity"),
    path("watch/", card.watch, name="record-watch"),
    path("buttons/", buttons.buttons, name="record-buttons"),
    re_path(
        r"^buttons/(?P<rule_kind>robot|trigger)-(?P<rule_id>[0-9]{1,18})/press/\Z", buttons.press, name="record-press"
    ),
    path("comments/", card.comment, name="record-comment"),
    path("tasks/", card.task, name="record-task"),
    path("tasks/<int:task_id>/", card.task_done, name="record-task-done"),
]
one_import: list[URLPattern | URLResolver] = [
    path("", imports.one_import, name="import"),
    path("reread/", imports.reread, name="import-reread"),
    path("run/", imports.run, name="import-run"),
    path("cancel/", imports.cancel, name="import-cancel"),
    path("progress/", imports.progress, name="import-progress"),
    path("rejected/", imports.rejected, name="import-rejected"),
]
one_export: list[URLPattern | URLResolver] = [
    path("", exports.one_export, name="export"),
    path("progress/", exports.progress, name="export-progress"),
    path("cancel/", exports.cancel, name="export-cancel"),
    path("file/", exports.file, name="export-file"),
]
one_bulk: list[URLPattern | URLResolver] = [
    path("", bulk_jobs.job, name="bulk-job"),
    path("progress/", bulk_jobs.progress, name="bulk-job-progress"),
    path("stop/", bulk_jobs.stop, name="bulk-job-stop"),
    path("undo/", bulk_jobs.undo, name="bulk-job-undo"),
]
process: list[URLPattern | URLResolver] = [
    path("", board.board, name="process-board"),
    path("list/", table.table, name="process-list"),
    path("imports/", imports.imports, name="process-imports"),
    path("imports/<int:import_id>/", include(one_import)),
    path("exports/", exports.exports, name="process-exports"),
    path("exports/new/", exports.new_export, name="export-new"),
    path("exports/<int:export_id>/", include(one_export)),
    path("bin/", editing.bin_page, name="process-bin"),
    path("columns/<int:stage_id>/", board.column, name="board-column"),
    path("totals/", board.totals, name="board-totals"),
    *(path(f"bulk/{name}/", bulk.bulk, {"action": name}, name=f"bulk-{name}") for name in BULK_ACTIONS),
    path("bulk/", bulk_jobs.jobs, name="bulk-jobs"),
    path("bulk/<int:bulk_id>/", include(one_bulk)),
    re_path(r"^views/new/(?P<page>board|list)/\Z", saved_views.new_view, name="view-new"),
    path("views/<int:view_id>/", saved_views.edit_view, name="view"),
    path("views/<int:view_id>/query/", saved_views.keep_query, name="view-keep"),
    path("views/<int:view_id>/remove/", saved_views.delete_view, name="view-remove"),
    path("filter-control/", filters.filter_control, name="process-filter-control"),
    path("choices/<slug:field_key>/", editing.choices, name="field-choices"),
    path("files/", files.upload, name="files-upload"),
    path("new/", editing.new, name="record-new"),
    path("new/asked/", editing.asked, name="record-asked"),
    path("quick-add/", board.quick_add, name="record-quick-add"),
    path("records/<int:record_id>/", include(record)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", work.home, name="home"),
    path("work/", work.my_work, name="my-work"),
    path("search/", work.search, name="search"),
    path("records/<int:record_id>/", links.anywhere, name="record-anywhere"),
    path("files/<int:file_id>/<str:name>", files.file, name="file"),
    path("p/<slug:key>/", include(process)),
]
