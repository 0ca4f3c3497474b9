import hashlib

import structlog
from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import SimpleRateThrottle

logger = structlog.get_logger(__name__)

# The generic cell rate algorithm: the key holds the time up to which all allowed requests have used the rate.
# KEYS: one. ARGV: µs per request, requests at once. Returns the µs to wait, 0 when the request is allowed.
SPEND = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each, at_once = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + each
local wait = used - now - each * at_once
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', used), 'PX', math.ceil((used - now) / 1000))
return 0
"""


class Limit(SimpleRateThrottle):
    """So many requests a minute: of an account, or of an address where nobody is signed in.

    A view names its own scope by `throttle_scope`; else reading and writing have one each. Without Redis nobody is
    refused.
    """

    def __init__(self):
        """The settings count as they are when a request comes."""

    def allow_request(self, request, view):
        if not settings.RATE_LIMITS:
            return True
        self.scope = getattr(view, "throttle_scope", "read" if request.method in SAFE_METHODS else "write")
        at_once, seconds = self.parse_rate(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"][self.scope])
        self.seconds_to_wait = _spend(self.get_cache_key(request, view), each=seconds / at_once, at_once=at_once)
        return not self.seconds_to_wait

    def wait(self):
        return self.seconds_to_wait

    def get_cache_key(self, request, view):
        ident = request.user.pk if request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}


def of_address(request, scope):
    """(address, so many at once, seconds for each further one); None where nothing is limited."""
    if not settings.RATE_LIMITS:
        return None
    limit = Limit()
    at_once, seconds = limit.parse_rate(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"][scope])
    return limit.get_ident(request), at_once, seconds / at_once


def is_refused(scope, *, request, about) -> bool:
    """Whether there were too many such tries about that, from the address of the request; this one counts."""
    limit = of_address(request, scope)
    return limit is not None and bool(_spend(_key(scope, limit[0], about), at_once=limit[1], each=limit[2]))


def forget(scope, *, request, about):
    """The tries so far do not count any more."""
    if limit := of_address(request, scope):
        try:
            get_redis_connection("default").delete(_key(scope, limit[0], about))
        except RedisError:
            logger.warning("tries_not_forgotten", scope=scope, exc_info=True)


def _key(scope, address, about):
    return f"tries:{scope}:{hashlib.sha256(f'{address} {about}'.encode()).hexdigest()}"


def _spend(key, *, each, at_once):
    try:
        script = get_redis_connection("default").register_script(SPEND)
        return script(keys=[key], args=[round(each * 1_000_000), at_once]) / 1_000_000
    except RedisError:
        return 0
