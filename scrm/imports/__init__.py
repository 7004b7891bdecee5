"""Stores, franchisees, people, postings and legacy members out of files: looked at first, then done as a whole."""
