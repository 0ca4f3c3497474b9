from django.contrib.auth import authenticate
from django.db import IntegrityError
from django.utils.timezone import now
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import passes, revocations
from accounts.api.serializers import AccountSerializer, CredentialsSerializer, NewAccountSerializer, SessionSerializer
from accounts.models import ApiToken, User
from api.problems import Conflict, NotAuthenticated
from events import bus


class Accounts(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_scope = "accounts"

    @extend_schema(request=NewAccountSerializer, responses={201: AccountSerializer}, auth=[])
    def post(self, request):
        """Sign up. The account may sign in at once."""
        form = NewAccountSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        language = (get_language() or "en").split("-")[0]
        try:
            with bus.atomic(User):
                user = User.objects.create_user(**form.validated_data, language=language)
        except IntegrityError:
            raise Conflict(_("There is an account with this e-mail address. Sign in."), code="email_taken") from None
        return Response(AccountSerializer(user).data, status=201)


class Sessions(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_scope = "sessions"

    @extend_schema(request=CredentialsSerializer, responses={201: SessionSerializer}, auth=[])
    def post(self, request):
        """Sign in: a bearer token."""
        form = CredentialsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = authenticate(request, username=form.validated_data["email"], password=form.validated_data["password"])
        if user is None:
            raise NotAuthenticated(_("The e-mail address or the password is wrong."), code="invalid_credentials")
        row, token = ApiToken.issue(user=user, now=now())
        return Response({"token": token, "expires_at": row.expires_at}, status=201)


class CurrentSession(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request):
        """Sign out: this token is worth nothing any more."""
        if isinstance(request.auth, ApiToken):
            revocations.sign_out(request.auth)
        return Response(status=204)


class Pass(APIView):
    """For the edge of a split deployment; accounts/passes.py."""

    throttle_classes = []  # once for each request that the fan makes elsewhere, where it is counted

    @extend_schema(exclude=True)
    def get(self, request):
        return Response(status=204, headers={passes.HEADER: passes.issue(request.user)})


class Me(APIView):
    @extend_schema(responses=AccountSerializer)
    def get(self, request):
        return Response(AccountSerializer(request.user).data)
