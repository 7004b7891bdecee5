from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "scrm.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from scrm.audit.grants import grant_to_the_app_role

        post_migrate.connect(grant_to_the_app_role, dispatch_uid="grants")
