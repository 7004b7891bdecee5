from django.apps import AppConfig


class ScrmConfig(AppConfig):
    """The wiring, an app so that its commands (demo, work, words) are found."""

    name = "scrm"
