from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self):
        from payments import handlers  # noqa: F401  (it registers its consumer)
