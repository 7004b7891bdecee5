from datetime import datetime, timedelta

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.sealed import SealedField

OLD_KEYS_LAST_FOR = timedelta(hours=24)
TOKEN_FORM = RegexValidator(r"^[0-9A-Za-z]{1,32}$", _("1 to 32 letters and digits"))
AES_KEY_FORM = RegexValidator(r"^[0-9A-Za-z]{43}$", _("exactly 43 letters and digits"))
PROOF_FORM = RegexValidator(r"^[0-9A-Za-z]{1,64}$", _("1 to 64 letters and digits"))


class Corp(models.Model):
    """A company in WeCom."""

    corp_id = models.CharField(_("corp id"), max_length=64, unique=True, help_text=_("ww… in My company › Corp id"))
    name = models.CharField(_("name"), max_length=100, blank=True)
    api_base_url = models.URLField(
        _("API address"),
        blank=True,
        help_text=_("Empty: the address in the settings. All calls go there, gettoken too."),
    )
    staff_number_attribute = models.CharField(
        _("profile field of the staff number"),
        max_length=32,
        blank=True,
        default="工号",
        db_default="工号",
        help_text=_("The name of the custom member field that holds it, in Contacts › Member profile."),
    )
    staff_number_required = models.BooleanField(
        _("only guides with a staff number"),
        default=False,
        db_default=False,
        help_text=_("A guide without one enters no code. Switch it on once every profile in WeCom carries its number."),
    )
    contacts_included = models.PositiveBigIntegerField(
        _("customers included"),
        null=True,
        blank=True,
        help_text=_("How many customers the contract with WeCom includes; an alarm sounds before it is used up."),
    )
    contact_price_fen = models.PositiveIntegerField(
        _("price of one more customer"), null=True, blank=True, help_text=_("In fen, for each customer above it.")
    )

    class Meta:
        verbose_name = _("corp")
        verbose_name_plural = _("corps")

    def __str__(self) -> str:
        return self.name or self.corp_id


class App(models.Model):
    """An app of a corp: a secret, and the one access token that all processes share."""

    corp = models.ForeignKey(Corp, models.PROTECT, related_name="apps", verbose_name=_("corp"))
    agent_id = models.IntegerField(_("agent id"), validators=[MinValueValidator(0)])
    name = models.CharField(_("name"), max_length=100, blank=True)
    secret = SealedField(_("secret"))
    secret_set_at = models.DateTimeField(_("secret set"), null=True, editable=False)
    access_token = SealedField(_("access token"), null=True, blank=True)
    token_serial = models.BigIntegerField(_("tokens fetched"), default=0, editable=False)
    token_expires_at = models.DateTimeField(_("token good until"), null=True, editable=False)
    token_failures = models.IntegerField(_("refusals in a row"), default=0, editable=False)
    token_errcode = models.IntegerField(_("last refusal"), null=True, editable=False)
    closed_until = models.DateTimeField(
        _("no token asked before"), null=True, editable=False, help_text=_("WeCom bans an address that keeps asking.")
    )

    class Meta:
        verbose_name = _("app")
        verbose_name_plural = _("apps")
        constraints = [models.UniqueConstraint(fields=["corp", "agent_id"], name="an_app_stands_once_in_its_corp")]

    def __str__(self) -> str:
        return self.name or str(self.agent_id)


class Receiver(models.Model):
    """An address at which WeCom delivers letters, with the keys that open them."""

    corp = models.ForeignKey(Corp, models.PROTECT, related_name="receivers", verbose_name=_("corp"))
    app = models.ForeignKey(App, models.PROTECT, related_name="receivers", null=True, blank=True, verbose_name=_("app"))
    slug = models.SlugField(_("address"), unique=True, help_text=_("/wecom/callback/<address>/"))
    token = SealedField("Token", validators=[TOKEN_FORM])
    aes_key = SealedField("EncodingAESKey", validators=[AES_KEY_FORM])
    previous_token = SealedField(_("previous Token"), null=True, blank=True)
    previous_aes_key = SealedField(_("previous EncodingAESKey"), null=True, blank=True)
    rotated_at = models.DateTimeField(_("keys changed"), null=True, editable=False)
    verified_at = models.DateTimeField(
        _("address verified"),
        null=True,
        editable=False,
        help_text=_("When WeCom last checked this address with the present keys."),
    )

    class Meta:
        verbose_name = _("receiver")
        verbose_name_plural = _("receivers")

    def __str__(self) -> str:
        return self.slug

    def old_keys_until(self) -> datetime | None:
        """When the keys before the last rotation stop opening letters."""
        return self.rotated_at + OLD_KEYS_LAST_FOR if self.rotated_at else None


class DomainProof(models.Model):
    """A file WW_verify_<code>.txt with which WeCom sees that our domain is ours; beside those of the settings."""

    code = models.CharField(_("code"), max_length=64, unique=True, validators=[PROOF_FORM])
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("domain proof file")
        verbose_name_plural = _("domain proof files")

    def __str__(self) -> str:
        return f"WW_verify_{self.code}.txt"
