"""Calls to a system outside: signed, in time, of bounded size, and to nowhere but the address they were given."""

import asyncio
from dataclasses import dataclass, field
from functools import cache

import httpx2
from django.conf import settings
from django.utils.timezone import now
from standardwebhooks.webhooks import Webhook

from events import context

LARGEST_ANSWER = 64 * 1024  # bytes
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. Where nothing usable did, `trouble` says why; without a status, nothing did at all.

    sent: whether somebody may have got the request.
    """

    status: int | None = None
    headers: httpx2.Headers = field(default_factory=httpx2.Headers)
    body: bytes = b""
    trouble: str = ""
    sent: bool = True


def call(method, url, *, key, body="") -> Answer:
    """Ask once, with that idempotency key. What the network or the other side does wrong is an answer, too."""
    try:
        return asyncio.run(_exchange(method, url, _headers(key, body), body.encode(), verify=_certificates()))
    except NOT_SENT as error:
        return Answer(trouble=_in_words(error), sent=False)
    except TimeoutError:
        return Answer(trouble=f"no answer after {settings.DATA_PLATFORM_TOTAL_SECONDS} s in all")
    except httpx2.HTTPError as error:
        return Answer(trouble=_in_words(error))


async def _exchange(method, url, headers, body, *, verify):
    """An event loop, because only so a call has an end whatever the other side does: it may send a byte a second.

    But not whatever the resolver does: its thread can't be interrupted, and is waited for.
    """
    timeouts = httpx2.Timeout(settings.DATA_PLATFORM_READ_SECONDS, connect=settings.DATA_PLATFORM_CONNECT_SECONDS)
    async with (
        asyncio.timeout(settings.DATA_PLATFORM_TOTAL_SECONDS),
        httpx2.AsyncClient(timeout=timeouts, follow_redirects=False, verify=verify) as client,
        client.stream(method, url, headers=headers, content=body) as response,
    ):
        return await _read(response)


async def _read(response):
    body = b""
    async for piece in response.aiter_raw():  # as it came: what is packed small may be large
        body += piece
        if len(body) > LARGEST_ANSWER:
            trouble = f"an answer of more than {LARGEST_ANSWER} bytes"
            return Answer(status=response.status_code, headers=response.headers, trouble=trouble)
    return Answer(status=response.status_code, headers=response.headers, body=body)


@cache
def _certificates():
    """Read once, because that takes longer than a call."""
    return httpx2.create_ssl_context()


def _headers(key, body):
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "Idempotency-Key": key,
        "traceparent": context.current().traceparent,
    }
    if settings.DATA_PLATFORM_SECRET:
        moment = now()
        headers |= {
            "webhook-id": key,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(settings.DATA_PLATFORM_SECRET).sign(key, moment, body),
        }
    return headers


def _in_words(error):
    return f"{type(error).__name__}: {error}"[:1000]
