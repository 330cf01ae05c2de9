"""Pages of failure: friendly, in the frame of the product, and in need of nothing that may have failed."""

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from tests.factories import make_user, signed_in


def test_unknown_address_is_answered_in_the_frame_for_strangers(client: Client) -> None:
    answer = client.get("/nowhere/at/all/")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()
    assert 'class="plain-card"' in answer.content.decode()


@pytest.mark.django_db
def test_unknown_address_is_answered_with_the_rail_for_people() -> None:
    answer = signed_in(make_user("Anna Petrova")).get("/nowhere/at/all/")
    assert answer.status_code == 404
    assert 'class="rail"' in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_server_error_page_needs_no_request(language: str) -> None:
    with translation.override(language):
        page = render_to_string("500.html")
    assert f'lang="{language}"' in page
    assert 'class="state-icon"' in page


def test_expired_form_says_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/i18n/setlang/", {"language": "ru"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()
