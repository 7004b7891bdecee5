from django.apps import AppConfig


class GenerateConfig(AppConfig):
    name = "scrm.generate"
    label = "generate"
