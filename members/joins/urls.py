"""Addresses at the root, for customers: without a sign-in."""

from django.urls import path

from members.joins import pages

urlpatterns = [
    path("join/<str:token>/", pages.join, name="join"),
    path("join/<str:token>/code/", pages.code, name="join_code"),
    path("my/<str:token>/", pages.mine, name="personal"),
    path("my/<str:token>/show/", pages.show, name="personal_show"),
    path("my/<str:token>/ask/", pages.ask, name="personal_ask"),
    path("my/<str:token>/change/", pages.change, name="personal_change"),
]
