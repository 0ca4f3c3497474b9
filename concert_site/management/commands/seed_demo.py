from django.core.management.base import BaseCommand

from concert_site import demo
from concert_site.demo_accounts import DEMO_ACCOUNTS


class Command(BaseCommand):
    help = "Load the demo: rooms, concerts, sales, and accounts to sign in with. Does nothing when there are concerts."

    def handle(self, **options):
        if not demo.make(say=lambda step: self.stdout.write(f"  {step} …")):
            self.stdout.write("There are concerts already: nothing to do.")
        for role, email, password in DEMO_ACCOUNTS:
            self.stdout.write(f"{role}: {email} / {password}")
