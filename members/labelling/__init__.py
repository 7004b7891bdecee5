"""Pages and API about tags and fields: the library, a customer's tab, runs, samples."""
