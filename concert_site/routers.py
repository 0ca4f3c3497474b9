"""Which database an app's tables live in."""

from django.conf import settings

# These hold foreign keys on each other, so they move together; and the console's own rows are where it is signed in.
ACCOUNTS_FAMILY = {"accounts", "auth", "contenttypes", "admin", "sessions", "concert_site"}


class HomelessModel(LookupError):
    """A model of `events` was used without naming its database."""


class Elsewhere(LookupError):
    """A model of a domain that lives in another deployment, whose database this one was not given."""


class OneDatabasePerDomain:
    """An app lives in the database of its name if one is configured, else in `default`.

    `events` has its tables in every database, so it is always used with an explicit alias. A domain of another
    deployment has none here, unless its URL was given to look into it; it migrates its own.
    """

    def db_for_read(self, model, instance=None, **hints):
        if model._meta.app_label != "events":
            return home_of(model._meta.app_label)
        if instance is not None and instance._state.db:
            return instance._state.db
        raise HomelessModel(f"{model.__name__} lives in every database: say which one with using(…).")

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return one._state.db == other._state.db

    def allow_migrate(self, db, app_label, **hints):
        if app_label == "events":
            return db in {home_of(domain) for domain in settings.DOMAINS} | {"default"}
        return is_here(app_label) and db == home_of(app_label)


def home_of(app_label):
    """The alias of the database that the app's tables are in. Raises Elsewhere."""
    domain = domain_of(app_label)
    if domain in settings.DATABASES:
        return domain
    if not is_here(app_label):
        raise Elsewhere(f"{domain} lives in another deployment, and there is no {domain.upper()}_DATABASE_URL.")
    return "default"


def is_here(app_label) -> bool:
    """Whether the app is part of what this deployment works for."""
    domain = domain_of(app_label)
    return domain in settings.DOMAINS or domain not in settings.ALL_DOMAINS


def domain_of(app_label):
    return "accounts" if app_label in ACCOUNTS_FAMILY else app_label
