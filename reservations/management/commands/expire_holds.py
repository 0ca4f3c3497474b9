from django.core.management.base import BaseCommand

from events.context import acting
from reservations import holding


class Command(BaseCommand):
    help = "Tidies up the holds whose time is over. They block nobody before this, either."

    def handle(self, **options):
        total = 0
        with acting(actor="system:expire_holds"):
            while expired := holding.expire_holds():
                total += expired
        self.stdout.write(f"Expired {total:,}.")
