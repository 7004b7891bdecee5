"""All settings, read from the environment (and `.env`); production refuses to start when one is missing or unsafe.

Each variable is documented in `.env.example`.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from scrm import failures, loglines
from scrm.keeping import days

BASE_DIR = Path(__file__).resolve().parent.parent


def read_dotenv(path: Path) -> None:
    """Sets what `.env` says and the environment does not."""
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        name, equals, value = line.partition("=")
        if equals and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("'\""))


if os.environ.get("PROFILE") not in {"demo", "test"}:  # they must never find a real installation's servers there
    read_dotenv(BASE_DIR / ".env")


SECRET_FILES = (
    *("SECRET_KEY", "FIELD_KEYS", "RETIRED_KEYS", "DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "METRICS_TOKEN"),
)
# NAME_FILE names a file that holds the value.
for secret in (*SECRET_FILES, "ALARM_WEBHOOK_URL", "SENTRY_DSN", "SMS_OUTLET_TOKEN"):
    if os.environ.get(f"{secret}_FILE") and not os.environ.get(secret):
        try:
            os.environ[secret] = Path(os.environ[f"{secret}_FILE"]).read_text("utf-8").strip()
        except OSError as why:
            raise ImproperlyConfigured(f"{secret}_FILE cannot be read: {why.strerror}") from None


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_bool(name: str, default: bool = False) -> bool:
    return os.environ.get(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


not_numbers: list[str] = []


def env_int(name: str, default: int, least: int = 0) -> int:
    """A whole number; anything else is a problem that names the setting."""
    said = os.environ.get(name, "").strip()
    if said and not (said.isdecimal() and int(said) >= least):
        not_numbers.append(f"{name} is not a number" + (f" of at least {least}" if least else ""))
        return default
    return int(said) if said else default


PROFILE = os.environ.get("PROFILE", "production")
if PROFILE not in {"production", "demo", "test"}:
    raise ImproperlyConfigured(f"PROFILE is {PROFILE!r}; it must be production, demo or test")
PRODUCTION = PROFILE == "production"
DEBUG = env_bool("DEBUG")
NOT_SECRET = "only-for-demo-and-test-0000000000000000000000000000000000"  # noqa: S105
SECRET_KEY = os.environ.get("SECRET_KEY") or ("" if PRODUCTION else NOT_SECRET)
FIELD_KEYS = env_list("FIELD_KEYS") or ([] if PRODUCTION else [NOT_SECRET])
RETIRED_KEYS = env_list("RETIRED_KEYS")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "" if PRODUCTION else "*")
BASE_URL = os.environ.get("BASE_URL", "").rstrip("/")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL else []

# --- database ---------------------------------------------------------------------------------------------------------
# The app role reads and writes rows; the owner role, used by migrate and by the change of keys, owns the tables.
DATABASE_URL = os.environ.get("DATABASE_URL", "")
DATABASE_OWNER_URL = os.environ.get("DATABASE_OWNER_URL", "")
OWNER_COMMANDS = {"migrate", "rotate_keys", "makemigrations", "sqlmigrate", "showmigrations", "lintmigrations"}
AS_OWNER = bool(DATABASE_OWNER_URL) and len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS


def problems() -> list[str]:
    """What forbids this configuration in production, in words that name the setting."""
    app: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL)) if DATABASE_URL else {}
    owner: dict[str, Any] = dict(dj_database_url.parse(DATABASE_OWNER_URL)) if DATABASE_OWNER_URL else {}
    checks = [
        (len(SECRET_KEY) < 50, "SECRET_KEY is missing or shorter than 50 characters"),
        (
            not FIELD_KEYS or any(len(k) < 32 for k in FIELD_KEYS),
            "FIELD_KEYS is missing or has a key under 32 characters",
        ),
        (SECRET_KEY == NOT_SECRET or NOT_SECRET in FIELD_KEYS, "SECRET_KEY or FIELD_KEYS is the demo's public one"),
        (
            any(len(set(key)) < 5 or key.startswith("django-insecure-") for key in [SECRET_KEY, *FIELD_KEYS] if key),
            "SECRET_KEY or FIELD_KEYS is no random text",
        ),
        (SECRET_KEY in FIELD_KEYS, "FIELD_KEYS repeats SECRET_KEY; a thief of one must not have the other"),
        (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS, "ALLOWED_HOSTS is missing or '*'"),
        (DEBUG, "DEBUG is on"),
        (not BASE_URL, "BASE_URL is missing; links in messages and WeCom's callback begin with it"),
        (bool(BASE_URL) and not BASE_URL.startswith("https://"), "BASE_URL is not https"),
        (bool(BASE_URL) and not _is_allowed(urlsplit(BASE_URL).hostname or ""), "BASE_URL is not in ALLOWED_HOSTS"),
        (BEHIND_TLS_PROXY and not TRUSTED_PROXIES, "BEHIND_TLS_PROXY is on, but TRUSTED_PROXIES counts no proxy"),
        (
            not env_bool("SECURE_SSL_REDIRECT", True) and not BEHIND_TLS_PROXY,
            "SECURE_SSL_REDIRECT is off, but no proxy ends TLS (BEHIND_TLS_PROXY)",
        ),
        (not DATABASE_URL, "DATABASE_URL is missing; the embedded PostgreSQL is for demo and tests"),
        (bool(app) and "postgresql" not in app.get("ENGINE", ""), "DATABASE_URL is not PostgreSQL"),
        (
            bool(owner) and owner.get("USER") == app.get("USER"),
            "DATABASE_OWNER_URL uses the app's role; they must differ",
        ),
        (not os.environ.get("BROKER_URL"), "BROKER_URL is missing; the embedded Valkey is for demo and tests"),
        (
            urlsplit(os.environ.get("BROKER_URL", "")).scheme in {"memory", "filesystem"},
            "BROKER_URL names a broker that loses tasks and reaches no other machine",
        ),
        (not WECOM_API_BASE_URL.startswith("https://"), "WECOM_API_BASE_URL is not https"),
        (
            os.environ.get("SECOND_FACTOR", "required") not in {"required", "optional"},
            "SECOND_FACTOR is neither required nor optional",
        ),
        (0 < len(METRICS_TOKEN) < 20, "METRICS_TOKEN is shorter than 20 characters"),
        (bool(ALARM_WEBHOOK_URL) and not ALARM_WEBHOOK_URL.startswith("https://"), "ALARM_WEBHOOK_URL is not https"),
        (bool(SMS_OUTLET_URL) and not SMS_OUTLET_URL.startswith("https://"), "SMS_OUTLET_URL is not https"),
        (
            urlsplit(SMS_OUTLET_URL).path.startswith("/sandbox"),
            "SMS_OUTLET_URL is the sandbox, where everybody reads the codes",
        ),
        (WATCH_OPENING_HOURS is None, "WATCH_OPENING_HOURS is not like 10-22"),
    ]
    return [why for wrong, why in checks if wrong] + not_numbers + keep_problems


def _is_allowed(host: str) -> bool:
    return any(host == one or (one.startswith(".") and host.endswith(one)) for one in ALLOWED_HOSTS)


def _hours(said: str) -> tuple[int, int] | None:
    """Such as 10-22; None for what cannot be a day."""
    first, _dash, last = said.partition("-")
    hours = (int(first), int(last)) if first.isdecimal() and last.isdecimal() else (0, 0)
    return hours if hours[0] < hours[1] <= 24 else None


# --- the way here -----------------------------------------------------------------------------------------------------
BEHIND_TLS_PROXY = env_bool("BEHIND_TLS_PROXY")
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)

# --- who may see and hear how the house is ----------------------------------------------------------------------------
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
ALARM_WEBHOOK_URL = os.environ.get("ALARM_WEBHOOK_URL", "")
REVEALS_PER_DAY = env_int("REVEALS_PER_DAY", 100, 1)
WATCH_INBOX_SECONDS = env_int("WATCH_INBOX_SECONDS", 60, 1)
WATCH_LATE_WELCOMES = env_int("WATCH_LATE_WELCOMES", 5, 1)
WATCH_QUOTA_LEFT_PERCENT = env_int("WATCH_QUOTA_LEFT_PERCENT", 20)
WATCH_CONTACTS_PERCENT = env_int("WATCH_CONTACTS_PERCENT", 90, 1)
WATCH_FACTS_MINUTES = env_int("WATCH_FACTS_MINUTES", 10, 1)
WATCH_SILENCE_MINUTES = env_int("WATCH_SILENCE_MINUTES", 60, 1)
WATCH_OPENING_HOURS = _hours(os.environ.get("WATCH_OPENING_HOURS", "10-22"))
WATCH_HEARTBEAT_MINUTES = env_int("WATCH_HEARTBEAT_MINUTES", 3, 2)
WATCH_CONNECTIONS_PERCENT = env_int("WATCH_CONNECTIONS_PERCENT", 80, 1)
WATCH_XID_AGE = env_int("WATCH_XID_AGE", 800_000_000, 1)
WATCH_TRANSACTION_MINUTES = env_int("WATCH_TRANSACTION_MINUTES", 60, 1)
WATCH_DISK_PERCENT = env_int("WATCH_DISK_PERCENT", 90, 1)
DATABASE_DISK_GB = env_int("DATABASE_DISK_GB", 0)
BACKUP_EVERY_HOURS = env_int("BACKUP_EVERY_HOURS", 26 if PRODUCTION else 0)
KEEP_DAYS, keep_problems = days.read(os.environ)

WECOM_API_BASE_URL = os.environ.get("WECOM_API_BASE_URL", "https://qyapi.weixin.qq.com").rstrip("/")
WECOM_CALLS_PER_MINUTE = env_int("WECOM_CALLS_PER_MINUTE", 10_000, 1)
WECOM_CALLS_PER_HOUR = env_int("WECOM_CALLS_PER_HOUR", 150_000, 1)
SMS_OUTLET_URL = os.environ.get("SMS_OUTLET_URL", "").strip()
SMS_OUTLET_TOKEN = os.environ.get("SMS_OUTLET_TOKEN", "")
REQUEST_WORKING_DAYS = env_int("REQUEST_WORKING_DAYS", 15, 1)
# To which machines we speak; one that begins with a dot stands for all below it. WeCom's pictures lie at Tencent's.
OUTBOUND_FENCED = PRODUCTION
OUTBOUND_HOSTS = env_list("OUTBOUND_HOSTS", ".qpic.cn,.qlogo.cn,.weixin.qq.com")
_OUR_URLS = (WECOM_API_BASE_URL, ALARM_WEBHOOK_URL, BASE_URL, SMS_OUTLET_URL)
OUTBOUND_HOSTS += [urlsplit(url).hostname or "" for url in _OUR_URLS if url]
if PRODUCTION and (found := problems()):
    raise ImproperlyConfigured("Zhanggui will not start with PROFILE=production: " + "; ".join(found))

_database: Any = dj_database_url.parse(
    (DATABASE_OWNER_URL if AS_OWNER else DATABASE_URL) or "postgresql:///zhanggui",
    conn_max_age=60,
    conn_health_checks=True,
)
_database["OPTIONS"] = {
    **_database.get("OPTIONS", {}),
    "application_name": "zhanggui",
    "connect_timeout": 5,
    "options": f"-c statement_timeout={0 if AS_OWNER else 60_000} -c lock_timeout={2_000 if AS_OWNER else 10_000}",
}
DATABASES = {"default": _database}
DATABASE_APP_ROLE = (dj_database_url.parse(DATABASE_URL).get("USER") if DATABASE_URL else "") or "zhanggui_app"
if PROFILE == "test":
    DATABASE_APP_ROLE = "zhanggui_app"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Celery: a doorbell and a scheduler, never the queue --------------------------------------------------------------
BROKER_URL = os.environ.get("BROKER_URL", "memory://")
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 5}
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- WeCom ------------------------------------------------------------------------------------------------------------
WECOM_ROUTES = "scrm.callbacks"  # which news goes to whom, as ROOT_URLCONF says it for people
KNOWLEDGE = "scrm.knowledge"  # what each floor knows of a customer
WECOM_VERIFY_FILES = env_list("WECOM_VERIFY_FILES")  # codes of WW_verify_<code>.txt, by which WeCom knows our domain
WECOM_TIMEOUT = (3.05, 10)
# Where WeCom asks who somebody is; a sandbox asks under its own address.
_ASKS_AT = ("https://open.weixin.qq.com", "https://login.work.weixin.qq.com")
if WECOM_API_BASE_URL != "https://qyapi.weixin.qq.com":
    _ASKS_AT = (WECOM_API_BASE_URL, WECOM_API_BASE_URL)
WECOM_AUTHORIZE_URL = os.environ.get("WECOM_AUTHORIZE_URL") or _ASKS_AT[0] + "/connect/oauth2/authorize"
WECOM_LOGIN_URL = os.environ.get("WECOM_LOGIN_URL") or _ASKS_AT[1] + "/wwlogin/sso/login"

# --- Django -----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "django_htmx",
    "django_structlog",
    "scrm",
    "scrm.audit",
    "scrm.rest",
    "scrm.wecom",
    "stores",
    "members",
    "guides",
    "campaigns",
    "scrm.imports",
    "scrm.dashboard",
    "scrm.generate",
    "scrm.sandbox",  # for its command only
]
MIDDLEWARE = [
    "scrm.timings.timed",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "scrm.desk.policy",
    "scrm.desk.leavers",
    "scrm.audit.requests.Journal",
    "scrm.audit.requests.visited",
    "scrm.desk.readable",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "scrm.urls"
WSGI_APPLICATION = "scrm.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]
AUTH_USER_MODEL = "stores.Person"
AUTHENTICATION_BACKENDS = ["stores.backends.SeatBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if PROFILE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard:home"
LOGOUT_REDIRECT_URL = "/login/?out=1"  # else WeCom would sign her in again at once
SESSION_ENGINE = "stores.sessions"
# Who signs in with a password and has a seat at the brand brings a code as well: `required`, or `optional`.
SECOND_FACTOR = os.environ.get("SECOND_FACTOR", "required" if PRODUCTION else "optional")
# A session of HQ, or one that a password opened, ends when nothing was asked in it for so long.
SESSION_IDLE_MINUTES = int(os.environ.get("SESSION_IDLE_MINUTES", "30" if PRODUCTION else "720"))
API_TOKEN_DAYS_UNUSED = int(os.environ.get("API_TOKEN_DAYS_UNUSED", "90"))
API_TOKEN_DAYS = int(os.environ.get("API_TOKEN_DAYS", "365"))

LANGUAGE_CODE = os.environ.get("LANGUAGE_CODE", "zh-hans")
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "scrm" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# --- safety in the browser --------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = PRODUCTION and env_bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# In WeCom's client a form of a session that has ended leads on to WeCom, which says who it is, and back.
FORMS_LEAD_TO = ["'self'", "{0.scheme}://{0.netloc}".format(urlsplit(WECOM_AUTHORIZE_URL))]
CONTENT_SECURITY_POLICY = {
    # unfold runs Alpine, which needs 'unsafe-eval'; only /admin/ gets it, from scrm.desk.
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],  # ECharts sizes its canvas by inline style
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": FORMS_LEAD_TO,
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    },
}

# --- imports ----------------------------------------------------------------------------------------------------------
IMPORT_BYTES = int(os.environ.get("IMPORT_MEGABYTES", "20")) * 1024 * 1024
IMPORT_ROWS = int(os.environ.get("IMPORT_ROWS", "200000"))

# --- segments ---------------------------------------------------------------------------------------------------------
# How much of the sets of members each process keeps in memory; what was not used for longest goes first.
SEGMENT_MEMORY_MB = env_int("SEGMENT_MEMORY_MB", 256, 16)
# An audience pack of fewer people would tell a platform about persons, not about a group.
PACK_LEAST = env_int("PACK_LEAST", 100, 1)

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "stores.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "scrm.rest.paging.Pages",
    "DEFAULT_SCHEMA_CLASS": "scrm.rest.schema.Schema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["scrm.rest.parsers.Json"],
    "EXCEPTION_HANDLER": "scrm.rest.problems.answer",
    "DEFAULT_THROTTLE_RATES": {"token": "30/min"},
    # How many proxies of ours append to X-Forwarded-For; with none, whatever a caller writes there is ignored.
    "NUM_PROXIES": TRUSTED_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Zhanggui API",
    "DESCRIPTION": "The REST API of Zhanggui, the open-source WeCom store-guide SCRM.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "StoreKind": "stores.models.Store.Kind",
        "CodeKind": "guides.models.Code.Kind",
        "NodeKind": ["brand", "region", "franchisee", "store"],
        "RowFate": ["created", "updated", "unchanged", "rejected"],
        "RelationState": "guides.models.Relation.State",
        "LetterState": "scrm.wecom.models.Letter.State",
        "FieldKind": "members.models.Field.Kind",
        "RequestKind": "members.models.DataRequest.Kind",
        "ConsentPurpose": "members.models.Consent.Purpose",
    },
}

# --- admin ------------------------------------------------------------------------------------------------------------
TEAL = {  # the pages' accent, in unfold's steps
    "50": "#f0fdfa",
    "100": "#e3f1ef",
    "200": "#99d5cc",
    "300": "#5fc2b4",
    "400": "#35b8a6",
    "500": "#14a394",
    "600": "#0f766e",
    "700": "#0c635c",
    "800": "#115e59",
    "900": "#134e4a",
    "950": "#042f2e",
}
UNFOLD = {
    "SITE_TITLE": _("Zhanggui"),
    "SITE_HEADER": _("Zhanggui headquarters"),
    "SITE_URL": reverse_lazy("dashboard:home"),
    "SITE_SYMBOL": "storefront",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icon.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": True,
    "STYLES": [lambda request: static("admin.css")],
    "COLORS": {"primary": TEAL},
    "DASHBOARD_CALLBACK": "scrm.desk.front",
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "scrm.desk.sidebar"},
}

# --- logs -------------------------------------------------------------------------------------------------------------
_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    loglines.without_secrets,
]
structlog.configure(
    processors=[
        *_shared,
        structlog.processors.StackInfoRenderer(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # our proxy's; scrm.audit.requests takes it if it looks like one
DJANGO_STRUCTLOG_CELERY_ENABLED = True  # a task's lines carry the id of the request that asked for it
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                loglines.without_texts,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            "foreign_pre_chain": _shared,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # These print whole URLs, and WeCom's URLs carry secrets and tokens.
        "urllib3": {"level": "WARNING"},
        "wechatpy": {"level": "WARNING"},
        "requests": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        # It prints what tasks raise, in full; django-structlog tells that they failed.
        "celery.app.trace": {"level": "CRITICAL"},
    },
}
SENTRY_DSN = os.environ.get("SENTRY_DSN", "")
if SENTRY_DSN:
    import sentry_sdk

    sentry_sdk.init(SENTRY_DSN, **failures.OPTIONS)
