from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "settlement"

    def ready(self):
        from settlement import handlers  # noqa: F401  (it registers its consumer)
