"""All settings. Whatever differs between installations comes from the environment; see docs/operating.md.

Without any variable the product runs on its embedded PostgreSQL and Redis on this machine.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from smartcrm import embedded

# Annotations give Django's classes type parameters, `models.Field[…]`, that they lack at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.smart_cast = False
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

# Where this installation is

DATA_DIR = embedded.data_dir()
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or embedded.secret_key(DATA_DIR)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

BASE_URL = (env.str("BASE_URL", default="") or "http://127.0.0.1:8000").rstrip("/")
_address = urlsplit(BASE_URL)
HTTPS = _address.scheme == "https"

_hosts = [_address.hostname or "127.0.0.1", *env.list("ALLOWED_HOSTS", default=[])]
ALLOWED_HOSTS = list(dict.fromkeys(_hosts if HTTPS else [*_hosts, "127.0.0.1", "localhost", "[::1]"]))
CSRF_TRUSTED_ORIGINS = list(dict.fromkeys([BASE_URL, *env.list("CSRF_TRUSTED_ORIGINS", default=[])]))

# Applications

INSTALLED_APPS = [
    "core",
    "expressions",
    "events",
    "accounts",
    "processes",
    "records",
    "notifications",
    "automation",
    "analytics",
    "api",
    "web",
    "smartcrm.apps.SmartcrmConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "csp",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "smartcrm.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "web.middleware.PersonMiddleware",
    "web.middleware.SessionUseMiddleware",
    "web.middleware.RefusalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "web.viewing.ViewingMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "smartcrm.urls"
WSGI_APPLICATION = "smartcrm.wsgi.application"
ASGI_APPLICATION = "smartcrm.asgi.application"
APPEND_SLASH = True

# Threads that run Django in one web process; each keeps one database connection.
WEB_THREADS = env.int("WEB_THREADS", default=8)

# Templates

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.context.site",
            ],
        },
    }
]

# Storage

_statement_timeout = env.int("DATABASE_STATEMENT_TIMEOUT", default=30)
_database = env.db_url_config(env.str("DATABASE_URL", default="") or embedded.database_url(DATA_DIR))
_database_options: dict[str, Any] = {
    "connect_timeout": 5,
    "options": f"-c statement_timeout={_statement_timeout}s -c idle_in_transaction_session_timeout=60s",
    **_database.get("OPTIONS", {}),
}
DATABASES = {
    "default": {
        **_database,
        "OPTIONS": _database_options,
        "CONN_MAX_AGE": env.int("DATABASE_CONNECTION_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In this process's memory: a cache in Redis would make every throttle wait for a silent Redis.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# In the database: a flushed Redis signs nobody out.
SESSION_ENGINE = "accounts.sessions"

_redis = env.str("REDIS_URL", default="") or embedded.redis_url(DATA_DIR)
# The same server, spelled for redis-py and for Celery.
REDIS_URL = _redis.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")

MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default="") or DATA_DIR / "media")
MEDIA_URL = "media/"

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default="") or DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "smartcrm.static_storage.StaticStorage"},
}

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "smartcrm.adapter.InvitedOnlyAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Wrong passwords and codes are counted in the database, for all processes together: see web/attempts.py.
ACCOUNT_RATE_LIMITS = {"login_failed": None}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_FORMS = {
    "login": "web.forms.account.LoginForm",
    "reauthenticate": "web.forms.account.ReauthenticateForm",
    "change_password": "web.forms.account.ChangePasswordForm",
    "reset_password": "web.forms.account.ResetPasswordForm",
    "reset_password_from_key": "web.forms.account.ResetPasswordKeyForm",
}
MFA_ADAPTER = "smartcrm.adapter.CodesAdapter"
MFA_FORMS = {
    "authenticate": "web.forms.account.CodeForm",
    "reauthenticate": "web.forms.account.ReauthenticateCodeForm",
    "activate_totp": "web.forms.account.ActivateTotpForm",
}
# Nobody signs up alone, so an address without a letter of proof hides no stranger.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "SmartCRM"

AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_HANDLER = "web.attempts.FailuresHandler"
AXES_USERNAME_CALLABLE = "web.attempts.address_tried"
AXES_CLIENT_IP_CALLABLE = "web.attempts.network_of"
AXES_LOCKOUT_CALLABLE = "web.attempts.locked_page"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Safety in the browser

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    # Whether all subdomains speak HTTPS, and whether browsers should be told so for good, is for the
    # owner of the domain to say, not for one application on it.
    "security.W005",
    "security.W021",
    # An e-mail address is unique whatever its case: by a constraint, which this check does not see.
    "auth.W004",
]

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"

LONGEST_BODY = env.int("MAX_UPLOAD_MB", default=100) * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_NUMBER_FILES = 100
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# Files of records

# No field takes a larger file, whatever it says of itself; a request as a whole is at most LONGEST_BODY.
FILE_MOST_BYTES = env.int("FILE_MAX_MB", default=100) * 1024 * 1024
# What somebody has uploaded and no record holds yet, at most.
FILE_MOST_LOOSE = 500
FILE_MOST_LOOSE_BYTES = 10 * FILE_MOST_BYTES
# After so long it is deleted; so is content that no row names.
FILE_LOOSE_HOURS = 24

# Languages and time

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["smartcrm.formats"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = False
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
PHONE_REGION = env.str("PHONE_REGION", default="RU")
"""The country of phone numbers that are written without a code, unless a field says otherwise."""

# Mail

# Without a server mails are files in the data folder of this machine, or, with a database elsewhere, lines of the log.
_mail_url = env.str("EMAIL_URL", default="")
if not _mail_url:
    _mail_url = "consolemail://" if env.str("DATABASE_URL", default="") else embedded.mail_url(DATA_DIR)
_mail = env.email_url_config(_mail_url)
vars().update(_mail)
EMAIL_FILE_PATH: str = _mail["EMAIL_FILE_PATH"]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="SmartCRM <smartcrm@localhost>")
EMAIL_TIMEOUT = 15

# REST

# For every token and every person, counted in each web process; 0 counts nothing.
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=6_000)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.TokenAuthentication",
        "api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.renderers.OrjsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.renderers.JsonOnly",
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.PerOwnerThrottle"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "api.exceptions.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SmartCRM",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    # Several things have a kind and a state.
    "ENUM_NAME_OVERRIDES": {
        "FieldJobKind": "processes.models.field.FieldJob.Kind",
        "FieldJobState": "processes.models.field.FieldJob.State",
        "FieldState": "processes.models.field.Field.State",
        "ImportState": "records.models.importing.ImportJob.State",
        "StageKind": "processes.models.pipeline.Stage.Kind",
    },
}

# Background work: bells only, see smartcrm/celery.py

CELERY_BROKER_URL = _redis.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SOFT_TIME_LIMIT = 20
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "internal"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A database connection that has touched a thousand typed tables has grown by 78 MiB: start afresh.
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "max_retries": 0,
}

# Automation

# A worker that says nothing for so long has lost its runs to others.
AUTOMATION_LEASE_SECONDS = env.int("AUTOMATION_LEASE_SECONDS", default=60)
# Targets of calls that may be private, as host:port; everything else must be a public address. See core/egress.py.
EGRESS_ALLOW = frozenset(target.lower() for target in env.list("EGRESS_ALLOW", default=[]))

# Imports

IMPORT_MOST_BYTES = env.int("IMPORT_MAX_MB", default=20) * 1024 * 1024
IMPORT_MOST_ROWS = env.int("IMPORT_MAX_ROWS", default=200_000)
IMPORT_MOST_COLUMNS = 300
# Rows of one transaction, and how long a worker that says nothing keeps its import.
IMPORT_CHUNK_ROWS = env.int("IMPORT_CHUNK_ROWS", default=200)
IMPORT_LEASE_SECONDS = env.int("IMPORT_LEASE_SECONDS", default=30)
# Files and reports of imports are kept for so long.
IMPORT_KEEP_DAYS = env.int("IMPORT_KEEP_DAYS", default=30)

# Exports

# Records that are read at once, and how many are few enough to be a file before the request ends.
EXPORT_CHUNK_ROWS = env.int("EXPORT_CHUNK_ROWS", default=1000)
EXPORT_ROWS_AT_ONCE = env.int("EXPORT_ROWS_AT_ONCE", default=1000)
# Files of exports are kept for so long.
EXPORT_KEEP_HOURS = env.int("EXPORT_KEEP_HOURS", default=24)

# Bulk changes

BULK_MOST_RECORDS = env.int("BULK_MAX_RECORDS", default=200_000)
# Records of one transaction.
BULK_CHUNK_RECORDS = env.int("BULK_CHUNK_RECORDS", default=100)
# For so long they can be taken back, and for so long they are remembered.
BULK_UNDO_HOURS = env.int("BULK_UNDO_HOURS", default=24)
BULK_KEEP_DAYS = env.int("BULK_KEEP_DAYS", default=30)

# Logs

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "smartcrm.logs.RequestIdFilter"}},
    "formatters": {
        "json": {"()": "smartcrm.logs.JsonFormatter"},
        "text": {"format": "%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": env.str("LOG_FORMAT", default="text" if DEBUG else "json"),
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers would say everything twice, or mail it.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # Below an error it repeats whatever a stranger has answered; the run's log says what came of the call.
        "urllib3": {"level": "ERROR"},
    },
}
