"""The session engine: Django's own in the database, whose rows know whose they are and when they were last seen."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

from accounts.models import Session

NOTED_EVERY = timedelta(minutes=5)
"""How often it is written down that a session is in use; more often would make every page a write."""


class SessionStore(db.SessionStore):
    """Fills the columns beside the data; reading costs no query more than Django's own."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        self._row = super()._get_session_from_db()  # type: ignore[misc]
        return self._row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        known = self._row
        if known is not None:
            row.address, row.browser, row.seen_at = known.address, known.browser, known.seen_at
            if known.user_id == row.user_id:
                row.started_at = known.started_at
        return row

    def note_use(self, *, address: str, browser: str) -> None:
        """Remember who uses the session from where: at its beginning, then every five minutes."""
        now = timezone.now()
        known = self._row
        if known is not None and known.user_id is not None and now - known.seen_at < NOTED_EVERY:
            return
        facts = {"address": address or None, "browser": browser[:300], "seen_at": now}
        if self.modified:
            self._row = known or Session(started_at=now)
            for name, value in facts.items():
                setattr(self._row, name, value)
        else:
            Session.objects.filter(session_key=self.session_key).update(**facts)
