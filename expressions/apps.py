from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExpressionsConfig(AppConfig):
    name = "expressions"
    verbose_name = _("Expressions")
