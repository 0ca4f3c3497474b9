from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"

    def ready(self):
        from reservations import confirmation, handlers, handles  # noqa: F401  (consumers, and operators' levers)
