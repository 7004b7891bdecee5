"""Doors for WeCom where Django itself serves them; scrm.wsgi answers before."""

from django.urls import path

from scrm.wecom import views

app_name = "wecom"
urlpatterns = [path("<slug:slug>/", views.callback, name="callback")]
