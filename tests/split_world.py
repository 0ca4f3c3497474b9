"""A concert on sale with its room open, made across the databases of all deployments; prints the ids as JSON."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "concert_site.settings")
django.setup()

from queueing.models import Room  # noqa: E402
from reservations.models import Concert  # noqa: E402
from tests.world import make_performance  # noqa: E402

concert = Concert.objects.create(title="Night Flight", artist="The Comets")
performance = make_performance(concert)
Room.objects.create(concert_id=concert.id, state=Room.State.OPEN)
seats = [str(id) for id in performance.seats.order_by("order").values_list("id", flat=True)]
print(json.dumps({"concert": str(concert.id), "performance": str(performance.id), "seats": seats}))
