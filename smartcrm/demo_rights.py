"""Who may do what in the demo, and what stands in the way of its deals: rights and a gate."""

from accounts.models import Role
from core.actor import Actor
from processes.definition import definition_of
from processes.drafts import GateDraft, LineDraft
from processes.models import FieldLevel, Operation, Process, Scope
from processes.models.access import PROCESS_WIDE
from processes.operations import set_field_grants, set_gate, set_grants

ROLES = {"employee": "Employee", "head": "Head", "accountant": "Accountant"}
_READ: dict[str, int] = dict.fromkeys((Operation.VIEW, Operation.COMMENT, Operation.HISTORY), Scope.ALL)
EMPLOYEE: dict[str, int] = {
    **_READ,
    Operation.CREATE: Scope.ALL,
    **dict.fromkeys((Operation.UPDATE, Operation.MOVE, Operation.ASSIGN), Scope.OWN),
    Operation.RUN_BUTTON: Scope.ALL,
}
HEAD: dict[str, int] = {
    operation: Scope.ALL
    for operation in Operation.values
    if operation not in (Operation.DESIGN, Operation.MANAGE_ACCESS)
}
USUAL = {"employee": EMPLOYEE, "head": HEAD, "accountant": _READ}

SELLER: dict[str, int] = {
    **dict.fromkeys((Operation.VIEW, Operation.COMMENT, Operation.HISTORY), Scope.OBSERVED_UNASSIGNED),
    Operation.CREATE: Scope.ALL,
    **dict.fromkeys((Operation.UPDATE, Operation.MOVE), Scope.OWN),
    Operation.ASSIGN: Scope.OWN_UNASSIGNED,
}
HEAD_OF_SALES: dict[str, int] = {
    operation: scope if operation in PROCESS_WIDE else Scope.BELOW_UNASSIGNED for operation, scope in HEAD.items()
}
CHECKLIST = ("The terms are agreed with the customer", "The details of the company are checked")


def usual_rights(process: Process, *, actor: Actor) -> None:
    """Everybody sees everything, employees work with their own, heads with all."""
    roles = _roles()
    set_grants(process, {roles[key]: scopes for key, scopes in USUAL.items()}, actor=actor)


def rights_of_sales(process: Process, *, actor: Actor) -> None:
    """Sellers see their own deals, those they observe and those that nobody has; heads see their departments'.

    What is won or cancelled a seller leaves alone; the cost is the accountant's to write, the heads' to read, and
    hidden from sellers; the amount stands still once there is a contract.
    """
    roles, definition = _roles(), definition_of(process)
    ended = [stage.id for stage in definition.stage_by_id.values() if not stage.is_open]
    cost, amount = (definition.field_by_key[key].id for key in ("cost", "amount"))
    contract = next(stage.id for stage in definition.stage_by_id.values() if stage.key == "contract")
    accountant = {**USUAL["accountant"], Operation.UPDATE: Scope.ALL}
    set_grants(
        process,
        {roles["employee"]: SELLER, roles["head"]: HEAD_OF_SALES, roles["accountant"]: accountant},
        differing={
            roles["employee"]: {
                operation: dict.fromkeys(ended, Scope.NONE) for operation in (Operation.UPDATE, Operation.MOVE)
            }
        },
        actor=actor,
    )
    set_field_grants(
        process,
        {
            roles["employee"]: {
                cost: {None: FieldLevel.HIDDEN},
                amount: {None: FieldLevel.EDIT, contract: FieldLevel.READ},
            },
            roles["head"]: {cost: {None: FieldLevel.READ}},
            roles["accountant"]: {amount: {None: FieldLevel.READ}},
        },
        actor=actor,
    )


def gates_of_sales(process: Process, *, actor: Actor) -> None:
    """What a contract asks for."""
    pipeline = process.pipelines.get(key="main")
    draft = GateDraft(
        fields=("expected_close", "phone"), checklist=[LineDraft(text) for text in CHECKLIST], is_comment_required=True
    )
    set_gate(pipeline.stages.get(key="contract"), draft, actor=actor)


def _roles() -> dict[str, int]:
    return {role.key: role.pk for role in Role.objects.all()}
