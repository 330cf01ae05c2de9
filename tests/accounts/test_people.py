"""Letting people go: the last administrator stays, everybody else may be deactivated."""

import pytest

from accounts.operations import create_token, deactivate_person
from accounts.queries import token_and_actor
from core.actor import SYSTEM
from core.errors import Conflict
from tests.factories import actor_of, make_admin, make_user

pytestmark = pytest.mark.django_db


def test_last_administrator_stays() -> None:
    with pytest.raises(Conflict):
        deactivate_person(make_admin(), actor=SYSTEM)


def test_person_is_deactivated_without_another_administrator_and_their_token_stops() -> None:
    person = make_user()
    _token, secret = create_token(person, name="script", scopes=["read"], actor=actor_of(person))
    assert token_and_actor(secret) is not None
    assert not deactivate_person(person, actor=SYSTEM).is_active
    assert token_and_actor(secret) is None
