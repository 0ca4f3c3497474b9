from rest_framework import serializers

from api.fields import WholeNumber
from payments.models import Charge, Transfer


class BalanceSerializer(serializers.Serializer):
    balance = serializers.IntegerField()


class NewChargeSerializer(serializers.Serializer):
    amount = WholeNumber()


class ChargeSerializer(serializers.ModelSerializer):
    balance = serializers.IntegerField(read_only=True)

    class Meta:
        model = Charge
        fields = ["id", "amount", "balance", "status"]


class EntrySerializer(serializers.ModelSerializer):
    """`amount` is negative when points went out; `key` is the charge or the reservation."""

    amount = serializers.SerializerMethodField()

    class Meta:
        model = Transfer
        fields = ["id", "kind", "key", "amount", "balance_after", "at"]

    def get_amount(self, transfer) -> int:
        return transfer.signed_for(self.context["account"])
