from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import SimpleRateThrottle


class Limit(SimpleRateThrottle):
    """So many requests a minute: of an account, or of an address where nobody is signed in.

    A view names its own scope by `throttle_scope`; else reading and writing have one each.
    """

    rate = "1/min"  # allow_request takes the scope's own

    def allow_request(self, request, view):
        self.scope = getattr(view, "throttle_scope", "read" if request.method in SAFE_METHODS else "write")
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request, view):
        ident = request.user.pk if request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}
