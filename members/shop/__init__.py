"""The doors of orders and products: for machines, for people, for the admin."""
