"""Addresses of the rooms for tags and fields."""

from django.urls import path

from members.labelling import checks, customer, library, ownfields, rules, runs, sheets

urlpatterns = [
    path("tags/", library.shelf, name="tags"),
    path("tags/tags.xlsx", sheets.library, name="tags_xlsx"),
    path("tags/unused/", library.unused, name="tags_unused"),
    path("tags/runs/", runs.shelf, name="tag_runs"),
    path("tags/runs/<slug:public_id>/", runs.run, name="tag_run"),
    path("tags/runs/<slug:public_id>/turn/", runs.turn, name="tag_run_turn"),
    path("tags/samples/<slug:public_id>/", checks.sample, name="tag_sample"),
    path("tags/groups/<slug:public_id>/", library.group, name="tag_group"),
    path("tags/groups/<slug:public_id>/rule/", rules.new, name="tag_rule_new"),
    path("tags/<slug:public_id>/", library.tag, name="tag"),
    path("tags/<slug:public_id>/rule/", rules.edit, name="tag_rule"),
    path("fields/", ownfields.shelf, name="fields"),
    path("fields/<slug:public_id>/", ownfields.field, name="field"),
    path("<customer:public_id>/tags/", customer.tags_of, name="customer_tags"),
    path("<customer:public_id>/fields/", customer.fields_of, name="customer_fields"),
]
