"""All settings, read from the environment. `docs/operations.md` explains each variable."""

from pathlib import Path

import environ
from celery.schedules import schedule
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from concert_site import logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- The machine -------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)  # the demo of `make run`: readiness waits for its data
SECRET_KEY = env("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)  # behind a proxy that speaks TLS and sets X-Forwarded-Proto

# --- The house ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "concert_site.admin.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "events",
    "api",
    "accounts",
    "reservations",
    "queueing",
    "payments",
    "settlement",
    "concert_site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "concert_site.middleware.PolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "concert_site.middleware.TraceMiddleware",
    "queueing.middleware.ShopLoadMiddleware",
    "api.middleware.ProblemsMiddleware",
    "concert_site.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "concert_site.waiting_rooms.AtOnceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "concert_site.admin.sessions.ConsoleSessionMiddleware",
    "concert_site.middleware.ActorMiddleware",
    "concert_site.gate.GateMiddleware",
    "concert_site.middleware.PageMessagesMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "concert_site.error_pages.UnavailableMiddleware",
]

ROOT_URLCONF = "concert_site.urls"
WSGI_APPLICATION = "concert_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "concert_site.pages.header",
            ],
        },
    },
]

# --- Databases ---------------------------------------------------------------------------------------------------

ALL_DOMAINS = ["accounts", "reservations", "queueing", "payments", "settlement"]
DOMAINS = env.list("DOMAINS", default=ALL_DOMAINS)  # what this deployment works for; docs/brokers.md
ELSEWHERE = [domain for domain in ALL_DOMAINS if domain not in DOMAINS]
BROKER_URL = env("BROKER_URL", default="")  # between deployments: redis://, amqp://, kafka://
if unknown := set(DOMAINS) - set(ALL_DOMAINS):
    raise ImproperlyConfigured(f"DOMAINS has {', '.join(sorted(unknown))}; there are {', '.join(ALL_DOMAINS)}.")
if ELSEWHERE and not BROKER_URL:
    raise ImproperlyConfigured(
        f"DOMAINS leaves out {', '.join(ELSEWHERE)}, so BROKER_URL has to say how to reach them."
    )
IDLE_TRANSACTION_SECONDS = env.int("IDLE_TRANSACTION_SECONDS", default=60)


def database(variable):
    """Django's settings of the database at that variable's URL."""
    config = env.db_url(variable, engine="django.db.backends.postgresql")
    if env.bool("DATABASE_POOL", default=False):  # for web processes; Celery would close a pool after every task
        config["OPTIONS"] = {
            "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8), "timeout": 5}
        }
    else:
        config["CONN_MAX_AGE"] = None
    config["CONN_HEALTH_CHECKS"] = True
    # A process that freezes in a transaction holds its locks no longer than this.
    config.setdefault("OPTIONS", {}).setdefault(
        "options", f"-c idle_in_transaction_session_timeout={IDLE_TRANSACTION_SECONDS}s"
    )
    return config


DATABASES = {"default": database("DATABASE_URL")} | {
    domain: database(f"{domain.upper()}_DATABASE_URL")
    for domain in ALL_DOMAINS
    if f"{domain.upper()}_DATABASE_URL" in env
}
# Not even noted as done where the tables are not made.
WITH_ACCOUNTS = ["auth", "contenttypes", "admin", "sessions", "concert_site"]
NOT_MIGRATED = [*ELSEWHERE, *(WITH_ACCOUNTS if "accounts" in ELSEWHERE else [])]
MIGRATION_MODULES = dict.fromkeys(NOT_MIGRATED)
DATABASE_ROUTERS = ["concert_site.routers.OneDatabasePerDomain"]

# --- Redis, Celery -----------------------------------------------------------------------------------------------

REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 2,
            "SOCKET_TIMEOUT": 2,
            "CONNECTION_POOL_KWARGS": {
                "max_connections": 1000,  # as many as threads; redis-py refuses the 101st
                "retry": Retry(NoBackoff(), 1),  # by default thrice: a Redis that hangs would hold each thread for long
            },
            "IGNORE_EXCEPTIONS": True,  # a cache that is away is an empty cache
        },
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "celery:", "visibility_timeout": 300, "socket_timeout": 30}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_DB_REUSE_MAX = 1000


def every(seconds, task):
    """A task on the timetable. One that no worker took in time is dropped: the next one does its work."""
    return {"task": task, "schedule": schedule(seconds), "options": {"expires": max(seconds, 5)}}


CELERY_BEAT_SCHEDULE = {
    "admit waiting fans": every(1, "queueing.tick_rooms"),
    "relay events": every(1, "events.relay"),
    "sync outbound": every(1, "events.sync_outbound"),
    "forward events": every(1, "events.forward"),
    "expire holds": every(5, "reservations.expire_holds"),
    "chase unanswered payments and refunds": every(5, "reservations.chase"),
    "settle charges of unknown outcome": every(10, "payments.settle_charges"),
    "rebuild the ranking": every(3600, "reservations.rebuild_ranking"),
    "forget tokens that have ended": every(3600, "accounts.forget_ended_tokens"),
    "forget old measurements": every(300, "queueing.prune"),
    "forget what is over and old": every(3600, "events.prune"),
    "say that beat and worker live": every(5, "concert_site.report_alive"),
    "look whether all agrees": every(5, "concert_site.reconcile"),
}
CELERY_BEAT_SCHEDULE = {
    name: entry for name, entry in CELERY_BEAT_SCHEDULE.items() if entry["task"].split(".")[0] not in ELSEWHERE
}
if "accounts" in ELSEWHERE:
    del CELERY_BEAT_SCHEDULE["look whether all agrees"]  # the console's deployment looks

SILENT_AFTER_SECONDS = env.int("SILENT_AFTER_SECONDS", default=30)  # then beat and worker count as dead

# --- Events ------------------------------------------------------------------------------------------------------


def days_kept(variable, *, default):
    """Days that what is over is kept; a week at least, for `check_invariants` looks back so far."""
    days = env.int(variable, default=default)
    if days < 7:
        raise ImproperlyConfigured(f"{variable} is {days}: at least 7 days are kept.")
    return days


PUSH_AFTER_COMMIT = env.bool("PUSH_AFTER_COMMIT", default=True)  # off: only the worker relays
DELIVERY_LEASE_SECONDS = env.int("DELIVERY_LEASE_SECONDS", default=30)
DELIVERIES_KEPT_DAYS = days_kept("DELIVERIES_KEPT_DAYS", default=30)
INBOX_KEPT_DAYS = days_kept("INBOX_KEPT_DAYS", default=90)
EVENTS_KEPT_DAYS = days_kept("EVENTS_KEPT_DAYS", default=400)
GAP_PATIENCE_SECONDS = env.int("GAP_PATIENCE_SECONDS", default=60)  # then what is missing is sent again
EDIT_DEAD_LETTERS = env.bool("EDIT_DEAD_LETTERS", default=False)  # may operators change what a message says?

# --- The waiting room --------------------------------------------------------------------------------------------

QUEUE_BACKEND = env("QUEUE_BACKEND", default="redis")  # or "database": where places are kept
QUEUE_STOCK = "" if "reservations" in ELSEWHERE else "reservations.availability.remaining_by_grade"

# --- The box office ----------------------------------------------------------------------------------------------

HOLD_SECONDS = env.int("HOLD_SECONDS", default=300)
PAY_DEADLINE_SECONDS = env.int("PAY_DEADLINE_SECONDS", default=120)
REFUND_DEADLINE_SECONDS = env.int("REFUND_DEADLINE_SECONDS", default=120)
AFTERWARDS_SECONDS = env.int("AFTERWARDS_SECONDS", default=900)  # for mail, sync and the like, while nobody is away
CHARGE_DEADLINE_SECONDS = env.int("CHARGE_DEADLINE_SECONDS", default=600)
CHARGE_MINIMUM = env.int("CHARGE_MINIMUM", default=1)
CHARGE_MAXIMUM = env.int("CHARGE_MAXIMUM", default=2_000_000)
BALANCE_MAXIMUM = env.int("BALANCE_MAXIMUM", default=10_000_000)
SANDBOX_GATEWAY_FAULT = env("SANDBOX_GATEWAY_FAULT", default="")  # "" approves; "decline", "unknown"
# (days before the show, fee in percent), by calendar days at the venue, for concerts without tiers of their own
CANCELLATION_TIERS = [(10, 0), (7, 10), (3, 20), (1, 30), (0, 90)]
QUEUE_PROOF_COST = env.int("QUEUE_PROOF_COST", default=2_000)  # attempts at most; at least half of them
DATA_PLATFORM_URL = env("DATA_PLATFORM_URL", default="")
DATA_PLATFORM_SECRET = env("DATA_PLATFORM_SECRET", default="")
# To ask, to tell and to ask again, begun in the first half of a delivery's lease, is over before its end.
DATA_PLATFORM_CONNECT_SECONDS = env.float("DATA_PLATFORM_CONNECT_SECONDS", default=2.0)
DATA_PLATFORM_READ_SECONDS = env.float("DATA_PLATFORM_READ_SECONDS", default=4.0)  # between two pieces of an answer
DATA_PLATFORM_TOTAL_SECONDS = env.float("DATA_PLATFORM_TOTAL_SECONDS", default=5.0)

# --- The waiting rooms -------------------------------------------------------------------------------------------

SHOP_SLOW_SECONDS = env.float("SHOP_SLOW_SECONDS", default=1.0)  # a longer request counts as slow, and inflow sinks
PURCHASE_PATHS = ["/api/v1/performances/", "/api/v1/reservations", "/performances/", "/reservations"]
QUEUE_MEASURED_PATHS = env.list("QUEUE_MEASURED_PATHS", default=PURCHASE_PATHS)  # where paths of the shop begin
if "queueing" in ELSEWHERE:
    QUEUE_MEASURED_PATHS = []  # nobody here to tell

# --- Accounts ----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # the e-mail address is unique whatever its case, by a constraint of its own
AUTHENTICATION_BACKENDS = ["accounts.backends.PatientBackend"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "concerts"
LOGOUT_REDIRECT_URL = "concerts"
ACCOUNT_PASS_SECONDS = env.int("ACCOUNT_PASS_SECONDS", default=60)  # what other deployments know of a fan
API_TOKEN_DAYS = env.int("API_TOKEN_DAYS", default=30)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ["UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator"]
]

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="tickets@example.com")

# --- The console -------------------------------------------------------------------------------------------------

CONSOLE_IDLE_MINUTES = env.int("CONSOLE_IDLE_MINUTES", default=60)  # without a page; then one signs in again
CONSOLE_SECOND_FACTOR = env.bool("CONSOLE_SECOND_FACTOR", default=False)  # on: nobody without; off: who has one
CONSOLE_HOURS = env.int("CONSOLE_HOURS", default=12)  # and after so many in any case
APPROVAL_POINTS = env.int("APPROVAL_POINTS", default=1_000_000)  # above so many a second person has to approve
APPROVAL_COUNT = env.int("APPROVAL_COUNT", default=20)  # and above so many things at once
APPROVAL_HOURS = env.int("APPROVAL_HOURS", default=24)  # then it has to be asked for again

# --- API ---------------------------------------------------------------------------------------------------------

RATE_LIMITS = env.bool("RATE_LIMITS", default=True)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.AccountPass"]
    if "accounts" in ELSEWHERE
    else ["accounts.authentication.BearerAuthentication", "accounts.authentication.PageSession"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.negotiation.AlwaysJSON",
    "DEFAULT_PAGINATION_CLASS": "api.pagination.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "api.schema.ProblemSchema",
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.Limit"],
    "NUM_PROXIES": env.int("TRUSTED_PROXIES", default=0),  # so many add to X-Forwarded-For; the rest is hearsay
    "DEFAULT_METADATA_CLASS": None,
    # So many at once, and again as time passes: of an address for what anyone may do, of an account for the rest.
    "DEFAULT_THROTTLE_RATES": {
        "accounts": env("RATE_ACCOUNTS", default="120/min"),
        "sessions": env("RATE_SESSIONS", default="120/min"),
        "passwords": env("RATE_PASSWORDS", default="20/hour"),  # wrong ones, for one account from one address
        "places": env("RATE_PLACES", default="300/min"),  # new ones in a waiting room, of an address
        "write": env("RATE_WRITE", default="300/min"),
        "read": env("RATE_READ", default="1200/min"),
    },
    "EXCEPTION_HANDLER": "api.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "iso-8601",
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Concert reservations",
    "DESCRIPTION": "Wait in the room, hold seats, pay with points, show the ticket.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ReservationStatus": "reservations.models.Reservation.Status",
        "ChargeStatus": "payments.models.Charge.Status",
        "PlaceStatus": "queueing.places.Status",
    },
}

# --- Language and time -------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env("TIME_ZONE", default="Asia/Seoul")
USE_TZ = True

# --- Static files and headers ------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
WHITENOISE_USE_FINDERS = True

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/api/docs/"],  # Swagger UI styles itself inline
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "https:"],  # a concert's poster may be anywhere
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
    },
}
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
X_FRAME_OPTIONS = "DENY"

OTEL_EXPORTER_OTLP_ENDPOINT = env("OTEL_EXPORTER_OTLP_ENDPOINT", default="")  # a collector of spans, over HTTP

LOGGING_CONFIG = None
logs.configure(format=env("LOG_FORMAT", default="json"), level=env("LOG_LEVEL", default="INFO"))
