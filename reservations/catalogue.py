"""What is on: concerts with the state of their sale."""

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from reservations.models import Concert, Performance, Sale


def concerts():
    """All concerts with `sale_rank` and `next_start` of the performance to show first; those on sale come first."""
    of_concert = Performance.objects.filter(concert=OuterRef("pk")).with_sale_status()
    first = of_concert.order_by("sale_rank", "starts_at")
    return Concert.objects.annotate(
        sale_rank=Coalesce(Subquery(first.values("sale_rank")[:1]), Value(Sale.CLOSED)),
        next_start=Subquery(first.values("starts_at")[:1]),
    ).order_by("sale_rank", "next_start", "id")
