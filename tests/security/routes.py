"""Who may get what: a row for every method of every address. tests/security/test_every_route.py sends them.

A row is (method, body, who). A body is what an ordinary request would send, so that only the rights can be in its way;
`{name}` in a value is filled from the world's ids.
"""

from dataclasses import dataclass
from typing import Any

OK = 0
"""Served: done, or refused for another reason than rights (wrong input, a conflict)."""


@dataclass(frozen=True, slots=True)
class Who:
    """What is answered to whom: a status, or OK."""

    nobody: int
    """Somebody signed in who has no role in the process, has just lost it, or has everything in another process."""
    reader: int
    """Sees everything, may do nothing."""
    scoped: int
    """Sees own records, or those of another department; the record of the address is neither."""
    elsewhere: int
    """May do everything with records, in another stage than the one where the record of the address stands."""
    colleague: int
    """May do everything with records, and nothing about the process itself."""
    anonymous: bool = False
    """Whether one need not sign in."""
    hidden: int | None = None
    """A colleague whose role hides the fields `world.LIMITED`; as the colleague unless said otherwise."""


OPEN = Who(OK, OK, OK, OK, OK, anonymous=True)
SIGNED_IN = Who(OK, OK, OK, OK, OK)
ADMINS = Who(403, 403, 403, 403, 403)
OWNER = Who(404, 404, 404, 404, 404)
"""Only whose it is: a token, a notification, a session."""
PROCESS = Who(404, OK, OK, OK, OK)
FIELD = Who(404, OK, OK, OK, OK, hidden=404)
"""A field by its key."""
RECORD = Who(404, OK, 404, 404, OK)
VALUE = Who(404, OK, 404, 404, OK, hidden=404)
"""What a value of the record holds."""
CHANGE = Who(404, 403, 404, 404, OK)
"""Changing the record."""
IN_BIN = Who(404, 404, 404, 404, OK)
"""A deleted record: there only for those who may restore it."""
USE = Who(404, 403, 403, OK, OK)
"""Creating, importing, exporting, the bin: a right that is given or not."""
JOB = Who(404, 403, 403, 404, 404)
"""An import or export of somebody else."""
BULK_JOB = Who(404, 404, 404, 404, 404)
"""A bulk change of somebody else."""
RULES = Who(404, 403, 403, 403, 403)
"""Fields, stages, rights, automation."""

FILE = "<a file>"
"""A value of a form that is a file."""
FILES = {"scans": FILE}

Row = tuple[str, Any, Who]
Table = dict[str, list[Row]]


def get(who: Who) -> list[Row]:
    """An address that only tells."""
    return [("get", None, who)]


def post(who: Who, body: Any = None) -> list[Row]:
    """An address that only does."""
    return [("post", body, who)]


def form(who: Who, body: Any = None) -> list[Row]:
    """A page with a form, or a dialog."""
    return [("get", None, who), ("post", body, who)]


PAGES: Table = {
    "health-live": get(OPEN),
    "health-ready": get(OPEN),
    "health-relay": get(OPEN),
    "set_language": post(OPEN, {"language": "en"}),
    "javascript-catalog": get(OPEN),
    "ui-gallery": get(ADMINS),
    "api-docs": get(SIGNED_IN),
    "home": get(SIGNED_IN),
    "my-work": get(SIGNED_IN),
    "search": get(SIGNED_IN),
    "processes": get(SIGNED_IN),
    "process-new": form(ADMINS, {}),
    # One's own account
    "join": form(OPEN, {"password": "x"}),
    "settings": get(SIGNED_IN),
    "profile": form(SIGNED_IN, {}),
    "choose-theme": post(SIGNED_IN, {"theme": "dark"}),
    "choose-language": post(SIGNED_IN, {"language": "ru"}),
    "sessions-end-others": post(SIGNED_IN),
    "session-end": post(OWNER),
    "notifications": get(SIGNED_IN),
    "notifications-unread": get(SIGNED_IN),
    "notifications-read-all": post(SIGNED_IN),
    "notification-read": post(OWNER),
    "tokens": get(SIGNED_IN),
    "token-new": form(SIGNED_IN, {}),
    "token-revoke": post(OWNER),
    "service-tokens": get(ADMINS),
    "service-token-new": form(ADMINS, {"name": "T", "scopes": "read", "expires": "0"}),
    "service-token": form(ADMINS, {"name": "T"}),
    "service-token-revoke": post(ADMINS),
    "view-end": post(SIGNED_IN),
    # People
    "people": get(ADMINS),
    "person-invite": form(ADMINS, {"name": "N", "email": "n@example.test", "language": "en"}),
    "view-begin": post(ADMINS, {"person": "{person_id}"}),
    "person": get(ADMINS),
    "person-department": post(ADMINS, {"department": "{department_id}"}),
    "person-link": post(ADMINS),
    "person-link-revoke": post(ADMINS),
    "person-sign-out": post(ADMINS),
    "person-role-give": post(ADMINS, {"role": "{role_id}"}),
    "person-role-take": post(ADMINS),
    "person-administrator": post(ADMINS, {"is_admin": "1"}),
    "person-deactivate": post(ADMINS),
    "person-reactivate": post(ADMINS),
    "departments": get(ADMINS),
    "department-add": post(ADMINS, {"name": "D"}),
    "department-new": form(ADMINS, {"name": "D"}),
    "department": get(ADMINS),
    "department-edit": form(ADMINS, {"name": "D"}),
    "department-shift": post(ADMINS, {"direction": "up"}),
    "department-delete": form(ADMINS, {}),
    "department-person-add": post(ADMINS, {"person": "{person_id}"}),
    "department-person-remove": post(ADMINS),
    "roles": get(ADMINS),
    "role-new": form(ADMINS, {"name": "R"}),
    "role-edit": form(ADMINS, {"name": "R"}),
    "role-members": get(ADMINS),
    "role-department-give": form(ADMINS, {"to": "{department_id}"}),
    "role-department-take": post(ADMINS),
    "role-delete": form(ADMINS),
    # Records
    "record-anywhere": get(RECORD),
    "file": get(VALUE),
    "process-board": get(PROCESS),
    "process-list": get(PROCESS),
    "board-column": get(PROCESS),
    "board-totals": get(PROCESS),
    "process-filter-control": get(PROCESS),
    "view-new": form(PROCESS, {"name": "V"}),
    "view": form(RULES, {"name": "V", "audience": "all"}),
    "view-keep": post(RULES, {"query": ""}),
    "view-remove": post(RULES),
    "field-choices": [("get", None, FIELD), ("post", {"title": "C"}, OWNER)],
    "process-bin": get(USE),
    "files-upload": post(USE, FILES),
    "record-new": form(USE, {"title": "R"}),
    "record-asked": post(USE, {"title": "R"}),
    "record-quick-add": post(USE, b'{"title": "R"}'),
    "record-card": get(RECORD),
    "record-tile": get(RECORD),
    "record-row": get(RECORD),
    "record-move": post(CHANGE, b'{"stage": {stage_id}, "version": 1}'),
    "record-elsewhere": get(RECORD),
    "record-gate": [("get", None, RECORD), ("post", {"stage": "{stage_id}"}, CHANGE)],
    "record-delete": post(CHANGE),
    "record-restore": post(IN_BIN),
    "record-field": form(CHANGE, {"value": "5", "was": "null"}),
    "record-linked": get(RECORD),
    "record-activity": get(RECORD),
    "record-buttons": get(RECORD),
    "record-press": post(CHANGE),
    "record-watch": post(RECORD, {"watches": "1"}),
    "record-comment": post(CHANGE, {"text": "x"}),
    "record-task": post(CHANGE, {"title": "x"}),
    "record-task-done": post(CHANGE, {"done": "1"}),
    "process-imports": form(USE, {}),
    "import": form(JOB, {}),
    "import-reread": post(JOB, {"encoding": "utf-8", "delimiter": ","}),
    "import-run": post(JOB),
    "import-cancel": post(JOB),
    "import-progress": get(JOB),
    "import-rejected": get(JOB),
    "process-exports": form(USE, {"format": "csv", "columns": "readable"}),
    "export-new": get(USE),
    "bulk-move": [("get", {"id": "{record_id}"}, USE), ("post", {"id": "{record_id}", "stage": "{stage_id}"}, USE)],
    "bulk-assign": [("get", {"id": "{record_id}"}, USE), ("post", {"id": "{record_id}", "value": ""}, USE)],
    "bulk-edit": [("get", {"id": "{record_id}"}, USE), ("post", {"id": "{record_id}", "value": ""}, USE)],
    "bulk-delete": [("get", {"id": "{record_id}"}, USE), ("post", {"id": "{record_id}"}, USE)],
    "bulk-jobs": get(PROCESS),
    "bulk-job": get(BULK_JOB),
    "bulk-job-progress": get(BULK_JOB),
    "bulk-job-stop": post(BULK_JOB),
    "bulk-job-undo": post(BULK_JOB),
    "export": get(JOB),
    "export-progress": get(JOB),
    "export-cancel": post(JOB),
    "export-file": get(JOB),
    # The process itself
    "process-settings": form(RULES, {}),
    "process-archive": post(RULES),
    "process-publish": post(RULES),
    "process-fields": get(RULES),
    "field-kinds": get(RULES),
    "field-new": form(RULES, {}),
    "field-order": post(RULES, b'{"order": []}'),
    "field-preview": form(RULES, {}),
    "section-new": form(RULES, {"label": "S"}),
    "section-edit": form(RULES, {"label": "S"}),
    "section-move": post(RULES, {"up": "1"}),
    "section-remove": post(RULES),
    "field-edit": form(RULES, {"label": "F"}),
    "field-remove": form(RULES, {}),
    "field-convert": form(RULES, {}),
    "field-convert-preview": post(RULES, {}),
    "field-unconverted": get(RULES),
    "field-revert": post(RULES),
    "field-forget": post(RULES),
    "field-jobs": get(RULES),
    "field-job-retry": post(RULES),
    "field-job-cancel": post(RULES),
    "field-restore": post(RULES),
    "field-purge": form(RULES, {}),
    "process-stages": get(RULES),
    "stage-new": form(RULES, {"name": "S"}),
    "stage-order": post(RULES, b'{"order": []}'),
    "stage-edit": form(RULES, {"name": "S"}),
    "stage-copy": post(RULES),
    "stage-remove": form(RULES, {}),
    "pipeline-new": form(RULES, {"name": "P"}),
    "pipeline-order": post(RULES, b'{"order": []}'),
    "pipeline-edit": form(RULES, {"name": "P"}),
    "pipeline-first": post(RULES),
    "pipeline-remove": form(RULES, {}),
    "process-moves": form(RULES, {"moves": "any"}),
    "lost-reasons": post(RULES, {"reasons": ""}),
    "gate-edit": form(RULES, {}),
    "gate-remove": post(RULES),
    "process-access": form(RULES, {}),
    "access-check": post(RULES, {}),
    "access-places": get(RULES),
    "access-fields": form(RULES, {}),
    "access-why": get(RULES),
    "process-automation": get(RULES),
    "automation-log": get(RULES),
    "robot-catalogue": get(RULES),
    "robot-new": form(RULES, {}),
    "robot-order": post(RULES, b'{"order": []}'),
    "robot-edit": form(RULES, {}),
    "robot-switch": post(RULES),
    "robot-remove": post(RULES),
    "robot-start": post(RULES),
    "robot-copy": post(RULES),
    "trigger-new": form(RULES, {}),
    "trigger-order": post(RULES, b'{"order": []}'),
    "trigger-edit": form(RULES, {}),
    "trigger-switch": post(RULES),
    "trigger-remove": post(RULES),
    "trigger-start": post(RULES),
    "trigger-renew": post(RULES),
    "run-detail": get(RULES),
    "run-retry": post(RULES),
    "run-again": post(RULES),
    "run-cancel": post(RULES),
    "run-confirm": post(RULES),
}

SIGNING_IN = {
    "account_login": OPEN,
    "account_inactive": OPEN,
    "account_signup": OPEN,
    "account_logout": OPEN,
    "account_reset_password": OPEN,
    "account_reset_password_done": OPEN,
    "account_reset_password_from_key": OPEN,
    "account_reset_password_from_key_done": OPEN,
    "account_confirm_email": OPEN,
    "account_confirm_login_code": OPEN,
    "account_email_verification_sent": OPEN,
    "mfa_authenticate": OPEN,
    "account_email": OPEN,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    "account_reauthenticate": SIGNED_IN,
    "mfa_index": SIGNED_IN,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
}
"""Pages of django-allauth: they know only the person of the session."""

REST: Table = {
    "api-me": get(SIGNED_IN),
    "api-openapi": get(SIGNED_IN),
    "api-people": [*get(SIGNED_IN), *post(ADMINS, {"name": "N", "email": "n@example.test"})],
    "api-person": get(SIGNED_IN),
    "api-person-administrator": [("put", {"is_admin": True}, ADMINS)],
    "api-person-deactivate": post(ADMINS),
    "api-person-reactivate": post(ADMINS),
    "api-person-sign-out": post(ADMINS),
    "api-person-invitation": [*post(ADMINS, {}), ("delete", None, ADMINS)],
    "api-departments": [*get(SIGNED_IN), *post(ADMINS, {"name": "D"})],
    "api-department": [*get(SIGNED_IN), ("patch", {"name": "D"}, ADMINS), ("delete", None, ADMINS)],
    "api-department-move": post(ADMINS, {"parent": None}),
    "api-department-people": [*get(SIGNED_IN), *post(ADMINS, {"person": "{person_id}"})],
    "api-department-person": [("delete", None, ADMINS)],
    "api-roles": [*get(SIGNED_IN), *post(ADMINS, {"name": "R"})],
    "api-role": [*get(SIGNED_IN), ("patch", {"name": "R"}, ADMINS), ("delete", None, ADMINS)],
    "api-role-people": [*get(ADMINS), *post(ADMINS, {"person": "{person_id}"})],
    "api-role-person": [("delete", None, ADMINS)],
    "api-role-departments": [*get(ADMINS), *post(ADMINS, {"department": "{department_id}"})],
    "api-role-department": [("delete", None, ADMINS)],
    "api-role-tokens": [*get(ADMINS), *post(ADMINS, {"token": "{service_token_id}"})],
    "api-role-token": [("delete", None, ADMINS)],
    "api-tokens": [*get(SIGNED_IN), *post(SIGNED_IN, {"name": "T", "scopes": ["read"]})],
    "api-token": [*get(OWNER), ("patch", {"name": "T"}, OWNER), ("delete", None, OWNER)],
    "api-processes": [*get(SIGNED_IN), *post(ADMINS, {"name": "P", "noun": "p", "noun_plural": "ps"})],
    "api-process": [*get(PROCESS), ("patch", {"name": "P"}, RULES)],
    "api-process-archive": post(RULES),
    "api-process-publish": post(RULES),
    "api-process-schema": get(PROCESS),
    "api-views": [*get(PROCESS), *post(PROCESS, {"name": "V", "page": "list"})],
    "api-view": [*get(PROCESS), ("patch", {"name": "V"}, RULES), ("delete", None, RULES)],
    "api-process-access": [*get(RULES), ("put", {"grants": {}}, RULES)],
    "api-process-field-access": [*get(RULES), ("put", {"roles": []}, RULES)],
    "api-process-warnings": get(RULES),
    "api-process-why": get(RULES),
    "api-fields": [*get(PROCESS), *post(RULES, {"label": "F", "type": "text"})],
    "api-field": [("patch", {"label": "F"}, RULES), ("delete", None, RULES)],
    "api-field-types": get(SIGNED_IN),
    "api-field-uses": get(RULES),
    "api-field-targets": get(RULES),
    "api-conversions": [*get(RULES), *post(RULES, {"field": "amount", "type": "text"})],
    "api-conversion-check": post(RULES, {"field": "amount", "type": "text"}),
    "api-conversion": [*get(RULES), ("delete", None, RULES)],
    "api-conversion-revert": post(RULES),
    "api-conversion-unconverted": get(RULES),
    "api-removed-fields": get(RULES),
    "api-removed-field": [*post(RULES, {}), ("delete", None, RULES)],
    "api-field-jobs": get(RULES),
    "api-field-job-act": post(RULES),
    "api-field-order": [("put", {"keys": []}, RULES)],
    "api-field-layout": [("put", {"layout": []}, RULES)],
    "api-sections": [*get(PROCESS), *post(RULES, {"label": "S"})],
    "api-section": [("patch", {"label": "S"}, RULES), ("delete", None, RULES)],
    "api-formula-check": post(RULES, {"formula": "1"}),
    "api-pipelines": [*get(PROCESS), *post(RULES, {"name": "P"})],
    "api-pipeline": [("patch", {"name": "P"}, RULES)],
    "api-pipeline-remove": post(RULES, {}),
    "api-pipeline-order": [("put", {"keys": []}, RULES)],
    "api-stage-duplicate": post(RULES),
    "api-stage-uses": get(RULES),
    "api-stages": post(RULES, {"name": "S"}),
    "api-stage": [("patch", {"name": "S"}, RULES), ("delete", None, RULES)],
    "api-stage-order": [("put", {"keys": []}, RULES)],
    "api-moves": [("put", {"moves": None}, RULES)],
    "api-gates": [*get(RULES), ("put", {"target": "in_work", "comment": True}, RULES)],
    "api-gate": [("delete", None, RULES)],
    "api-lost-reasons": [*get(PROCESS), ("put", {"items": [], "required": False}, RULES)],
    "api-board": get(PROCESS),
    "api-records": [*get(PROCESS), *post(USE, {"title": "x"})],
    # Each of the many is answered by itself: tests/api/test_bulk.py.
    "api-records-bulk": post(USE, {"operations": [{"op": "create", "record": {}}]}),
    "api-record": [*get(RECORD), ("patch", {"title": "x"}, CHANGE), ("delete", None, CHANGE)],
    "api-record-move": post(CHANGE, {"stage": "in_work"}),
    "api-record-moves": get(RECORD),
    "api-record-restore": post(IN_BIN),
    "api-record-buttons": get(RECORD),
    "api-button-press": post(CHANGE),
    "api-record-timeline": get(RECORD),
    "api-record-comments": [*get(RECORD), *post(CHANGE, {"text": "x"})],
    "api-record-tasks": [*get(RECORD), *post(CHANGE, {"title": "x"})],
    "api-task-complete": post(CHANGE),
    "api-task-reopen": post(CHANGE),
    "api-files": post(USE, FILES),
    "api-file": get(VALUE),
    "api-record-linked": get(RECORD),
    "api-record-files": get(RECORD),
    "api-imports": [*get(USE), *post(USE, {})],
    "api-import": [*get(JOB), ("patch", {"targets": ["title"]}, JOB)],
    "api-import-check": post(JOB),
    "api-import-run": post(JOB),
    "api-import-cancel": post(JOB),
    "api-import-problems": get(JOB),
    "api-import-rejected": get(JOB),
    "api-bulk-jobs": [*get(PROCESS), *post(USE, {"op": "update", "record": {"title": "x"}, "all": True})],
    "api-bulk-job": get(BULK_JOB),
    "api-bulk-job-refused": get(BULK_JOB),
    "api-bulk-job-stop": post(BULK_JOB),
    "api-bulk-job-undo": post(BULK_JOB),
    "api-exports": [*get(USE), *post(USE, {"format": "csv"})],
    "api-export": get(JOB),
    "api-export-cancel": post(JOB),
    "api-export-file": get(JOB),
    "api-robots": [*get(RULES), *post(RULES, {"stage": "in_work", "kind": "add_comment"})],
    "api-robot": [*get(RULES), ("patch", {"is_on": False}, RULES), ("delete", None, RULES)],
    "api-robot-start": post(RULES),
    "api-robot-order": [("put", {"stage": "in_work", "robots": []}, RULES)],
    "api-triggers": [*get(RULES), *post(RULES, {"stage": "in_work", "kind": "task_done"})],
    "api-trigger": [*get(RULES), ("patch", {"is_on": False}, RULES), ("delete", None, RULES)],
    "api-trigger-start": post(RULES),
    "api-trigger-renew-secret": post(RULES),
    "api-trigger-order": [("put", {"stage": "in_work", "triggers": []}, RULES)],
    "api-runs": get(RULES),
    "api-run": get(RULES),
    "api-run-act": post(RULES),
    "api-notifications": get(SIGNED_IN),
    "api-notifications-read": post(SIGNED_IN),
    "api-notification-read": post(OWNER),
}

ANYBODYS = {"api-unknown", "api-hook"}
"""Addresses that hold nothing of anybody; a hook asks for a signature (tests/automation/test_webhooks.py)."""
