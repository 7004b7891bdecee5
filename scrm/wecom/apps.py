from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WecomConfig(AppConfig):
    """The gateway: the only place that speaks WeCom."""

    name = "scrm.wecom"
    label = "wecom"
    verbose_name = _("WeCom")

    def ready(self) -> None:
        from scrm.wecom import redaction

        redaction.quieten()
