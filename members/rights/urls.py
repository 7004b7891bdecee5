"""Addresses under /customers/rights/, for HQ."""

from django.urls import path

from members.rights import pages

urlpatterns = [
    path("", pages.shelf, name="rights"),
    path("new/", pages.ask, name="right_new"),
    path("approve/", pages.approve_many, name="rights_approve"),
    path("report/", pages.report, name="privacy_report"),
    path("report.csv", pages.report, {"kind": "csv"}, name="privacy_report_csv"),
    path("holidays/", pages.holidays, name="holidays"),
    path("copies/<slug:public_id>/", pages.copy, name="right_copy"),
    path("copies/<slug:public_id>/copy.xlsx", pages.copy, {"kind": "xlsx"}, name="right_copy_xlsx"),
    path("<slug:public_id>/", pages.one, name="right"),
    path("<slug:public_id>/act/", pages.act, name="right_act"),
    path("<slug:public_id>/proof.json", pages.proof, name="right_proof"),
]
