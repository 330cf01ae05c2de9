"""Formulas while they are written."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.v1.strict import Strict
from api.views import ApiView
from processes.formulas import FormulaCheck, formula_check
from processes.models import Operation


class FormulaBody(Strict):
    """A formula, and the field that it is for."""

    formula = serializers.CharField(max_length=4000, trim_whitespace=False, allow_blank=True)
    key = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class FormulaOut(serializers.Serializer[FormulaCheck]):
    """What it gives and reads, or what is wrong with it and where."""

    kind = serializers.CharField(allow_null=True)
    fields_used = serializers.ListField(source="fields", child=serializers.CharField())
    error = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)


class CheckFormula(ApiView):
    """A look at a formula before it is saved."""

    @extend_schema(
        operation_id="formulas_check", summary="Check a formula", request=FormulaBody, responses={200: FormulaOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Whether it could be saved; nothing is changed."""
        body = self.body(FormulaBody)
        access = self.access(key)
        access.require(Operation.DESIGN)
        found = formula_check(access, body["formula"], key=body["key"])
        return Response(FormulaOut(found).data)
