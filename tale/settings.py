"""One file, from the environment alone. What an organisation decides is a row, not a setting."""

import os
import sys
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from tale import __version__, look
from tale.lib import env, keyring, logs

ROOT = Path(__file__).resolve().parent.parent
TALE_VERSION = __version__
TALE_ENV = env.text("TALE_ENV", "embedded", choices=("embedded", "production", "test"))
PRODUCTION = TALE_ENV == "production"
TESTING = TALE_ENV == "test"
TALE_HOME = Path(env.text("TALE_HOME", str(ROOT / "var"))).resolve()

# Secrets. Production brings its own; elsewhere they are made once, readable by the owner alone.
if PRODUCTION:
    SECRET_KEY = env.text("SECRET_KEY")
    TALE_KEYS = env.words("TALE_KEYS", None)
    if len(SECRET_KEY) < 50:
        raise env.WrongSetting("SECRET_KEY must have 50 characters or more in production.")
else:
    SECRET_KEY = os.environ.get("SECRET_KEY") or keyring.from_file(TALE_HOME / "keys" / "secret")
    TALE_KEYS = env.words("TALE_KEYS") or [keyring.from_file(TALE_HOME / "keys" / "ring")]
if not all(map(keyring.is_key, TALE_KEYS)):
    raise env.WrongSetting("TALE_KEYS: each key is 32 random bytes in URL-safe base64.")

# Who signs pictures: without these, a root and a leaf of our own (assistants/marking/signer.py).
TALE_SIGNING_CERTIFICATE = os.environ.get("TALE_SIGNING_CERTIFICATE", "")
TALE_SIGNING_KEY = os.environ.get("TALE_SIGNING_KEY", "")
if bool(TALE_SIGNING_CERTIFICATE) != bool(TALE_SIGNING_KEY):
    raise env.WrongSetting("TALE_SIGNING_CERTIFICATE and TALE_SIGNING_KEY go together.")

DEBUG = env.switch("TALE_DEBUG", False)
if PRODUCTION and DEBUG:
    raise env.WrongSetting("TALE_DEBUG=1 shows secrets to visitors. Not with TALE_ENV=production.")

# Where it answers.
TALE_PORT = env.number("TALE_PORT", 8000, least=1, most=65535)
TALE_URL = env.text("TALE_URL", None if PRODUCTION else f"http://localhost:{TALE_PORT}").rstrip("/")
if PRODUCTION and not TALE_URL.startswith("https://"):
    raise env.WrongSetting("TALE_URL must begin with https:// in production: cookies are secure.")
ALLOWED_HOSTS = env.words("TALE_HOSTS", None if PRODUCTION else "localhost,127.0.0.1,[::1]")
if PRODUCTION and "*" in ALLOWED_HOSTS:
    raise env.WrongSetting("TALE_HOSTS=* lets anyone forge links in mails. Name the hosts.")
CSRF_TRUSTED_ORIGINS = [TALE_URL]
TALE_PROXIES = env.number("TALE_PROXIES", 1 if PRODUCTION else 0, most=10)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TALE_PROXIES else None
SECURE_SSL_REDIRECT = False  # the proxy redirects people; an API must refuse, never redirect
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # tale.edges.security_headers forbids frames, on every answer
    "security.W008",  # see SECURE_SSL_REDIRECT
    "axes.W006",  # see AXES_LOCKOUT_PARAMETERS
]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
SESSION_COOKIE_AGE = 14 * 24 * 3600
LANGUAGE_COOKIE_SECURE = PRODUCTION
CSRF_FAILURE_VIEW = "tale.edges.csrf_failed"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
APPEND_SLASH = False

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin.apps.SimpleAdminConfig",  # tale/admin.py says what is in it
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "allauth",
    "allauth.account",
    "axes",
    "tale.lib",
    "accounts",
    "policies",
    "providers",
    "assistants",
    "chats",
    "analytics",
    "tale",
]
MIDDLEWARE = [
    "tale.edges.request_id",
    "tale.edges.security_headers",
    "tale.edges.refusals",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.auth.current_organisation",
    "axes.middleware.AxesMiddleware",
    "tale.edges.body_too_large",
]
ROOT_URLCONF = "tale.urls"
ASGI_APPLICATION = "tale.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tale.page.context",
            ]
        },
    }
]

UNFOLD = look.UNFOLD

# Data.
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database(
        env.text("DATABASE_URL", f"sqlite:///{TALE_HOME / 'tale.sqlite3'}"),
        postgres_pool=env.number("TALE_DB_CONNECTIONS", 8, least=1, most=200),
    )
}
TALE_DB_THREADS = env.number("TALE_DB_THREADS", 8, most=200)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "tale.lib.disk.Disk",
        "OPTIONS": {
            "location": TALE_HOME / "files",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
TALE_STORAGE = env.text("TALE_STORAGE", "files", choices=("files", "s3"))
if TALE_STORAGE == "s3":
    STORAGES["default"] = env.s3()
# Who hands out a picture once we said yes: we, the proxy before us that sees the files
# (X-Accel-Redirect), or the store, by a link that lives a minute.
TALE_DELIVERY = env.text("TALE_DELIVERY", "app", choices=("app", "accel", "link"))
TALE_ACCEL_PREFIX = env.text("TALE_ACCEL_PREFIX", "/pictures-on-disk/")
TALE_IMAGE_ORIGINS = env.words("TALE_IMAGE_ORIGINS")
if TALE_DELIVERY == "link" and (TALE_STORAGE != "s3" or not TALE_IMAGE_ORIGINS):
    raise env.WrongSetting(
        "TALE_DELIVERY=link needs TALE_STORAGE=s3, and TALE_IMAGE_ORIGINS: where its links lead."
    )
if TALE_DELIVERY == "accel" and TALE_STORAGE != "files":
    raise env.WrongSetting("TALE_DELIVERY=accel needs TALE_STORAGE=files.")
STATIC_URL = "/static/"
STATIC_ROOT = TALE_HOME / "static"
STATICFILES_DIRS = [ROOT / "static"]
if TESTING:
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    SERVESTATIC_USE_FINDERS = SERVESTATIC_AUTOREFRESH = True
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
else:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

# Work.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "filesystem://localhost//"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "data_folder_in": str(TALE_HOME / "queue"),
        "data_folder_out": str(TALE_HOME / "queue"),
        "control_folder": str(TALE_HOME / "queue" / "control"),
        "polling_interval": 0.1,
    }
    if CELERY_BROKER_URL.startswith("filesystem")
    else {"visibility_timeout": 900, "unacked_restore_interval": 5, "unacked_restore_throttle": 1}
    if CELERY_BROKER_URL.startswith("redis")
    else {}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "chores"
CELERY_TASK_ROUTES = {
    "chats.tasks.clear_away": {"queue": "chores"},
    "chats.tasks.*": {"queue": "turns"},
    "assistants.tasks.*": {"queue": "images"},
}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "sweep turns": {"task": "chats.tasks.sweep", "schedule": 5},
    "sweep pictures": {"task": "assistants.tasks.sweep", "schedule": 5},
    "clear away": {"task": "chats.tasks.clear_away", "schedule": 300},
    "keep house": {"task": "tale.tasks.keep_house", "schedule": 20},
    "audit files": {
        "task": "assistants.tasks.audit_files",
        "schedule": crontab(hour="2", minute="43"),
    },
    "warn of budgets": {"task": "policies.tasks.warn", "schedule": 30},
    "check money": {"task": "policies.tasks.check_money", "schedule": crontab(minute="7")},
    "look at models": {
        "task": "providers.tasks.look_at_lists",
        "schedule": crontab(hour="3", minute="17"),
    },
}
# For paid pictures that the store does not take; see assistants/spool.py.
TALE_SPOOL_MIB = env.number("TALE_SPOOL_MIB", 1024, least=0)
# Who may be reached: hosts of our own network, and if named, the only public ones.
TALE_PRIVATE_HOSTS = env.hosts("TALE_PRIVATE_HOSTS", "127.0.0.1,localhost" if TESTING else "")
TALE_PUBLIC_HOSTS = env.hosts("TALE_PUBLIC_HOSTS")
TALE_TURNS_PER_WORKER = env.number("TALE_TURNS_PER_WORKER", 200, least=1, most=10_000)
# A process that is told to end finishes what it has under way, for so long.
TALE_GRACE_S = env.number("TALE_GRACE_S", 5, least=0, most=900)

# A call nobody knows the end of is booked in full after so long, for an admin to correct.
TALE_PRESUME_AFTER_S = env.number("TALE_PRESUME_AFTER_S", 24 * 3600, least=1)

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.auth.EmailBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {"user_attributes": ("email", "name")},
        "MinimumLengthValidator": {"min_length": 10},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.auth.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_CHANGE_EMAIL = True  # a person has one address
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_RATE_LIMITS = {"login_failed": "50/15m/ip"}  # per account: axes, below
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]  # an office shares one address; its limit is allauth's
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or a stranger locks somebody out for good
AXES_USERNAME_CALLABLE = "accounts.auth.attempted_account"
AXES_CLIENT_IP_CALLABLE = "tale.lib.address.client_address"
AXES_LOCKOUT_CALLABLE = "accounts.auth.locked_out"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # the audit tells of sign-ins; this one keeps the links they used
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_TIMEOUT = 10  # somebody waits for the page that sends
if os.environ.get("EMAIL_HOST"):
    EMAIL_HOST, EMAIL_PORT = env.text("EMAIL_HOST"), env.number("EMAIL_PORT", 587)
    EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
    EMAIL_USE_TLS = env.switch("EMAIL_USE_TLS", True)
else:  # no mail server: mails are files one can read
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = TALE_HOME / "mail"
DEFAULT_FROM_EMAIL = env.text("TALE_MAIL_FROM", "Tale <tale@localhost>")

# Words.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = "UTC"

# API.
TALE_BODY_BYTES = 2**20
TALE_METRICS_TOKEN = os.environ.get("TALE_METRICS_TOKEN", "")  # without one there is no /metrics
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.auth.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.auth.SignedIn"],
    "DEFAULT_PARSER_CLASSES": ["tale.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["tale.api.limits.CallerThrottle"],
    "DEFAULT_SCHEMA_CLASS": "tale.api.schema.NativeSchema",
    "EXCEPTION_HANDLER": "tale.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tale",
    "DESCRIPTION": "Governs an organisation. The guide is `docs/api.md`.",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVERS": [{"url": "/"}],  # where it was read from
    "COMPONENT_SPLIT_REQUEST": True,
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "ENUM_NAME_OVERRIDES": {
        "TagEnum": "providers.models.Tag",
        "ImageJobState": "assistants.models.ImageJob.State",
    },
}

LOGGING = logs.configure(
    level=env.text("TALE_LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR")),
    pretty=sys.stdout.isatty() and not PRODUCTION,
)
