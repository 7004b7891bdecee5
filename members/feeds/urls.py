from django.urls import path

from members.feeds import views

urlpatterns = [
    path("sources/", views.shelf, name="sources"),
    path("sources/new/", views.new, name="source_new"),
    path("sources/<slug:public_id>/", views.source, name="source"),
    path("sources/<slug:public_id>/edit/", views.edit, name="source_edit"),
    path("sources/<slug:public_id>/state/", views.state, name="source_state"),
    path("sources/<slug:public_id>/secret/", views.secret, name="source_secret"),
    path("sources/<slug:public_id>/upload/", views.upload, name="source_upload"),
    path("sources/<slug:public_id>/replay/", views.replay, name="source_replay"),
    path("sources/<slug:public_id>/park/", views.park, name="source_park"),
]
