"""Python and PostgreSQL fold letters alike, over all of Unicode."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expressions.folding import Folded, folded

pytestmark = pytest.mark.django_db

SQL = Folded.template % {"expressions": "t"}


def test_every_code_point_folds_alike() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT n, {SQL} FROM (SELECT n, chr(n) AS t FROM generate_series(1, 1114111) n"
            " WHERE n NOT BETWEEN 55296 AND 57343) AS every"
        )
        different = [number for number, text in cursor if folded(chr(number)) != text]
    assert different == []


def test_folding_keeps_the_length_of_every_code_point() -> None:
    assert all(len(folded(chr(number))) == 1 for number in range(0x110000))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=1)
)
def test_texts_fold_alike(texts: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SQL} FROM unnest(%s::text[]) WITH ORDINALITY AS x (t, n) ORDER BY n", [texts])
        assert [text for (text,) in cursor] == [folded(text) for text in texts]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ёлка", "елка"), ("ΟΔΟΣ", "οδος"), ("İzmir", "izmir"), ("STRAẞE", "straße"), ("ПЁТР", "петр")],
)
def test_people_find_what_they_mean(one: str, other: str) -> None:
    assert folded(one) == folded(other)
