"""`manage.py demo`: people, processes and records to look at, made through the same operations as everything else."""

import ipaddress
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone, translation

from accounts.models import Department, User
from accounts.operations import assign_role, create_department, create_role, set_department
from accounts.queries import actor_for
from automation.drafts import RobotDraft, TriggerDraft
from automation.operations import create_robot, create_trigger
from core.actor import SYSTEM, Actor
from events.relay import relay_all
from processes.definition import definition_of
from processes.drafts import FieldDraft, StageDraft
from processes.models import LostReason, Process, Stage
from processes.operations import add_field, add_pipeline, create_process
from processes.ready import gallery
from records.gates import Passing
from records.models import Record
from records.operations import (
    Past,
    Step,
    add_comment,
    complete_task,
    create_record,
    create_task,
    move_record,
    update_record,
    write_history,
)
from smartcrm.demo_rights import ROLES, gates_of_sales, rights_of_sales, usual_rights

PASSWORD = "demo-smartcrm"  # noqa: S105  (public: only the demo has it, and only on a loopback address)

PEOPLE = (
    ("admin@demo.local", "Alice Martin", "en", ""),
    ("head@demo.local", "Oleg Kuznetsov", "en", "head"),
    ("anna@demo.local", "Анна Петрова", "ru", "employee"),
    ("elena@demo.local", "Elena Novak", "en", "accountant"),
    ("maria@demo.local", "Maria Lee", "en", "employee"),
    ("dmitry@demo.local", "Дмитрий Волков", "ru", "employee"),
    ("john@demo.local", "John Carter", "en", "employee"),
)
DEPARTMENTS = (
    ("Sales", "", "head@demo.local", ("head@demo.local", "anna@demo.local")),
    ("Key accounts", "Sales", "maria@demo.local", ("maria@demo.local",)),
    ("Service", "", "dmitry@demo.local", ("dmitry@demo.local", "john@demo.local")),
)
"""Name, parent, head, people."""
ASKED = (
    "New laptop for the warehouse", "Не работает принтер на втором этаже", "Access to the shared calendar",
    "Пропуск для подрядчика", "Broken window in the meeting room", "Заказать канцелярию", "VPN from home",
    "Перенести рабочее место", "Invoice for October is missing", "Обновить договор аренды", "Parking permit",
    "Починить кондиционер", "Business cards", "Доступ к архиву", "Replace the coffee machine",
)  # fmt: skip
SOLD = (
    "Warehouse scanners", "Поставка оборудования", "Phone system", "Лицензии на 40 мест", "Office fit-out",
    "Аудит процессов", "Website redesign", "Обучение отдела продаж", "Annual support", "Интеграция с 1С",
)  # fmt: skip
UNASSIGNED = (("Question from the website", 2), ("Просят перезвонить", 3))
"""Deals that nobody has taken yet: title, place in `CUSTOMERS`."""
RENEWALS = (
    StageDraft("Due soon", color="blue", key="due", time_limit=timedelta(days=14)),
    StageDraft("In talks", color="amber", key="talks", limit=4, time_limit=timedelta(days=5)),
    StageDraft("Offer sent", color="violet", key="offer", limit=3, is_limit_hard=True),
    StageDraft("Renewed", Stage.Kind.WON, "green", "renewed"),
    StageDraft("Cancelled", Stage.Kind.LOST, "red", "cancelled"),
)
RENEWED = (
    ("due", 2), ("due", 6), ("due", 17), ("due", 20), ("talks", 1), ("talks", 2), ("talks", 4), ("talks", 6),
    ("talks", 9), ("talks", 12), ("offer", 1), ("offer", 3), ("offer", 3), ("renewed", 5), ("renewed", 8),
    ("cancelled", 11),
)  # fmt: skip
"""Where contracts to renew stand, and since how many days."""
CUSTOMERS = (
    ("Hart & Sons", "+44 20 7946 0101", "12 Canal Street", "Leeds"),
    ("ООО «Глобус»", "+7 495 000-10-01", "ул. Садовая, 4", "Москва"),
    ("Lumen Clinic", "+44 20 7946 0102", "3 Park Lane", "Bath"),
    ("АО «Север»", "+7 812 000-10-02", "Невский пр., 100", "Санкт-Петербург"),
    ("Meridian Foods", "+44 20 7946 0103", "88 Dock Road", "Hull"),
    ("ИП Соколова", "+7 343 000-10-03", "ул. Мира, 15", "Екатеринбург"),
    ("Baltic Freight", "+44 20 7946 0104", "1 Quay West", "Dover"),
    ("ПАО «Заря»", "+7 383 000-10-04", "ул. Ленина, 7", "Новосибирск"),
    ("Northwind Ltd", "+44 20 7946 0105", "40 Mill Hill", "York"),
)
"""Name, phone, street, city."""
CONTACTS = (
    ("Emma Hart", "Director", 0), ("Сергей Орлов", "Директор", 1), ("Dr. Paul Reed", "Head of purchasing", 2),
    ("Ирина Лебедева", "Закупки", 3), ("Lucy Grant", "Office manager", 4), ("Вера Соколова", "Владелец", 5),
    ("Tom Baker", "Logistics", 6), ("Николай Зайцев", "Главный инженер", 7), ("Kate Moore", "Accountant", 8),
)  # fmt: skip
"""Name, position, place in `CUSTOMERS`."""
SAID = (
    "Called the customer, they will answer tomorrow.", "Нужна подпись директора.", "Waiting for the parts.",
    "Согласовано, можно начинать.", "Sent the details by e-mail.",
)  # fmt: skip


class Command(BaseCommand):
    """Fills an empty installation on this machine; called again it only tells the logins."""

    help = "Fill an empty installation with demo people, processes and records."

    def handle(self, *args: Any, **options: Any) -> None:
        _require_loopback()
        if User.objects.filter(email=PEOPLE[0][0]).exists():
            return self._tell_logins()
        if User.objects.exists():
            raise CommandError("There are people here already; the demo is for an empty installation.")
        chance = random.Random(20)  # noqa: S311  (the same demo every time)
        with transaction.atomic():
            people = _people()
            _departments(people)
            companies = _companies(people)
            contacts = _contacts(people, companies)
            _requests(people, chance, companies)
            _deals(people, chance, companies, contacts)
            _renewals(people, chance, companies, contacts)
            _linked(actor_for(people["admin@demo.local"]))
            _rights(people, companies)
        relay_all()
        _triggers(actor_for(people["admin@demo.local"]))
        return self._tell_logins()

    def _tell_logins(self) -> None:
        self.stdout.write("Demo logins (only on this machine):")
        for email, name, _language, role in PEOPLE[:4]:
            self.stdout.write(f"  {email:<18} {PASSWORD}   {name}, {role or 'administrator'}")


def _require_loopback() -> None:
    host = urlsplit(settings.BASE_URL).hostname or ""
    if host != "localhost" and not (host.replace(".", "").isdigit() and ipaddress.ip_address(host).is_loopback):
        raise CommandError("The demo's passwords are public, so it is for an address like 127.0.0.1 only.")


def _departments(people: dict[str, User]) -> None:
    made: dict[str, Department] = {}
    for name, parent, head, members in DEPARTMENTS:
        made[name] = create_department(name=name, parent=made.get(parent), head=people[head], actor=SYSTEM)
        for member in members:
            people[member] = set_department(people[member], department=made[name], actor=SYSTEM)


def _people() -> dict[str, User]:
    roles = {key: create_role(name=name, key=key, actor=SYSTEM) for key, name in ROLES.items()}
    people: dict[str, User] = {}
    for email, name, language, role in PEOPLE:
        people[email] = User.objects.create_user(email, PASSWORD, name=name, language=language, is_admin=not role)
        if role:
            assign_role(roles[role], to=people[email], actor=SYSTEM)
    return people


def _process(key: str, people: dict[str, User]) -> tuple[Process, Actor]:
    admin = actor_for(people["admin@demo.local"])
    with translation.override("en"):
        process = create_process(gallery[key].draft(), actor=admin)
    usual_rights(process, actor=admin)
    return process, admin


def _workers(people: dict[str, User]) -> list[User]:
    """Those who make records; the accountant only reads them."""
    accountants = {email for email, _name, _language, role in PEOPLE if role == "accountant"}
    return [person for email, person in people.items() if email not in accountants]


def _companies(people: dict[str, User]) -> list[int]:
    """Whom the demo works for; the ids of their records, in the order of `CUSTOMERS`."""
    process, admin = _process("companies", people)
    made: list[int] = []
    for name, phone, street, city in CUSTOMERS:
        values = {"title": name, "phone": phone, "address": {"line": street, "city": city}}
        made.append(create_record(process, values=values, actor=admin).pk)
    return made


def _contacts(people: dict[str, User], companies: Sequence[int]) -> list[int]:
    """One person at each of the companies, in their order."""
    process, admin = _process("contacts", people)
    made: list[int] = []
    for name, job, place in CONTACTS:
        values = {"title": name, "job": job, "company": companies[place], "email": f"contact{place + 1}@example.com"}
        made.append(create_record(process, values=values, actor=admin).pk)
    return made


def _requests(people: dict[str, User], chance: random.Random, companies: Sequence[int]) -> None:
    process, admin = _process("requests", people)
    workers = [actor_for(person) for person in _workers(people)]
    path = ("received", "in_work", "waiting", "completed")
    for number in range(60):
        values = {
            "title": ASKED[number % len(ASKED)],
            "request_date": str(timezone.localdate() - timedelta(days=chance.randrange(40))),
            "customer": chance.choice(companies),
            "source": _option(process, "source", chance),
            "estimate": {"amount": chance.randrange(1, 90) * 500, "currency": "USD"},
        }
        _live(process, values, path, workers, chance)
    stage = Stage.objects.get(pipeline__process=process, key="in_work")
    create_robot(
        stage,
        RobotDraft(
            "create_task",
            {"title": "Call {{ customer }} about “{{ title }}”", "assignee": "assignee", "due_in": 2, "due_unit": "d"},
            name="Call the customer",
        ),
        actor=admin,
    )
    create_robot(
        stage,
        RobotDraft(
            "notify",
            {"recipients": ["assignee"], "text": "“{{ title }}” is in work now."},
            name="Notify the responsible",
        ),
        actor=admin,
    )


@transaction.atomic
def _triggers(admin: Actor) -> None:
    """What moves requests by itself from now on; the records that are there already stay where they are."""
    stages = {stage.key: stage for stage in Stage.objects.filter(pipeline__process__key="requests")}
    create_trigger(
        stages["completed"],
        TriggerDraft("all_tasks_done", name="All tasks are done", source=stages["in_work"].pk),
        actor=admin,
    )
    create_trigger(
        stages["in_work"],
        TriggerDraft(
            "time_in_stage", {"amount": 7, "unit": 86_400}, name="Waited a week", source=stages["waiting"].pk,
            allow_backward=True,
        ),
        actor=admin,
    )  # fmt: skip
    create_trigger(
        stages["in_work"],
        TriggerDraft("field_changed", {"fields_watched": ["assignee"]}, name="Somebody takes it",
                     source=stages["received"].pk),
        actor=admin,
    )  # fmt: skip
    create_trigger(
        stages["in_work"],
        TriggerDraft("button", {"text": "The customer has answered"}, source=stages["waiting"].pk, allow_backward=True),
        actor=admin,
    )


def _linked(admin: Actor) -> None:
    """What companies tell of their deals, and deals of their company."""
    companies, deals = (Process.objects.get(key=key) for key in ("companies", "deals"))
    customer, amount = (definition_of(deals).field_by_key[key].id for key in ("customer", "amount"))
    won = {"field": "stage", "op": "is", "value": "won"}
    count = {"relation": f"from:{customer}", "function": "count"}
    total = {"relation": f"from:{customer}", "function": "sum", "field": amount, "condition": won}
    address = {"link": customer, "field": definition_of(companies).field_by_key["address"].id}
    add_field(companies, FieldDraft("Deals", "rollup", key="deals", settings=count), actor=admin)
    add_field(companies, FieldDraft("Won", "rollup", key="won", settings=total), actor=admin)
    shown = FieldDraft("Customer's address", "lookup", key="address", in_list=False, settings=address)
    add_field(deals, shown, actor=admin)


def _deals(people: dict[str, User], chance: random.Random, companies: Sequence[int], contacts: Sequence[int]) -> None:
    process, admin = _process("sales", people)
    cost = FieldDraft("Cost", "money", key="cost", in_list=False, settings={"currency": "USD"})
    add_field(process, cost, actor=admin)
    workers = [actor_for(person) for person in _workers(people)]
    path = ("new", "qualification", "proposal", "contract", "won")
    for number in range(120):
        customer = chance.randrange(len(companies))
        amount = chance.randrange(10, 1000) * 1000
        values = {
            "title": SOLD[number % len(SOLD)],
            "amount": {"amount": amount, "currency": "USD"},
            "cost": {"amount": amount * (55 + number % 30) // 100, "currency": "USD"},
            "customer": companies[customer],
            "contact": contacts[customer],
            "expected_close": str(timezone.localdate() + timedelta(days=chance.randrange(-5, 60))),
            "source": _option(process, "source", chance),
        }
        _live(process, values, path, workers, chance)


def _renewals(
    people: dict[str, User], chance: random.Random, companies: Sequence[int], contacts: Sequence[int]
) -> None:
    """A second pipeline of the deals: one stage holds more than it should, one is full, some records wait too long."""
    process, admin = Process.objects.get(key="deals"), actor_for(people["admin@demo.local"])
    add_pipeline(process, name="Renewals", key="renewals", stages=RENEWALS, is_open=True, actor=admin)
    path = [stage.key for stage in RENEWALS]
    persons = [person.pk for person in _workers(people)]
    now = timezone.now()
    pasts: list[Past] = []
    for number, (stage, days) in enumerate(RENEWED):
        person = persons[number % len(persons)]
        way = path[: path.index(stage) + 1] if stage != "cancelled" else ["due", "talks", "cancelled"]
        steps = [
            Step(key, now - timedelta(days=days + 4 * (len(way) - 1 - place), hours=number), person)
            for place, key in enumerate(way)
        ]
        customer = number % len(companies)
        amount = {"amount": chance.randrange(10, 200) * 1000, "currency": "USD"}
        values = {"amount": amount, "customer": companies[customer], "contact": contacts[customer]}
        pasts.append(Past(steps, f"Contract {2024 + number % 2}/{number + 11}", values, person))
    write_history(process, pasts, actor=admin)


def _rights(people: dict[str, User], companies: Sequence[int]) -> None:
    """Who may do what with deals, what a contract asks for; deals that nobody has, that are watched, and lost ones."""
    process, admin = Process.objects.get(key="deals"), actor_for(people["admin@demo.local"])
    rights_of_sales(process, actor=admin)
    gates_of_sales(process, actor=admin)
    for title, customer in UNASSIGNED:
        values = {"title": title, "customer": companies[customer], "assignee": None}
        create_record(process, values=values, actor=admin)
    deals = Record.objects.filter(process=process, stage__pipeline__key="main").order_by("pk")
    away = deals.filter(assignee__email__in=("john@demo.local", "dmitry@demo.local"))
    watchers = [people[email].pk for email in ("anna@demo.local", "head@demo.local")]
    for deal in away.filter(stage__key="proposal")[:3]:
        update_record(process, deal.pk, values={"observers": watchers}, actor=admin)
    reasons = list(LostReason.objects.filter(pipeline__process=process).values_list("pk", flat=True))
    for place, deal in enumerate(deals.filter(stage__key="qualification")[:6]):
        move_record(process, deal.pk, to="lost", passing=Passing(reason=reasons[place % 3]), actor=admin)


def _option(process: Process, key: str, chance: random.Random) -> str:
    options = definition_of(process).field_by_key[key].settings["options"]
    chosen: str = chance.choice(options)["key"]
    return chosen


def _live(
    process: Process,
    values: dict[str, Any],
    path: tuple[str, ...],
    workers: Sequence[Actor],
    chance: random.Random,
) -> None:
    """One record's life so far: made by one person, moved some way by them, sometimes spoken of."""
    actor = chance.choice(workers)
    row = create_record(process, values=values, actor=actor)
    for target in path[1 : chance.randrange(1, len(path) + 1)]:
        move_record(process, row.pk, to=target, actor=actor)
    if chance.random() < 0.3:
        add_comment(process, row.pk, text=chance.choice(SAID), actor=actor)
    if chance.random() < 0.25:
        due = timezone.now() + timedelta(days=chance.randrange(-2, 6))
        task = create_task(process, row.pk, title="Call back", actor=actor, assignee_id=row.assignee_id, due_at=due)
        if chance.random() < 0.4:
            complete_task(process, task.pk, actor=actor)
