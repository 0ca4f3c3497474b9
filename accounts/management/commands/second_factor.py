import segno
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Authenticator, User


class Command(BaseCommand):
    help = "Gives an operator a second factor for the console, a new one if there is one; or takes it away."

    def add_arguments(self, parser):
        parser.add_argument("email")
        parser.add_argument("--remove", action="store_true", help="after the phone was lost, say")

    def handle(self, *, email, remove, **options):
        user = User.objects.filter(email__iexact=email, is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no operator {email}.")
        Authenticator.objects.filter(user=user).delete()
        if remove:
            self.stdout.write(f"{user} signs in by the password alone.")
            return
        authenticator = Authenticator.objects.create(user=user)
        segno.make(authenticator.address).terminal(self.stdout, compact=True)
        self.stdout.write(f"Scan this with an authenticator app, or type: {authenticator.secret}")
