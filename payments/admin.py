from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from events.admin.fans import OfFan
from events.admin.windows import ReadOnlyAdmin, link
from payments.models import Charge, Payment, PointAccount, Transfer


@admin.register(PointAccount)
class PointAccountAdmin(OfFan, ReadOnlyAdmin):
    list_display = ["id", "fan", "balance"]
    ordering = ["-id"]
    fields = ["fan", "balance", "code", "transfers"]

    @admin.display(description=_("transfers"))
    def transfers(self, account):
        address = reverse("admin:payments_transfer_changelist", query={"q": account.code})
        return format_html('<a href="{}">{}</a>', address, _("What came and went"))


@admin.register(Payment)
class PaymentAdmin(OfFan, ReadOnlyAdmin):
    list_display = ["created_at", "fan", "status", "amount", "refunded", "fee", "reservation"]
    list_filter = looked_through = ["status"]
    ordering = ["-id"]
    found_by = ["pk", "user_id", "reservation_id"]
    fields = [
        "created_at", "fan", "status", "amount", "refunded", "fee", "decline_reason", "reservation", "version",
    ]  # fmt: skip

    @admin.display(description=_("reservation"))
    def reservation(self, payment):
        return link("reservations.Reservation", payment.reservation_id)


@admin.register(Charge)
class ChargeAdmin(OfFan, ReadOnlyAdmin):
    list_display = ["created_at", "fan", "status", "amount", "gateway_reference", "attention"]
    list_filter = looked_through = ["status"]
    ordering = ["-id"]
    fields = ["created_at", "fan", "status", "amount", "gateway_reference", "idempotency_key", "attention", "version"]


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """The points' ledger."""

    list_display = ["at", "kind", "amount", "source", "target", "balance_after"]
    list_filter = looked_through = ["kind"]
    ordering = ["-id"]
    found_by = ["pk", "key"]
    search_help_text = _(
        "Whole id of a charge or a reservation; or an account's name, like fan:… or house:sales-revenue."
    )

    def search_words(self, queryset, words):
        return queryset.filter(source=words) | queryset.filter(target=words)
