"""Which database an app's tables live in."""

from django.conf import settings

# These hold foreign keys on each other, so they move together.
ACCOUNTS_FAMILY = {"accounts", "auth", "contenttypes", "admin", "sessions"}


class HomelessModel(LookupError):
    """A model of `events` was used without naming its database."""


class OneDatabasePerDomain:
    """An app lives in the database of its name if one is configured, else in `default`.

    `events` has its tables in every database, so it is always used with an explicit alias.
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
        return app_label == "events" or db == home_of(app_label)


def home_of(app_label):
    domain = "accounts" if app_label in ACCOUNTS_FAMILY else app_label
    return domain if domain in settings.DATABASES else "default"
