"""Addresses of the process designer, rights and automation."""

from django.urls import URLPattern, URLResolver, path

from web.views import processes

urlpatterns: list[URLPattern | URLResolver] = [
    path("processes/", processes.processes, name="processes"),
    path("processes/new/", processes.new_process, name="process-new"),
]
