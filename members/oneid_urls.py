"""Addresses of the pages on who is one person; under /customers/."""

from django.urls import path

from members import identity_pages, review_pages

urlpatterns = [
    path("reviews/", review_pages.queue, name="reviews"),
    path("reviews/<slug:public_id>/", review_pages.decide, name="review"),
    path("merges/", review_pages.merged, name="merges"),
    path("merges/<slug:public_id>/undo/", review_pages.unmerge, name="unmerge"),
    path("duplicates/", review_pages.shared, name="duplicates"),
    path("duplicates/duplicates.csv", review_pages.shared_csv, name="duplicates_csv"),
    path("blocked-ids/", review_pages.blocked, name="blocked_ids"),
    path("<customer:public_id>/identities/", identity_pages.tab, name="customer_identities"),
    path("<customer:public_id>/identities/<slug:handle>/", identity_pages.reveal, name="identity_reveal"),
    path("<customer:public_id>/identities/<slug:handle>/end/", identity_pages.end, name="identity_end"),
    path("<customer:public_id>/identities/<slug:handle>/renew/", identity_pages.renew, name="identity_renew"),
]
