from django.urls import path

from scrm.dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.me, name="me"),
    path("code/<str:public_id>/", views.code, name="code"),
    path("guide/<str:public_id>/", views.guide, name="guide"),
    path("<str:public_id>/", views.node, name="node"),
    path("<str:public_id>/table.csv", views.node_csv, name="node_csv"),
    path("<str:public_id>/table.xlsx", views.node_xlsx, name="node_xlsx"),
]
