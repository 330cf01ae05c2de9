"""`manage.py import_records PROCESS FILE --as EMAIL`: a CSV file is checked and brought into a process."""

import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from accounts.models import User
from accounts.queries import actor_for
from core.actor import Actor
from core.errors import Invalid, SmartCRMError
from records.exchange.source import DELIMITERS, ENCODINGS
from records.exchange.worker import work_through
from records.models import ImportJob
from records.operations.imports import begin_import, check_import, plan_import, read_import_anew, run_import
from records.queries.imports import columns_of, problems_of, rejected_csv, words_of

LOOK_EVERY = 0.5  # seconds
MOST_TOLD = 20
"""Rejected rows named one by one."""


class Command(BaseCommand):
    """Takes a file through the steps of the wizard, in this process; the rights are those of the person."""

    help = (
        "Import records from a CSV file. Encoding, delimiter and the meaning of columns are recognised; --column says "
        "otherwise. Every row is checked before any is written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("process", help="key of the process")
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--as", dest="person", required=True, metavar="EMAIL", help="whose rights it has")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="HEADER=TARGET",
            help="a field's key, title, stage, assignee or id; nothing leaves the column out; may be given again",
        )
        parser.add_argument("--key", default="", metavar="TARGET", help="update the records found by this target")
        parser.add_argument("--encoding", choices=sorted(ENCODINGS))
        parser.add_argument("--delimiter", choices=sorted(DELIMITERS))
        parser.add_argument("--with-robots", action="store_true", help="run robots and notify people")
        parser.add_argument("--check", action="store_true", help="check only and write nothing")
        parser.add_argument("--rejected", type=Path, metavar="FILE", help="write the rejected rows to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.active().filter(email__iexact=options["person"]).first()
        if user is None:
            raise CommandError(f"There is no active person with the address {options['person']}.")
        # Dates and numbers are read by the person's habits; what is said here is for the terminal.
        with translation.override(user.language), timezone.override(ZoneInfo(user.time_zone)):
            try:
                self._import(actor_for(user), options)
            except SmartCRMError as error:
                raise CommandError(_in_words(error)) from error

    def _import(self, actor: Actor, options: dict[str, Any]) -> None:
        job = self._begun(actor, options)
        targets = _targets(job, options["column"])
        plan_import(job, targets=targets, key=options["key"], quiet=not options["with_robots"], actor=actor)
        job = self._worked(check_import(job, actor=actor))
        self._tell("Checked", job)
        if not options["check"] and job.created + job.updated:
            job = self._worked(run_import(job, actor=actor))
            self._tell("Imported", job)
        if options["rejected"]:
            options["rejected"].write_text("".join(rejected_csv(job)), encoding="utf-8", newline="")

    def _begun(self, actor: Actor, options: dict[str, Any]) -> ImportJob:
        file: Path = options["file"]
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        job = begin_import(options["process"], name=file.name, content=content, actor=actor)
        encoding, delimiter = options["encoding"] or job.encoding, options["delimiter"] or job.delimiter
        if (encoding, delimiter) != (job.encoding, job.delimiter):
            job = read_import_anew(job, encoding=encoding, delimiter=delimiter, actor=actor)
        return job

    def _worked(self, job: ImportJob) -> ImportJob:
        """The job after its pass; where a worker of the product was faster, it is waited for."""
        while job.is_working:
            work_through(job.pk)
            job.refresh_from_db()
            if job.is_working:
                time.sleep(LOOK_EVERY)
        if job.state != ImportJob.State.CHECKED and job.state != ImportJob.State.DONE:
            raise CommandError(job.error or f"The import is {job.state}.")
        return job

    def _tell(self, done: str, job: ImportJob) -> None:
        self.stdout.write(
            f"{done} {job.position} rows: {job.created} new, {job.updated} updated, {job.rejected} rejected."
        )
        for problem in problems_of(job, limit=MOST_TOLD).items:
            self.stderr.write(f"row {problem.row} (line {problem.line}): {' '.join(words_of(job, problem.reasons))}")


def _targets(job: ImportJob, columns: list[str]) -> list[str | None]:
    """The guessed targets with those that the call names. Raises CommandError for a header that is not there."""
    targets = [column.target for column in columns_of(job)]
    for column in columns:
        header, is_given, target = column.rpartition("=")
        if not is_given or header not in job.headers:
            raise CommandError(f"There is no column “{header or column}”. There are: {', '.join(job.headers)}.")
        targets[job.headers.index(header)] = target or None
    return targets


def _in_words(error: SmartCRMError) -> str:
    """The message with what it says about places."""
    if not isinstance(error, Invalid):
        return str(error.message)
    places = [f"{place}: {text}" for place, texts in error.fields.items() for text in texts]
    return "\n".join([str(error.message), *places])
