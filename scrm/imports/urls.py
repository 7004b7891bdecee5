"""Bringing files in, for HQ."""

from django.urls import path

from scrm.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.shelf, name="shelf"),
    path("template/", views.template, name="template"),
    path("<slug:public_id>/", views.upload, name="upload"),
    path("<slug:public_id>/choose/", views.choose, name="choose"),
    path("<slug:public_id>/apply/", views.apply, name="apply"),
    path("<slug:public_id>/discard/", views.discard, name="discard"),
    path("<slug:public_id>/lines/", views.lines, name="lines"),
]
