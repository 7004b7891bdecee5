"""Doors for people and machines."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from guides import api as guides
from guides import entrance
from members import api as members
from members import merge_api, standing_api
from members.feeds import api as feeds
from members.labelling import api as labelling
from members.labelling import member_api as of_members
from members.rights import api as rights
from members.segments import api as segments
from members.segments import cross_api, pack_api
from members.shop import api as shop
from scrm import health, state
from scrm.dashboard import api as dashboard
from scrm.rest import problems, reference
from scrm.rest.doors import ID
from stores import api as stores
from stores import views as doors

api = SimpleRouter()
api.register("stores", stores.Stores, "store")
api.register("people", stores.People, "person")
api.register("guides", guides.Guides, "guide")
api.register("members", members.Members, "member")
api.register("merges", merge_api.Merges, "merge")
api.register("relations", guides.Relations, "relation")
api.register("codes", guides.Codes, "code")
api.register("facts", dashboard.Facts, "fact")
api.register("letters", dashboard.Letters, "letter")
api.register("reach", standing_api.Reach, "reach")
api.register("tags", labelling.Tags, "tag")
api.register("tag-groups", labelling.Groups, "tag-group")
api.register("fields", of_members.Fields, "field")
api.register("events", feeds.Events, "event")
api.register("sources", feeds.Sources, "source")
api.register("groups", guides.Groups, "group")
api.register("orders", shop.Orders, "order")
api.register("segments", segments.Segments, "segment")
api.register("audiences", pack_api.Audiences, "audience")
api.register("packs", pack_api.Packs, "pack")
api.register("crosses", cross_api.Crosses, "cross")
api.register("refunds", shop.Refunds, "refund")
api.register("products", shop.Products, "product")
api.register("stock", shop.Stocks, "stock")
api.register("consents", rights.Consents, "consent")
api.register("requests", rights.Requests, "request")

v1 = [
    path("token/", stores.TokenDoor.as_view(), name="token"),
    path("me/", stores.MeDoor.as_view(), name="me"),
    path("sources/<str:code>/push/", feeds.PushDoor.as_view(), name="push"),
    re_path(
        f"^members/(?P<id>{ID})/timeline/$", standing_api.Timeline.as_view({"get": "retrieve"}), name="member-timeline"
    ),
    path(
        "members/<slug:id>/tags/",
        of_members.MemberTags.as_view({"get": "retrieve", "post": "create"}),
        name="member-tags",
    ),
    path(
        "members/<slug:id>/fields/",
        of_members.MemberFields.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="member-fields",
    ),
    *api.urls,
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dashboard:home"), name="home"),
    path("login/", doors.sign_in, name="login"),
    path("login/code/", doors.second_factor, name="second_factor"),
    path("login/wecom/", entrance.to_wecom, name="wecom_sign_in"),
    path("login/wecom/back/", entrance.back, name="wecom_back"),
    path("login/enrol/", doors.enrol, name="enrol"),
    path("logout/", doors.SignOut.as_view(), name="logout"),
    path("account/", doors.account, name="account"),
    path("account/second-factor/", doors.set_up, name="set_up"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/login/", doors.sign_in),  # the admin has no door of its own
    path("admin/logout/", doors.SignOut.as_view()),
    path("admin/state/", admin.site.admin_view(state.page), name="state"),
    path("admin/wecom/connect/", include("scrm.connect.urls")),
    path("admin/wecom/sync/", include("guides.sync_urls")),
    path("admin/doctor/", include("scrm.doctor.urls")),
    path("admin/", admin.site.urls),
    path("dashboard/", include("scrm.dashboard.urls")),
    path("codes/", include("guides.urls")),
    path("customers/", include("members.urls")),
    path("", include("members.joins.urls")),
    path("imports/", include("scrm.imports.urls")),
    path("welcomes/", include("campaigns.urls")),
    path("wecom/callback/", include("scrm.wecom.urls")),
    path("api/v1/", include((v1, "api"))),
    path("api/schema/", reference.Document.as_view(), name="schema"),
    path("api/docs/", reference.page, name="docs"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    re_path(r"^WW_verify_(?P<code>[0-9A-Za-z]{1,64})\.txt$", health.wecom_proof, name="wecom_proof"),
]

handler400 = problems.bad_request
handler403 = problems.forbidden
handler404 = problems.not_found
handler500 = problems.server_error
