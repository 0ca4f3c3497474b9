"""Measures the shop, so that the waiting rooms let in no more than it can take."""

from time import perf_counter

from django.conf import settings

from queueing.pressure import observe

# Answered at the door. Counted, those who try without their turn would hide how those inside fare.
TURNED_AWAY = (401, 403, 429)


class ShopLoadMiddleware:
    """Times the paths that begin with one of QUEUE_MEASURED_PATHS. A status of 500 and above counts as failed.

    So does the 503 while Redis is away: whoever is inside can't buy, whatever the cause, and more fans would not help.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.paths = tuple(settings.QUEUE_MEASURED_PATHS)

    def __call__(self, request):
        if not request.path_info.startswith(self.paths):
            return self.get_response(request)
        return self._measured(request)

    def _measured(self, request):
        start, status = perf_counter(), 500
        try:
            response = self.get_response(request)
            status = response.status_code
            return response
        finally:
            if status not in TURNED_AWAY:
                observe(perf_counter() - start, failed=status >= 500)
