from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from scrm.rest.filters import Filters
from stores.models import Person, Store


class StoreFilters(Filters):
    region = filters.CharFilter("region__public_id", help_text=_("public id"))

    class Meta:
        model = Store
        fields = ["code", "name", "kind", "city", "region"]


class PersonFilters(Filters):
    active = filters.BooleanFilter("is_active")

    class Meta:
        model = Person
        fields = ["username", "name", "active"]
