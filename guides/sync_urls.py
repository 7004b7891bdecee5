"""The sync's pages, in the admin beside the corp."""

from django.urls import path

from guides import sync_pages

app_name = "syncs"
urlpatterns = [
    path("", sync_pages.page, name="page"),
    path("<slug:public_id>/part/", sync_pages.part, name="part"),
]
