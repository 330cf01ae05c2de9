"""Values of linked records while workers are killed: every company knows the sum of its deals in the end."""

import random
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db.models import Sum

from core.actor import SYSTEM
from events.models import Event
from processes.definition import definition_of
from processes.drafts import FieldDraft
from processes.models import Process
from processes.operations import add_field
from records.models import Recalculation
from records.operations import create_record, delete_record, update_record
from records.typed import model_for
from tests.factories import make_process
from tests.stack import Stack, wait_for

COMPANIES, DEALS, CHANGES, KILLS = 20, 200, 300, 5


def _linked() -> tuple[Process, Process]:
    companies = make_process(fields=[FieldDraft("Rank", "integer", key="rank")])
    deals = make_process(
        fields=[
            FieldDraft("Company", "link", key="company", settings={"process": companies.pk}),
            FieldDraft("Amount", "number", key="amount"),
        ]
    )
    ids = {field.key: field.id for field in definition_of(deals).fields}
    total = {"relation": f"from:{ids['company']}", "function": "sum", "field": ids["amount"]}
    add_field(companies, FieldDraft("Total", "rollup", key="total", settings=total), actor=SYSTEM)
    shown = {"link": ids["company"], "field": definition_of(companies).field_by_key["rank"].id}
    add_field(deals, FieldDraft("Its rank", "lookup", key="its_rank", settings=shown), actor=SYSTEM)
    return companies, deals


@pytest.mark.faults
def test_killed_workers_leave_no_linked_value_behind(
    stack: Stack, report: Callable[..., None], settings: object
) -> None:
    chance = random.Random(5)
    companies, deals = _linked()
    stack.relay()
    worker = stack.worker("bulk", 1, IMPORT_LEASE_SECONDS="2")
    clients = [create_record(companies, values={"title": "C"}, actor=SYSTEM).pk for _ in range(COMPANIES)]
    made = [
        create_record(deals, values={"title": "D", "company": chance.choice(clients), "amount": 1}, actor=SYSTEM).pk
        for _ in range(DEALS)
    ]
    began = time.monotonic()
    for step in range(CHANGES):
        if step % (CHANGES // KILLS) == CHANGES // KILLS - 1:
            worker.kill()
            worker = stack.worker("bulk", 1, IMPORT_LEASE_SECONDS="2")
        if step % 10 == 0:
            update_record(companies, chance.choice(clients), values={"rank": step}, actor=SYSTEM)
        elif step % 50 == 1:
            delete_record(deals, made.pop(), actor=SYSTEM)
        else:
            values = {"company": chance.choice([None, *clients]), "amount": chance.randrange(100)}
            update_record(deals, chance.choice(made), values=values, actor=SYSTEM)
    wait_for(lambda: not Event.objects.filter(seq=None).exists() and not Recalculation.objects.exists(), every=0.1)
    seconds = time.monotonic() - began
    stack.stop()

    deal, company = definition_of(deals), definition_of(companies)
    rows = model_for(deal).objects.filter(deleted_at=None)
    link, amount = deal.field_by_key["company"].attname, deal.field_by_key["amount"].attname
    sums = dict(rows.order_by().values(link).annotate(total=Sum(amount)).values_list(link, "total"))
    total = company.field_by_key["total"].attname
    wrong = [
        pk for pk, kept in model_for(company).objects.values_list("pk", total) if kept != (sums.get(pk) or Decimal())
    ]
    ranks = dict(model_for(company).objects.values_list("pk", company.field_by_key["rank"].attname))
    shown = deal.field_by_key["its_rank"].attname
    stale = [pk for pk, owner, kept in rows.values_list("pk", link, shown) if kept != ranks.get(owner)]
    report(kills=KILLS, changes=CHANGES, wrong_sums=len(wrong), wrong_lookups=len(stale), seconds=round(seconds, 1))
    assert (wrong, stale) == ([], [])
