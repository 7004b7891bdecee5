from django.urls import path

from members.shop import pages

urlpatterns = [
    path("orders/", pages.orders, name="orders"),
    path("orders/<slug:public_id>/", pages.order, name="order"),
    path("products/", pages.products, name="products"),
    path("products/products.csv", pages.products_file, {"kind": "csv"}, name="products_csv"),
    path("products/products.xlsx", pages.products_file, {"kind": "xlsx"}, name="products_xlsx"),
    path("products/<slug:public_id>/", pages.product, name="product"),
    path("<customer:public_id>/orders/", pages.of_customer, name="customer_orders"),
]
