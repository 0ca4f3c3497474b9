from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import idempotent
from api.problems import BadRequest
from api.schema import REQUIRED_IDEMPOTENCY_KEY
from payments.api.serializers import BalanceSerializer, ChargeSerializer, EntrySerializer, NewChargeSerializer
from payments.models import Charge, PointAccount, Transfer
from payments.models.charge import AmountOutOfRange


class Points(APIView):
    @extend_schema(responses=BalanceSerializer)
    def get(self, request):
        return Response({"balance": _account(request).balance})


class Entries(ListAPIView):
    """The fan's ledger, newest first."""

    serializer_class = EntrySerializer

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Transfer.objects.none()
        return Transfer.objects.of(_account(self.request))

    def get_serializer_context(self):
        fake = getattr(self, "swagger_fake_view", False)
        return super().get_serializer_context() | {"account": None if fake else _account(self.request)}


class Charges(APIView):
    @extend_schema(
        request=NewChargeSerializer, responses={201: ChargeSerializer}, parameters=[REQUIRED_IDEMPOTENCY_KEY]
    )
    @idempotent(home=Charge, required=True)
    def post(self, request):
        """Buy points. PENDING: the gateway has not answered yet; the points follow when it does."""
        form = NewChargeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        key = request.headers["Idempotency-Key"]
        try:
            charge = Charge.make(user_id=request.user.pk, amount=form.validated_data["amount"], key=key)
        except AmountOutOfRange:
            raise BadRequest(_out_of_range(), code="amount_out_of_range") from None
        charge.balance = _account(request).balance
        return Response(ChargeSerializer(charge).data, status=201)


def _account(request):
    user_id = request.user.pk
    return PointAccount.objects.filter(user_id=user_id).first() or PointAccount(user_id=user_id)


def _out_of_range():
    return _("Charge %(low)s to %(high)s points; your balance may then be at most %(most)s.") % {
        "low": f"{settings.CHARGE_MINIMUM:,}",
        "high": f"{settings.CHARGE_MAXIMUM:,}",
        "most": f"{settings.BALANCE_MAXIMUM:,}",
    }
