"""Addresses of the REST door."""

from django.urls import include, path, re_path

from api.v1 import about

urlpatterns = [
    path("docs/", about.docs, name="api-docs"),
    path("v1/", include("api.v1.urls")),
    re_path(r"^.*\Z", about.Unknown.as_view(), name="api-unknown"),
]
