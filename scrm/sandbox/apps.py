"""The sandbox is an app only for its command."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "scrm.sandbox"
    label = "sandbox"
