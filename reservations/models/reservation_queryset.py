from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from reservations.models.attention import AttentionQuerySet


class ReservationQuerySet(AttentionQuerySet):
    def of(self, user_id):
        return self.filter(user_id=user_id)

    def lapsed(self, *, now=None):
        """Holds whose time is over, whether or not the sweep has seen them."""
        return self.filter(status=self.model.Status.HELD, held_until__lte=now or Now())

    def as_shown(self):
        """Annotates `shown_status`: a hold whose time is over is EXPIRED, whether or not the sweep has run."""
        lapsed = When(status=self.model.Status.HELD, held_until__lte=Now(), then=Value(self.model.Status.EXPIRED))
        return self.annotate(shown_status=Case(lapsed, default=F("status")))

    def live(self, *, now=None):
        """Those that keep seats from others."""
        lapsed = Q(status=self.model.Status.HELD, held_until__lte=now or Now())
        return self.filter(status__in=self.model.LIVE).exclude(lapsed)

    def past_deadline(self, now, *, most):
        """The keys of those past a deadline of payments: the `most` oldest of each, by its index, in one question."""
        paying = self.filter(status=self.model.Status.PAYING, pay_deadline__lte=now).order_by("pay_deadline")
        others = (
            self.filter(**{f"{name}__lte": now}).order_by(name) for name in ("answer_deadline", "refund_deadline")
        )
        first, *rest = (late.values_list("pk", flat=True)[:most] for late in (paying, *others))
        return first.union(*rest)
