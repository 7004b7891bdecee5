"""Connecting a corp, in the admin."""

from django.urls import path

from scrm.connect import views

app_name = "connect"
urlpatterns = [
    path("", views.start, name="start"),
    path("<slug:slug>/", views.corp, name="corp"),
    path("<slug:slug>/part/", views.part, name="part"),
]
