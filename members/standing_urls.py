"""Addresses of the pages about where customers stand: whom we reach, and how buyers are graded."""

from django.urls import path

from members import grade_pages, reach_pages

urlpatterns = [
    path("reach/", reach_pages.board, name="reach"),
    path("reach/lists/", reach_pages.lists, name="activations"),
    path("reach/lists/<slug:public_id>/", reach_pages.activation, name="activation"),
    path("reach/lists/<slug:public_id>/list.xlsx", reach_pages.activation_file, name="activation_xlsx"),
    path("reach/lists/<slug:public_id>/link/", reach_pages.link, name="activation_link"),
    path("grades/", grade_pages.board, name="grades"),
    path("<customer:public_id>/grades/", grade_pages.of_customer, name="customer_grades"),
]
