"""The doctor: looks at everything that must be right, says what is not, and how to mend it."""
