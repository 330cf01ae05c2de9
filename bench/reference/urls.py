"""Addresses of the reference application."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from bench.reference.views import RequestViewSet

router = SimpleRouter()
router.register("requests", RequestViewSet)


def live(request: HttpRequest) -> HttpResponse:
    """Whether the server answers."""
    return HttpResponse("ok")


urlpatterns = [path("health/live", live), path("api/", include(router.urls))]
