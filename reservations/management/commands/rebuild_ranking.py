from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from reservations import ranking


class Command(BaseCommand):
    help = "Counts every confirmed reservation that the ranking in Redis does not count yet."

    def handle(self, **options):
        try:
            confirmed = ranking.rebuild()
        except RedisError:
            raise CommandError("Redis does not answer.") from None
        self.stdout.write(f"The ranking counts {confirmed:,} confirmed.")
