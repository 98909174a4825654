"""Every setting, read from the environment; `.env.example` says what each one is for.

A secret NAME may also stand in a file named by NAME_FILE. `.data/local.env`, written by `manage.py up` and
`manage.py demo`, fills in what the environment leaves open, so that commands in a second terminal find the same
database. Without SECRET_KEY and ENCRYPTION_KEYS nothing starts.
"""

import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

from config import registries
from config.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(expand_vars=False)
DATA_DIR = Path(env.str("SCRATCHER_DATA_DIR", "") or BASE_DIR / ".data")
env.read_env(str(DATA_DIR / "local.env"), recurse=False, override=False)

# These commands make the secrets, or need none.
_NEEDS_NO_SECRETS = {"up", "demo", "help", "makemigrations", "collectstatic", "spectacular"}
_without_secrets = Path(sys.argv[0]).name == "manage.py" and (
    len(sys.argv) == 1 or sys.argv[1] in _NEEDS_NO_SECRETS or "--help" in sys.argv
)
_type_checking = "mypy" in sys.modules


def secret(name: str, *, needed: bool = True) -> str:
    """NAME, or the content of the file named by NAME_FILE; refuses to start without one that is needed."""
    value: str = env.str(name, "")
    if not value and (file := env.str(f"{name}_FILE", "")):
        value = Path(file).read_text().strip()
    if needed and not value and not (_without_secrets or _type_checking):
        raise ImproperlyConfigured(
            f"{name} is not set. `manage.py up` makes one for this machine; in production set {name} or {name}_FILE."
        )
    return value


# --- Django ------------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = secret("SECRET_KEY") or "no-secrets-needed-by-this-command"
ENCRYPTION_KEYS = secret("ENCRYPTION_KEYS")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
BEHIND_TLS = urlsplit(PUBLIC_URL).scheme == "https"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "apps.core",
    "apps.accounts",
    "apps.operations",
    "apps.orgs",
    "apps.changes",
    "apps.platform_events",
    "apps.launcher",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.middleware.request_log",
    "apps.core.middleware.security_headers",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["config.formats"]

# --- PostgreSQL and Redis ----------------------------------------------------------------------------------------
# One pool a process. 100 worker threads need 20 connections, because a poll gives its connection back before it
# waits for Salesforce.
DATABASES: dict[str, Any] = {
    "default": {**dj_database_url.parse(env.str("DATABASE_URL", "postgres://scratcher@localhost/scratcher"))}
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        # After five seconds of failures the pool's own pauses would grow to minutes; the next request tries anew.
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_CONNECTIONS", 20),
            "timeout": 60,
            "reconnect_timeout": 5,
        },
        "connect_timeout": 5,
        "tcp_user_timeout": 20_000,  # milliseconds until a dead line counts as broken
        # Django turns psycopg's prepared statements off; so high, only what asks for it is prepared (`prepare=True`).
        "prepare_threshold": 1_000_000_000,
        "options": "-c idle_in_transaction_session_timeout=30s -c timezone=UTC",
    }
)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
REDIS_URL = env.str("REDIS_URL", "redis://localhost:6379/0")

# --- Salesforce and the poll -------------------------------------------------------------------------------------
SALESFORCE_HOSTS = tuple(env.list("SALESFORCE_HOSTS", ["*.salesforce.com", "*.force.com"]))
SALESFORCE_CA_FILE = env.str("SALESFORCE_CA_FILE", "") or None
SALESFORCE_API_VERSION = env.str("SALESFORCE_API_VERSION", "67.0")
SF_CLI = env.str("SF_CLI", shutil.which("sf") or "")
_INTERVAL = validate.Range(min=0.05)  # nought would be due for ever
POLL_INTERVAL_SECONDS = env.float("POLL_INTERVAL_MINUTES", 5, validate=_INTERVAL) * 60
SYNC_INTERVAL_SECONDS = env.float("SYNC_INTERVAL_MINUTES", 5, validate=_INTERVAL) * 60
LATE_ROWS_SECONDS = env.int("LATE_ROWS_SECONDS", 1800)
WORKER_THREADS = env.int("WORKER_THREADS", 100)
POLL_SLOTS = env.int("POLL_SLOTS", 2 * WORKER_THREADS)
POLLS_PER_HUB = env.int("POLLS_PER_HUB", 500)
RETENTION_DAYS = env.int("RETENTION_DAYS", 0)
PLATFORM_EVENTS_PER_MINUTE = env.int("PLATFORM_EVENTS_PER_MINUTE", 0, validate=validate.Range(min=0, max=60))
EVENT_RETENTION_DAYS = 7

# --- Celery ------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_IMPORTS = [
    "workers.polling",
    "workers.syncing",
    "workers.operations",
    "workers.events",
    "workers.platform_events",
    "workers.upkeep",
    "workers.observing",
]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = False  # a lost message costs one lease; acks_late loses some as well, and doubles others
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_WORKER_CONSUMER = "workers.observing:Consumer"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 1.0
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # kombu would keep each message in Redis until it is acknowledged: two more round trips for a task, to bring back
    # after `visibility_timeout` what a lease brings back sooner.
    "ack_emulation": False,
    "max_connections": WORKER_THREADS + 50,  # kombu's own 10 are too few for so many threads
    "visibility_timeout": 600,  # seconds; above the longest poll, should somebody turn acknowledgements on again
    "socket_connect_timeout": 1.0,
    "socket_timeout": 5.0,  # else a send over a connection that died silently waits for ever
    "socket_keepalive": True,
    "health_check_interval": 5,  # a worker that hears nothing for little more than so long connects anew
    "retry_policy": {"max_retries": 0},
}
CELERY_BEAT_SCHEDULER = "workers.schedule:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1

# --- REST --------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["apps.core.api.Renderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.Parser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.KeyAuthentication",
        "apps.accounts.authentication.PersonAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.accounts.permissions.MayUseDoor"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "apps.core.api.answer_error",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Scratcher",
    "DESCRIPTION": "Who changes what in all scratch orgs of a Salesforce DevHub, live.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "Session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "A signed-in person. Verbs that write need X-CSRFToken; X-Team picks a team.",
            },
        }
    },
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "defaultModelsExpandDepth": -1},  # doors, not a list of shapes
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.openapi.share_errors",
    ],
    "ENUM_NAME_OVERRIDES": {
        "OrgStatus": "apps.orgs.models.ScratchOrg.Status",
        "OperationStatus": "apps.operations.models.Operation.Status",
    },
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # tests/architecture validates the schema
}
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", [])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["content-type", "if-none-match", "x-api-key"]
CORS_EXPOSE_HEADERS = ["etag", "location", "retry-after"]
REQUESTS_PER_MINUTE = env.int("REQUESTS_PER_MINUTE", 1200)  # of one key or person; 0: as many as they like
METRICS_TOKEN = secret("METRICS_TOKEN", needed=False)
WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", 0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- Security ----------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from within, over plain HTTP
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # HSTS preload is for the owner of the domain to decide
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "apps.core.api.csrf_failure"

# --- Logs --------------------------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", "console" if sys.stderr.isatty() else "json")
LOGGING = logging_config(LOG_FORMAT)
LOGGING_CONFIG = "logging.config.dictConfig"

# --- What the inner rooms find by name -----------------------------------------------------------------------------
EVENT_LISTENERS = registries.EVENT_LISTENERS
OPERATION_HANDLERS = registries.OPERATION_HANDLERS
