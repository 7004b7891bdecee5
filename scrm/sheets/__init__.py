"""Tables in files: Excel and CSV as people send them, read without trust; and written so that no cell runs."""
