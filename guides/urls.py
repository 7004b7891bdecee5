"""Code pages, for the people who run shops."""

from django.urls import path

from guides import rollcall, views

app_name = "guides"
urlpatterns = [
    path("", views.shelf, name="codes"),
    path("new/", views.code_new, name="code_new"),
    path("sheet/", views.sheet, name="sheet"),
    path("unplaced/", views.unplaced, name="unplaced"),
    path("readiness/", rollcall.page, name="readiness"),
    path("readiness/export/", rollcall.export, name="readiness_export"),
    path("<slug:public_id>/", views.code, name="code"),
    path("<slug:public_id>/delete/", views.code_delete, name="code_delete"),
    path("<slug:public_id>/again/", views.code_again, name="code_again"),
    path("<slug:public_id>/qr/", views.qr, name="qr"),
]
