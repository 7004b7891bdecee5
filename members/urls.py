"""The customers' pages; each room has its own table of addresses."""

from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter

from members import shelf_files, views

app_name = "members"


class CustomerId(StringConverter):
    """A customer's public id, which no room's name looks like."""

    regex = "m_[0-9a-z]{1,22}"


register_converter(CustomerId, "customer")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.shelf, name="customers"),
    path("customers.csv", shelf_files.export, {"kind": "csv"}, name="customers_csv"),
    path("customers.xlsx", shelf_files.export, {"kind": "xlsx"}, name="customers_xlsx"),
    path("<customer:public_id>/", views.profile, name="customer"),
    path("", include("members.feeds.urls")),
    path("", include("members.shop.urls")),
    path("segments/", include("members.segments.pages.urls")),
    path("", include("members.joins.staff")),
    path("rights/", include("members.rights.urls")),
    path("", include("members.oneid_urls")),
    path("", include("members.labelling.urls")),
    path("", include("members.standing_urls")),
    path("<customer:public_id>/timeline/", views.timeline, name="customer_timeline"),
]
