"""What is left to buy, as the shop tells: {kind: how many}. `settings.QUEUE_STOCK` names the function to ask."""

import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string

CACHE_SECONDS = 2  # the same for every worker that ticks

logger = structlog.get_logger(__name__)


def left(concert_id) -> dict | None:
    """None if nobody knows. A shop that can't say stops nobody from being let in."""
    if not settings.QUEUE_STOCK:
        return None
    try:
        return cache.get_or_set(
            f"stock:{concert_id}", lambda: import_string(settings.QUEUE_STOCK)(concert_id), CACHE_SECONDS
        )
    except Exception:
        logger.warning("stock_not_known", concert_id=str(concert_id), exc_info=True)
        return None
