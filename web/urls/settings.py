"""Addresses of the process designer, rights and automation."""

from django.urls import URLPattern, URLResolver, path

from web.views import (
    access,
    automation,
    designer,
    fields,
    moves,
    pipelines,
    processes,
    sections,
    stages,
    triggers,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("processes/", processes.processes, name="processes"),
    path("processes/new/", processes.new_process, name="process-new"),
    path("p/<slug:key>/settings/", designer.general, name="process-settings"),
    path("p/<slug:key>/settings/archive/", designer.archive, name="process-archive"),
    path("p/<slug:key>/settings/publish/", designer.publish, name="process-publish"),
    path("p/<slug:key>/settings/fields/", fields.fields, name="process-fields"),
    path("p/<slug:key>/settings/fields/kinds/", fields.kinds, name="field-kinds"),
    path("p/<slug:key>/settings/fields/new/", fields.new_field, name="field-new"),
    path("p/<slug:key>/settings/fields/order/", sections.arrange, name="field-order"),
    path("p/<slug:key>/settings/fields/preview/", fields.preview, name="field-preview"),
    path("p/<slug:key>/settings/sections/new/", sections.new_section, name="section-new"),
    path("p/<slug:key>/settings/sections/<int:section_id>/", sections.edit_section, name="section-edit"),
    path("p/<slug:key>/settings/sections/<int:section_id>/move/", sections.move_section, name="section-move"),
    path("p/<slug:key>/settings/sections/<int:section_id>/remove/", sections.delete_section, name="section-remove"),
    path("p/<slug:key>/settings/fields/edit/<slug:field_key>/", fields.edit_field, name="field-edit"),
    path("p/<slug:key>/settings/fields/remove/<slug:field_key>/", fields.delete_field, name="field-remove"),
    path("p/<slug:key>/settings/fields/jobs/", fields.jobs, name="field-jobs"),
    *(
        path(
            f"p/<slug:key>/settings/fields/jobs/<int:job_id>/{action}/",
            fields.act_on_job,
            {"action": action},
            name=f"field-job-{action}",
        )
        for action in fields.ACTIONS
    ),
    path("p/<slug:key>/settings/fields/removed/<int:field_id>/restore/", fields.restore, name="field-restore"),
    path("p/<slug:key>/settings/fields/removed/<int:field_id>/purge/", fields.purge, name="field-purge"),
    path("p/<slug:key>/settings/stages/", stages.stages, name="process-stages"),
    path("p/<slug:key>/settings/stages/new/", stages.new_stage, name="stage-new"),
    path("p/<slug:key>/settings/stages/order/", stages.order_stages, name="stage-order"),
    path("p/<slug:key>/settings/stages/<int:stage_id>/", stages.edit_stage, name="stage-edit"),
    path("p/<slug:key>/settings/stages/<int:stage_id>/copy/", stages.copy_stage, name="stage-copy"),
    path("p/<slug:key>/settings/stages/<int:stage_id>/remove/", stages.delete_stage, name="stage-remove"),
    path("p/<slug:key>/settings/pipelines/new/", pipelines.new_pipeline, name="pipeline-new"),
    path("p/<slug:key>/settings/pipelines/order/", pipelines.order_pipelines, name="pipeline-order"),
    path("p/<slug:key>/settings/pipelines/edit/<slug:pipeline_key>/", pipelines.edit_pipeline, name="pipeline-edit"),
    path("p/<slug:key>/settings/pipelines/first/<slug:pipeline_key>/", pipelines.first_pipeline, name="pipeline-first"),
    path(
        "p/<slug:key>/settings/pipelines/remove/<slug:pipeline_key>/",
        pipelines.delete_pipeline,
        name="pipeline-remove",
    ),
    path("p/<slug:key>/settings/moves/", moves.moves, name="process-moves"),
    path("p/<slug:key>/settings/moves/reasons/", moves.reasons, name="lost-reasons"),
    path("p/<slug:key>/settings/moves/gate/", moves.gate, name="gate-edit"),
    path("p/<slug:key>/settings/moves/gates/<int:gate_id>/remove/", moves.remove, name="gate-remove"),
    path("p/<slug:key>/settings/access/", access.access, name="process-access"),
    path("p/<slug:key>/settings/access/check/", access.check, name="access-check"),
    path("p/<slug:key>/automation/", automation.build, name="process-automation"),
    path("p/<slug:key>/automation/log/", automation.log, name="automation-log"),
    path("p/<slug:key>/automation/stages/<int:stage_id>/add/", automation.catalogue, name="robot-catalogue"),
    path("p/<slug:key>/automation/stages/<int:stage_id>/add/<slug:kind>/", automation.new_robot, name="robot-new"),
    path("p/<slug:key>/automation/stages/<int:stage_id>/order/", automation.order, name="robot-order"),
    path("p/<slug:key>/automation/robots/<int:robot_id>/", automation.edit_robot, name="robot-edit"),
    path("p/<slug:key>/automation/robots/<int:robot_id>/switch/", automation.switch, name="robot-switch"),
    path("p/<slug:key>/automation/robots/<int:robot_id>/remove/", automation.remove, name="robot-remove"),
    path("p/<slug:key>/automation/robots/<int:robot_id>/start/", automation.start, name="robot-start"),
    path("p/<slug:key>/automation/robots/<int:robot_id>/copy/<int:stage_id>/", automation.copy, name="robot-copy"),
    path(
        "p/<slug:key>/automation/stages/<int:stage_id>/triggers/add/<slug:kind>/",
        triggers.new_trigger,
        name="trigger-new",
    ),
    path("p/<slug:key>/automation/stages/<int:stage_id>/triggers/order/", triggers.order, name="trigger-order"),
    path("p/<slug:key>/automation/triggers/<int:trigger_id>/", triggers.edit_trigger, name="trigger-edit"),
    path("p/<slug:key>/automation/triggers/<int:trigger_id>/switch/", triggers.switch, name="trigger-switch"),
    path("p/<slug:key>/automation/triggers/<int:trigger_id>/remove/", triggers.remove, name="trigger-remove"),
    path("p/<slug:key>/automation/triggers/<int:trigger_id>/start/", triggers.start, name="trigger-start"),
    path("p/<slug:key>/automation/triggers/<int:trigger_id>/renew/", triggers.renew, name="trigger-renew"),
    path("p/<slug:key>/automation/runs/<int:run_id>/", automation.run, name="run-detail"),
    *(
        path(
            f"p/<slug:key>/automation/runs/<int:run_id>/{action}/",
            automation.act,
            {"action": action},
            name=f"run-{action}",
        )
        for action in automation.ACTIONS
    ),
]
