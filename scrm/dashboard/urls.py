from django.urls import path

from scrm.dashboard import conversion_board, drift, health_board, views

app_name = "dashboard"
urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.me, name="me"),
    path("trace/", views.trace, name="trace"),
    path("trace/customer/<slug:public_id>/", views.trace_member, name="trace_member"),
    path("trace/code/<slug:public_id>/", views.trace_code, name="trace_code"),
    path("trace/guide/<slug:public_id>/", views.trace_guide, name="trace_guide"),
    path("trace/letter/<int:id>/replay/", views.trace_replay, name="trace_replay"),
    path("drift/", drift.page, name="drift"),
    path("drift/accept/", drift.accept, name="drift_accept"),
    path("drift/drift.csv", drift.export, {"kind": "csv"}, name="drift_csv"),
    path("drift/drift.xlsx", drift.export, {"kind": "xlsx"}, name="drift_xlsx"),
    path("data-health/", health_board.page, name="data_health"),
    path("conversion/", conversion_board.page, name="conversion"),
    path("conversion/table.csv", conversion_board.export, name="conversion_csv"),
    path("code/<slug:public_id>/", views.code, name="code"),
    path("guide/<slug:public_id>/", views.guide, name="guide"),
    path("<slug:public_id>/", views.node, name="node"),
    path("<slug:public_id>/table.csv", views.node_csv, name="node_csv"),
    path("<slug:public_id>/table.xlsx", views.node_xlsx, name="node_xlsx"),
]
