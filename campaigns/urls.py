"""Parts of other apps' pages that speak of welcomes."""

from django.urls import path

from campaigns import views

app_name = "campaigns"
urlpatterns = [path("of-code/<slug:public_id>/", views.of_code, name="of_code")]
