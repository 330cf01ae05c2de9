"""Addresses of the pages."""

from django.urls import include, path

urlpatterns = [
    path("", include("web.urls.records")),
    path("", include("web.urls.settings")),
    path("", include("web.urls.people")),
]
