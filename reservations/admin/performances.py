from collections import Counter
from zlib import crc32

from django.contrib import admin, messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import bus
from events.admin.levers import DryRun, LeverForm, WithLevers, who
from events.admin.windows import CheapList
from events.models import OperatorAction
from reservations.models import Performance, Price, SeatingPlan


class PriceInline(admin.TabularInline):
    """A price per grade, until there are seats for sale at it."""

    model = Price
    extra = 0

    def has_add_permission(self, request, obj):
        return not _laid_out(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request, obj=None):
        return not _laid_out(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return not _laid_out(obj) and super().has_delete_permission(request, obj)


@admin.register(Performance)
class PerformanceAdmin(WithLevers, CheapList, admin.ModelAdmin):
    labels = {"lay_out": _("Lay out the seats")}
    change_form_template = "admin/with_levers.html"
    list_display = ["starts_at", "concert", "venue", "sales_open_at", "sales_close_at", "seat_count"]
    list_filter = ["plan__venue"]
    list_select_related = ["concert", "plan__venue"]
    search_fields = ["concert__title", "concert__artist", "plan__venue__name"]
    ordering = ["-starts_at"]
    inlines = [PriceInline]
    fields = [
        "concert", "plan", "starts_at", "sales_open_at", "sales_close_at", "seat_limit", "seat_count", "plan_version",
    ]  # fmt: skip

    def get_queryset(self, request):
        return super().get_queryset(request).defer("plan__layout")

    def get_readonly_fields(self, request, obj=None):
        return ["seat_count", "plan_version", *(["concert", "plan"] if _laid_out(obj) else [])]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "plan":
            kwargs["queryset"] = SeatingPlan.objects.select_related("venue").defer("layout")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request, obj=None):
        return not _laid_out(obj) and super().has_delete_permission(request, obj)

    @admin.display(description=_("venue"))
    def venue(self, performance):
        return performance.plan.venue

    # The lever

    def levers_of(self, request, performance):
        why_not = why_not_to_lay_out(performance)
        return [self.lever(request, performance, "lay_out", why_not=why_not)]

    def lay_out(self, request, object_id):
        self.require(request, "lay_out")
        performance = self.get_object(request, object_id)
        if performance is None:
            raise Http404
        form = LeverForm.of(request, performance, version=_version(performance))
        if why_not := why_not_to_lay_out(performance):
            self.message_user(request, why_not, messages.WARNING)
        elif request.method == "POST" and form.is_valid():
            self._lay_out(request, performance, form)
        else:
            return self.ask(request, form, self._dry_run(performance))
        return redirect(self.page_of(performance))

    def _dry_run(self, performance):
        prices, seats = _prices(performance), _seats_by_grade(performance)
        facts = [
            (_("What will happen"), _("These seats are made. Afterwards the plan and the prices can't be changed.")),
            (_("Performance"), performance),
            (_("Seats"), f"{sum(seats.values()):,}"),
        ]
        return DryRun(
            title=_("Lay out the seats"), button=_("Lay out"), facts=facts, back=self.page_of(performance),
            items=[f"{grade}: {n:,} × {prices[grade]:,} P" for grade, n in seats.items()],
        )  # fmt: skip

    def _lay_out(self, request, performance, form):
        with bus.atomic(Performance):
            performance = Performance.objects.select_for_update().get(pk=performance.pk)
            if performance.seat_count or form.version_of(performance) != _version(performance):
                self.message_user(request, _("It was changed meanwhile. Please look again."), messages.ERROR)
                return
            prices = _prices(performance)
            performance.lay_out(prices=prices)
            OperatorAction.record(
                using=bus.home(Performance), action="performance.lay_out", target_type="performance",
                target_id=performance.pk, reason=form.cleaned_data["reason"], **who(request),
                before={"seats": 0}, after={"seats": performance.seat_count, "prices": prices},
            )  # fmt: skip
        self.message_user(request, gettext("%d seats are laid out.") % performance.seat_count, messages.SUCCESS)


def why_not_to_lay_out(performance) -> str:
    """Why the seats can't be laid out now; empty when they can."""
    if _laid_out(performance):
        return _("The seats are laid out already.")
    missing = sorted(set(_seats_by_grade(performance)) - set(_prices(performance)))
    return gettext("There is no price yet for: %s.") % ", ".join(missing) if missing else ""


def _laid_out(performance) -> bool:
    return performance is not None and performance.seat_count > 0


def _prices(performance) -> dict:
    return dict(performance.prices.values_list("grade", "amount"))


def _seats_by_grade(performance) -> dict:
    return Counter(seat["grade"] for seat in performance.plan.layout["seats"])


def _version(performance) -> int:
    """A number that changes with what the dry run tells: the plan and the prices."""
    return crc32(repr((performance.plan_id, sorted(_prices(performance).items()))).encode())
