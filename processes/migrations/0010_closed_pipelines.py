"""A pipeline is open or closed to what roles may do in the process, whatever they are granted later."""

from typing import Any

from django.db import migrations, models

OF_PIPELINES = {
    *("view", "create", "update", "move", "assign", "comment", "delete", "restore", "history", "override"),
    "run_button",
}


def close(apps: Any, _editor: Any) -> None:
    """Close those in which nobody has a right by what holds in the process: there it changes nobody's rights now.

    The pipeline that a process begins with was never closed. Where no role has a right in the process, that says
    nothing, and only a row that takes a right away tells of a closed one. Such rows go then: it holds without a word.
    """
    Pipeline, Grant = apps.get_model("processes", "Pipeline"), apps.get_model("processes", "Grant")
    for pipeline in Pipeline.objects.exclude(key="main"):
        ours = Grant.objects.filter(process_id=pipeline.process_id).exclude(role__key="robots")
        held = ours.filter(pipeline=None, stage=None, operation__in=OF_PIPELINES)
        said = ours.filter(pipeline=pipeline)
        taken = said.filter(scope=0)
        rights = set(held.values_list("role_id", "operation"))
        if rights <= set(said.values_list("role_id", "operation")) and (rights or taken.exists()):
            taken.delete()
            pipeline.is_open = False
            pipeline.save(update_fields=["is_open"])


class Migration(migrations.Migration):
    dependencies = [
        ("processes", "0009_bulk"),
    ]

    operations = [
        migrations.AddField(
            model_name="pipeline",
            name="is_open",
            field=models.BooleanField(default=True),
        ),
        migrations.RunPython(close, migrations.RunPython.noop),
    ]
