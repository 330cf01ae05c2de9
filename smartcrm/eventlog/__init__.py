"""Event logs: what other systems have written down about the life of their cases, and how it becomes a process."""

from smartcrm.eventlog.bringing import Brought, bring_log
from smartcrm.eventlog.reading import Columns, Log, LogError, Refusal, read_log

__all__ = ["Brought", "Columns", "Log", "LogError", "Refusal", "bring_log", "read_log"]
