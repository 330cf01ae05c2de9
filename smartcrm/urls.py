"""Every address of the product, one door per line."""

from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import JavaScriptCatalog

from smartcrm import health

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("health/relay", health.relay, name="health-relay"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("jsi18n/", JavaScriptCatalog.as_view(), name="javascript-catalog"),
    # The address with which one signs in is not changed by oneself.
    path("accounts/email/", RedirectView.as_view(pattern_name="mfa_index"), name="account_email"),
    path("accounts/", include("allauth.urls")),
    path("api/", include("api.urls")),
    path("", include("web.urls")),
]
