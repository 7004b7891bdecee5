"""Addresses of the segments' room."""

from datetime import date

from django.urls import path, register_converter

from members.segments.pages import building, crossing, freezing, handing, listing, ranking


class Day:
    """A day such as 2026-03-01."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, text: str) -> date:
        return date.fromisoformat(text)

    def to_url(self, day: date) -> str:
        return day.isoformat()


class Way:
    """Into a segment, or out of it."""

    regex = "entered|left"

    def to_python(self, text: str) -> str:
        return text

    def to_url(self, way: str) -> str:
        return way


register_converter(Day, "segment_day")
register_converter(Way, "segment_way")

urlpatterns = [
    path("", listing.shelf, name="segments"),
    path("new/", building.new, name="segment_new"),
    path("preview/", building.preview, name="segment_preview"),
    path("pick/", building.pick, name="segment_pick"),
    path("groups/", ranking.shelf, name="exclusive_groups"),
    path("groups/<slug:public_id>/", ranking.page, name="exclusive_group"),
    path("audiences/", freezing.shelf, name="audiences"),
    path("audiences/<slug:public_id>/", freezing.page, name="audience"),
    path("audiences/<slug:public_id>/people/", freezing.people, name="audience_people"),
    path("audiences/<slug:public_id>/pack/", handing.new, name="pack_new"),
    path("packs/", handing.shelf, name="packs"),
    path("packs/<slug:public_id>/", handing.page, name="pack"),
    path("packs/<slug:public_id>/decide/", handing.decide, name="pack_decide"),
    path("packs/<slug:public_id>/end/", handing.end, name="pack_end"),
    path("packs/<slug:public_id>/file/", handing.file, name="pack_file"),
    path("cross/", crossing.page, name="cross"),
    path("cross/people/", crossing.people, name="cross_people"),
    path("cross/cross.csv", crossing.file, name="cross_file"),
    path("<slug:public_id>/", listing.page, name="segment"),
    path("<slug:public_id>/edit/", building.edit, name="segment_edit"),
    path("<slug:public_id>/delete/", listing.delete, name="segment_delete"),
    path("<slug:public_id>/freeze/", freezing.freeze, name="segment_freeze"),
    path("<slug:public_id>/sample/", listing.sample, name="segment_sample"),
    path("<slug:public_id>/people/", listing.people, name="segment_people"),
    path("<slug:public_id>/<segment_day:day>/<segment_way:way>/", listing.moved, name="segment_moved"),
    path("<slug:public_id>/versions/<int:number>/restore/", listing.restore, name="segment_restore"),
]
