"""Addresses under /customers/, for staff."""

from django.urls import path

from members.joins import desks, words

urlpatterns = [
    path("links/", desks.links, name="invites"),
    path("links/<slug:public_id>/", desks.link, name="invite"),
    path("links/<slug:public_id>/end/", desks.link_end, name="invite_end"),
    path("terms/", desks.wording, name="terms"),
    path("registration/", desks.asking, name="join_form"),
    path("<customer:public_id>/consents/", words.tab, name="customer_consents"),
    path("<customer:public_id>/consents/say/", words.say, name="customer_consents_say"),
    path("<customer:public_id>/consents/ask/", words.ask, name="customer_asks"),
    path("<customer:public_id>/consents/link/", words.invite, name="customer_invite"),
]
