"""`make bench`: the product beside its floor, in one run, on a PostgreSQL of its own that loses nothing."""
