"""A second person for what is large: one operator asks, another approves, and then it is done as it was seen."""

from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from events import bus
from events.aggregate import AlreadyChanged, Refused, revisions
from events.clock import database_now
from events.handles import Handle, Result, handle_of
from events.models import Approval, OperatorAction
from events.models.approval import scope_of

State = Approval.State


def why_second_person(*, count, points) -> str:
    """Why it takes two; empty when one is enough."""
    if points > settings.APPROVAL_POINTS:
        told = {"points": f"{points:,}", "limit": f"{settings.APPROVAL_POINTS:,}"}
        return _("It moves %(points)s P; above %(limit)s P a second person has to approve.") % told
    if count > settings.APPROVAL_COUNT:
        told = {"n": count, "limit": settings.APPROVAL_COUNT}
        return _("These are %(n)d; above %(limit)d a second person has to approve.") % told
    return ""


def ask(handle: Handle, nouns, *, seen, now=None, **why) -> Approval:
    """Write down what is asked for, as it was seen ({id: revision}). why: operator, reason, and operator_id if any.

    Raises AlreadyChanged when one of them is no longer as it was seen, Refused when the same was asked for already.
    """
    _refuse_stale(nouns, seen)
    using, same = bus.home(handle.of), {"action": handle.action, "scope": scope_of(seen)}
    now = now or database_now(using)
    pending = Approval.objects.using(using).filter(state=State.PENDING, **same)
    try:
        with transaction.atomic(using=using):
            pending.filter(expires_at__lte=now).update(state=State.EXPIRED)
            approval = Approval.objects.using(using).create(
                points=sum(handle.points(noun) for noun in nouns), items=[_item(handle, noun, seen) for noun in nouns],
                expires_at=now + timedelta(hours=settings.APPROVAL_HOURS), **same, **why,
            )  # fmt: skip
            asked = {"action": handle.action, "count": len(nouns), "points": approval.points}
            _log(approval, "ask", after=asked, **why)
    except IntegrityError:
        if same := pending.first():
            raise Refused(_("Already asked for by %(who)s.") % {"who": same.operator}) from None
        raise
    return approval


def approve(approval, *, now=None, **why) -> list[Result]:
    """Do what was asked for, each as it was seen then, in the name of who asked. why: as of `ask`, of who approves.

    Raises Refused when it is over, or was asked for by the same operator.
    """
    if _is_own(approval, **why):
        raise Refused(_("You asked for it yourself: somebody else has to approve it."))
    _decide(approval, State.APPROVED, "approve", now=now, **why)
    asked = {"operator": approval.operator, "operator_id": approval.operator_id, "reason": approval.reason}
    results = []
    for result in handle_of(approval.action).pull_each(approval.seen, approved_by=why["operator"], **asked):
        results.append(result)
        approval.results = [asdict(each) for each in results]  # whatever happens to this process, so far is known
        approval.save(using=approval._state.db, update_fields=["results"])
    return results


def refuse(approval, *, now=None, **why):
    """Nothing is done. Who asked may take it back, too. Raises Refused when it is over."""
    _decide(approval, State.REFUSED, "refuse", now=now, **why)


def is_over(approval, *, now=None) -> bool:
    """Whether it can be decided no more."""
    return approval.state != State.PENDING or approval.expires_at <= (now or database_now(approval._state.db))


def _refuse_stale(nouns, seen):
    now = revisions(nouns)
    for noun in nouns:
        if now[str(noun.pk)] != seen[str(noun.pk)]:
            raise AlreadyChanged(noun, seen=seen[str(noun.pk)])


def _item(handle, noun, seen):
    told = {"id": str(noun.pk), "seen": seen[str(noun.pk)], "noun": str(noun)}
    return told | {"will": str(handle.will(noun)), "before": noun.as_told()}


def _is_own(approval, *, operator, operator_id=None, **why):
    return operator == approval.operator or (operator_id is not None and operator_id == approval.operator_id)


def _decide(approval, state, verb, *, now, operator, reason, operator_id=None):
    using = approval._state.db
    decision = {"state": state, "decided_by": operator, "decided_by_id": operator_id, "remark": reason}
    with transaction.atomic(using=using):
        open_ = Approval.objects.using(using).filter(pk=approval.pk, state=State.PENDING, expires_at__gt=now or Now())
        if not open_.update(decided_at=Now(), **decision):
            approval.refresh_from_db()
            raise Refused(_already(approval))
        _log(approval, verb, after={"state": state}, operator=operator, operator_id=operator_id, reason=reason)
    approval.refresh_from_db()


def _already(approval):
    if approval.state == State.PENDING:
        return _("It has expired: ask for it again.")
    told = {"state": approval.get_state_display(), "who": approval.decided_by, "remark": approval.remark}
    return _("It is %(state)s already, by %(who)s: %(remark)s") % told


def _log(approval, verb, *, after, **why):
    before = {} if verb == "ask" else {"state": State.PENDING}
    told = {"action": f"approval.{verb}", "target_type": "approval", "target_id": approval.pk}
    OperatorAction.record(using=approval._state.db, before=before, after=after, **told, **why)
