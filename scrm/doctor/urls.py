"""The doctor, in the admin."""

from django.urls import path

from scrm.doctor import views

app_name = "doctor"
urlpatterns = [
    path("", views.page, name="page"),
    path("result/", views.result, name="result"),
]
