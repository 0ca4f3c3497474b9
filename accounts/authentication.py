from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from accounts import passes, tokens
from accounts.models import ApiToken
from accounts.models.api_token import digest_of
from accounts.revocations import known
from events import context


def account_at_once(request) -> UUID | None:
    """Whose request it is, by a signature and without asking anybody; None: let the authentication classes find out.

    For what does little harm in wrong hands only: a token that has been taken back, or whose account is stopped, is
    believed for at most half a second more, and for five seconds while the database does not answer.
    """
    account_id = _of_pass(request) if "accounts" in settings.ELSEWHERE else _of_token(request)
    if account_id:
        context.become(f"fan:{account_id}")
    return account_id


def _of_token(request):
    scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    token = token.strip()
    signed = tokens.read(token) if scheme.lower() == "bearer" else None
    if signed and known.vouch(digest=digest_of(token), expires_at=signed.expires_at):
        return signed.account_id
    return None


def _of_pass(request):
    try:
        return passes.read(request.headers.get(passes.HEADER, "")).pk
    except passes.InvalidPass:
        return None


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`, as POST /sessions gives it. `request.auth` is the ApiToken."""

    def authenticate(self, request):
        scheme, _space, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        row = ApiToken.find(token.strip().decode("latin-1"))
        if row is None:
            raise AuthenticationFailed(_("The token is unknown or has expired. Sign in again."))
        context.become(f"fan:{row.user.pk}")
        return row.user, row

    def authenticate_header(self, request):
        return "Bearer"


class PageSession(SessionAuthentication):
    """Our own pages call the API with the browser's session and its CSRF token."""

    def authenticate(self, request):
        found = super().authenticate(request)
        if found:
            context.become(f"fan:{found[0].pk}")
        return found


class AccountPass(BaseAuthentication):
    """Where the accounts are another deployment: the signed pass that the edge brings; accounts/passes.py."""

    def authenticate(self, request):
        text = request.headers.get(passes.HEADER)
        if not text:
            return None
        try:
            holder = passes.read(text)
        except passes.InvalidPass:
            raise AuthenticationFailed(_("The token is unknown or has expired. Sign in again.")) from None
        context.become(f"fan:{holder.pk}")
        return holder, None

    def authenticate_header(self, request):
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):
    target_class, name = BearerAuthentication, "token"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "The token of POST /sessions."}


class PassScheme(BearerScheme):
    """A client shows its bearer token all the same; the edge exchanges it."""

    target_class, name = AccountPass, "token"


class SessionScheme(OpenApiAuthenticationExtension):
    target_class, name = PageSession, "session"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
