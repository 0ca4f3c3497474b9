"""Rooms, and who stands in them. To be imported once Django is set up."""

from uuid import uuid4

from django.utils.timezone import now
from django_redis import get_redis_connection

from accounts.models import ApiToken, User
from queueing import rooms
from queueing.backends.redis import store
from queueing.models import Room
from reservations.models import Concert

DAY = 86_400
BATCH = 500


def tokens(count) -> list[str]:
    """Of so many new fans."""
    users = [User(email=f"fan-{uuid4().hex}@bench.example", name="Fan", password="!") for _ in range(count)]
    User.objects.bulk_create(users, batch_size=5000)
    made = [ApiToken.make(user=user, now=now()) for user in users]
    ApiToken.objects.bulk_create([row for row, _ in made], batch_size=5000)
    return [token for _, token in made]


def open_room(**settings) -> Room:
    """Of a new concert. Nobody ticks it, and who waits may stay away for a day."""
    concert = Concert.objects.create(title="Bench", artist="The Benchers")
    limits = {"grace_seconds": DAY, "active_seconds": DAY, "longest_seconds": DAY}
    return Room.objects.create(concert_id=concert.pk, state=Room.State.OPEN, **limits | settings)


def fill(room, count):
    """So many accounts that are nobody's wait in it, entered by the same script in pipelines."""
    while count > 0:
        rooms.enter(concert_id=room.concert_id, account_id=uuid4())  # claims the next block of numbers
        count -= 1 + _enter_at_once(room, min(count - 1, BATCH))


def _enter_at_once(room, count):
    keys, sha = store.keys_of(room.concert_id), store.scripts()["enter"].sha
    with get_redis_connection("default").pipeline(transaction=False) as pipeline:
        for _ in range(count):
            pipeline.evalsha(sha, len(keys), *keys, "", store.name_of(uuid4()))
        replies = pipeline.execute(raise_on_error=False)
    return sum(1 for reply in replies if isinstance(reply, list) and reply[0] != b"EXHAUSTED")


def redis_memory() -> int:
    return get_redis_connection("default").info("memory")["used_memory"]
