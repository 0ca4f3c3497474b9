from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"

    def ready(self):
        from reservations import confirmation, handlers  # noqa: F401  (they register their consumers)
