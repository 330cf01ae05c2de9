"""Addresses of the pages."""

from django.urls import include, path

from web.views.gallery import ui_gallery

urlpatterns = [
    path("ui/", ui_gallery, name="ui-gallery"),
    path("", include("web.urls.records")),
    path("", include("web.urls.settings")),
    path("", include("web.urls.people")),
]
