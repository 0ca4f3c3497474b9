"""What a lever will do to a room, and what it has done, in an operator's words.

Each `…ing` takes the room as it is, its front (None while the room can't be reached) and the lever's settings.
"""

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.admin.fans import email_of
from queueing.models import Room


def opening(room, front):
    words = _("Fans are let in by number, at most %(max_active)s at once and %(per_minute)s a minute.") % _limits(room)
    if room.state == Room.State.BEFORE_OPENING:
        words += " " + _("Those who came before the opening are shuffled first.")
    return _with_waiting(words, front)


def pausing(room, front):
    words = _("Nobody is let in until you resume. Places are kept, more fans may come, and who is in may finish.")
    return _with_waiting(words, front)


def closing(room, front):
    words = _("Nobody is let in and nobody may come any more; who is in may finish.")
    return _with_waiting(words, front)


def turning_off(room, front):
    words = _("Nobody needs a place any more: everybody gets to the seats at once, however many come.")
    return _with_waiting(words, front)


def scheduling(room, front, *, opens_at):
    if opens_at is None:
        return _("Fans may come and wait; nobody is let in until an operator opens the room.")
    words = _("Fans may come and wait; the room opens by itself at %(time)s.") % {"time": _moment(opens_at)}
    if opens_at <= now():
        words += " " + _("That time is past: it opens within seconds.")
    return words


def admitting(room, front, *, count):
    if front is None:
        return unreachable()
    coming = min(count, front.waiting)
    if not coming:
        return _("Nobody is waiting: nobody would come in.")
    told = {"n": figure(coming), "waiting": figure(front.waiting)}
    words = ngettext(
        "Lets in the next %(n)s of %(waiting)s waiting, whatever the limits:",
        "Lets in the next %(n)s of %(waiting)s waiting, whatever the limits:",
        coming,
    ) % told  # fmt: skip
    return f"{words} {_change_of_active(room, front, coming)}"


def bypassing(room, front, *, account_id):
    if front is None:
        return unreachable()
    words = _("Lets %(account)s in now, before all who wait and whatever the limits:") % {
        "account": email_of(account_id)
    }
    return f"{words} {_change_of_active(room, front, 1)}"


def limiting(room, front, **limits):
    words = _changes(room, limits)
    if front is None or "max_active" not in limits:
        return words
    limit = limits["max_active"]
    if front.active > limit:
        told = {"active": figure(front.active), "too_many": figure(front.active - limit)}
        return (
            f"{words} "
            + _("%(active)s are in. Nobody is put out, and nobody is let in until %(too_many)s have gone.") % told
        )
    told = {"n": figure(min(front.waiting, limit - front.active)), "waiting": figure(front.waiting)}
    return f"{words} " + _("Of %(waiting)s waiting, %(n)s have room at once, within the minute's limit.") % told


def timing(room, front, **times):
    return f"{_changes(room, times)} " + _("Who is in keeps the time that was promised.")


def announcing(room, front, *, announcement):
    if not announcement:
        return _("The announcement is taken back.")
    return _("Everybody who waits reads: “%(text)s”") % {"text": announcement}


def proving(room, front, *, asks_proof):
    if asks_proof:
        return _("Who enters from now on has his device compute for a second or two first. Places are kept.")
    return _("Who enters from now on need not have his device compute any more.")


# What was done


def now_in_state(room, result, **settings):
    return _("Done: the room is “%(state)s” now.") % {"state": room.get_state_display()}


def admitted(room, admissions, **settings):
    if not admissions:
        return _("Nobody was let in: nobody was waiting.")
    numbers = sorted(admission.number for admission in admissions)
    told = {"n": figure(len(numbers)), "first": figure(numbers[0]), "last": figure(numbers[-1])}
    return ngettext(
        "%(n)s let in: number %(first)s.", "%(n)s let in: numbers %(first)s to %(last)s.", len(numbers)
    ) % told  # fmt: skip


def bypassed(room, admissions, *, account_id):
    if not admissions:
        return _("%(account)s is in already.") % {"account": email_of(account_id)}
    return _("%(account)s is in now.") % {"account": email_of(account_id)}


def settings_changed(room, result, **settings):
    told = (f"{_label(name)} {_shown(getattr(room, name))}" for name in settings)
    return _("Done: %(settings)s.") % {"settings": ", ".join(told)}


def announced(room, result, *, announcement):
    return _("Announced.") if announcement else _("The announcement is taken back.")


def proof_asked(room, result, *, asks_proof):
    return _("Proof of work is asked for now.") if asks_proof else _("Proof of work is not asked for any more.")


# Words


def figure(number) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


def unreachable() -> str:
    return _("The room can't be reached (is Redis up?): nobody is let in meanwhile, and nobody loses a place.")


def _with_waiting(words, front):
    if front is None:
        return f"{words} {unreachable()}"
    told = {"waiting": figure(front.waiting), "active": figure(front.active)}
    return f"{words} " + _("Now %(waiting)s are waiting and %(active)s are in.") % told


def _change_of_active(room, front, coming):
    told = {"now": figure(front.active), "then": figure(front.active + coming), "limit": figure(room.max_active)}
    return _("active %(now)s → %(then)s of %(limit)s.") % told


def _changes(room, settings):
    told = (f"{_label(name)}: {_shown(getattr(room, name))} → {_shown(value)}" for name, value in settings.items())
    return "; ".join(told) + "."


def _label(name):
    label = str(Room._meta.get_field(name).verbose_name)
    return label[:1].upper() + label[1:]


def _shown(value):
    return figure(value) if isinstance(value, int) else str(value)


def _limits(room):
    return {"max_active": figure(room.max_active), "per_minute": figure(room.per_minute)}


def _moment(at):
    return date_format(localtime(at), "Y-m-d H:i (T)")
