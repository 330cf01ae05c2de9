"""`manage.py import_log FILE --name NAME`: an event log becomes a process with the whole past of its records."""

import time
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.actor import SYSTEM
from core.errors import SmartCRMError
from smartcrm.eventlog import Brought, Columns, Log, LogError, bring_log, read_log

MOST_TOLD = 50
"""Refused rows named one by one; the rest is counted by reason."""


class Command(BaseCommand):
    """Reads the log, makes the process, writes the past, and says what became of every row."""

    help = (
        "Make a process of an event log: a CSV file in UTF-8 with one row per event (case, activity, person, time), "
        "as pm4py and other process mining tools write it. Activities become stages, attributes of cases (columns "
        "that begin with “case:”) become fields, people become deactivated users, groups departments; every case "
        "becomes a record with its real moves and times. Either everything is written or nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--name", required=True, help="name of the process: “Permit applications”")
        parser.add_argument("--key", default="", help="key of the process; made from the name unless given")
        parser.add_argument("--noun", default="case", help="one record; “%(default)s” unless given")
        parser.add_argument("--plural", default="cases", help="many records; “%(default)s” unless given")
        for column in fields(Columns):
            parser.add_argument(
                f"--{column.name}-column",
                default=column.default,
                metavar="COLUMN",
                help=f"{ABOUT[column.name]}; “%(default)s” unless given",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        columns = Columns(**{column.name: options[f"{column.name}_column"] for column in fields(Columns)})
        try:
            log = read_log(options["file"], columns)
            self._tell_refusals(log)
            brought = bring_log(
                log,
                name=options["name"],
                key=options["key"],
                noun=options["noun"],
                plural=options["plural"],
                actor=SYSTEM,
            )
        except LogError as error:
            raise CommandError(str(error)) from error
        except SmartCRMError as error:
            raise CommandError(_in_words(error)) from error
        self._tell(log, brought, time.perf_counter() - started)

    def _tell_refusals(self, log: Log) -> None:
        for refusal in log.refusals[:MOST_TOLD]:
            self.stderr.write(f"line {refusal.line}: {refusal.reason}")
        if len(log.refusals) > MOST_TOLD:
            lines = ", ".join(str(refusal.line) for refusal in log.refusals[MOST_TOLD:])
            self.stderr.write(f"and lines {lines}")

    def _tell(self, log: Log, brought: Brought, seconds: float) -> None:
        closed = [str(stage.name) for stage in brought.shape.stages if stage.kind != "open"]
        say = self.stdout.write
        say(f"Process “{brought.process.name}” ({brought.process.key}): {len(brought.shape.stages)} stages.")
        say(f"  closed: {_listed(closed)}")
        say("  fields: " + _listed(f"{q.draft.label} ({q.draft.type})" for q in brought.shape.questions))
        say(f"  not read: {_listed(log.ignored)}; empty: {_listed(brought.shape.empty)}")
        for column, count in sorted(log.changing.items()):
            say(f"  {column}: {count} rows say something else than the first row of their case, which counts")
        say(f"Rows: {log.rows} read = {brought.events} imported + {len(log.refusals)} refused.")
        say(
            f"Cases: {brought.cases}, events: {brought.events}, people: {brought.people}, "
            f"departments: {brought.departments}, seconds: {seconds:.1f}."
        )


ABOUT = {
    "case": "which case a row belongs to; becomes the title",
    "activity": "what was done; becomes the stage",
    "person": "who did it",
    "group": "the group they belong to",
    "time": "when, as ISO 8601; without an offset in the installation's time zone",
    "assignee": "who is responsible for the case",
}


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def _in_words(error: SmartCRMError) -> str:
    places = getattr(error, "fields", {})
    told = [f"{place}: {' '.join(map(str, messages))}" for place, messages in places.items()]
    return "\n".join([str(error), *told[:MOST_TOLD]])
