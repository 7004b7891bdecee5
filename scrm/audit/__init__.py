"""Who did what, and what needs a person's eye."""
