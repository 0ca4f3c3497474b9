"""The box office in the console. A reservation's page shows other apps' things too, so the site registers it."""

from reservations.admin import claims, concerts, performances, records, venues  # noqa: F401  (they register their models)
