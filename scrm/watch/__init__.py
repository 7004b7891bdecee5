"""Looks at the house every minute: sounds an alarm for what needs a person, ends it when the cause is gone."""
