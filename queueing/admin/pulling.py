"""A lever's pages: what it needs to know is asked first, then told what will happen, then why is asked."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.admin.levers import DryRun, LeverForm, WithLevers, who
from queueing.admin.live import actions_on, front_of
from queueing.foretelling import figure, unreachable
from queueing.handles import HANDLES
from queueing.models import RoomChanged, WrongState
from queueing.rooms import RoomUnavailable

GROUPS = [
    (_("The room"), ["open", "pause", "resume", "schedule", "close", "off"]),
    (_("Fans"), ["admit", "bypass"]),
    (_("Settings"), ["limits", "times", "announce", "proof"]),
]


class RoomLeverForm(LeverForm):
    """The room goes by its concert's id."""

    @classmethod
    def of_room(cls, request, room):
        sent = request.method == "POST" and "look" not in request.POST
        return cls(request.POST) if sent else cls(initial={"seen": {str(room.concert_id): room.version}})

    def version_of(self, room) -> int:
        """Zero, which no room has, for a page that was about another one."""
        return self.cleaned_data["seen"].get(str(room.concert_id), 0)


class PullsLevers(WithLevers):
    """For the admin of rooms. One permission is for all levers: to change a room."""

    labels = {verb: handle.label for verb, handle in HANDLES.items()}

    def lever_paths(self):
        pull = self.admin_site.admin_view(self.pull)
        return [path("<int:object_id>/levers/<slug:verb>/", pull, name="queueing_room_lever")]

    def permission_of(self, verb):
        return "queueing.change_room"

    def address_of(self, verb, room):
        return reverse("admin:queueing_room_lever", args=[room.pk, verb])

    def levers_of(self, request, room, *, front) -> list:
        """(title, levers) of each group, as this operator may pull them now."""
        return [
            (title, [self._shown(request, room, HANDLES[verb], front) for verb in verbs]) for title, verbs in GROUPS
        ]

    def _shown(self, request, room, handle, front):
        why_not = handle.why_not(room)
        if handle.at_once and front is None:
            why_not = gettext("The room can't be reached.")
        return self.lever(request, room, handle.verb, why_not=why_not)

    # The pages of one lever

    def pull(self, request, object_id, verb):
        self.require(request, verb)
        room, handle = self.get_object(request, str(object_id)), HANDLES.get(verb)
        if room is None or handle is None:
            raise Http404
        form = RoomLeverForm.of_room(request, room)
        settings = handle.form(request.POST or None, room=room) if handle.form else None
        if form.is_valid() and form.version_of(room) != room.version:
            return self._refused(request, room, already_changed(room))
        if not form.is_bound and (why_not := handle.why_not(room)):
            return self._refused(request, room, why_not)
        if settings and not settings.is_valid():
            return self._ask_settings(request, room, handle, settings)
        if not form.is_valid():
            return self.ask(request, form, self._dry_run(room, handle, settings))
        return self._do(request, room, handle, form, self._settings(room, handle, settings))

    def _settings(self, room, handle, settings):
        return settings.settings if settings else handle.settings_of(room)

    def _ask_settings(self, request, room, handle, settings):
        context = self.admin_site.each_context(request)
        front = front_of(room)
        dry_run = DryRun(
            title=handle.label,
            button=_("See what will happen"),
            facts=self._facts(room, front),
            back=self.page_of(room),
        )
        context |= {
            "title": handle.label,
            "opts": self.opts,
            "settings": settings,
            "dry_run": dry_run,
            "text": handle.text,
        }
        return TemplateResponse(request, "admin/lever_settings.html", context)

    def _dry_run(self, room, handle, settings):
        front = front_of(room)
        will = handle.will(room, front, **self._settings(room, handle, settings))
        return DryRun(
            title=handle.label, button=handle.label, settings=settings, back=self.page_of(room),
            facts=[(_("What will happen"), will), *self._facts(room, front)],
        )  # fmt: skip

    def _facts(self, room, front):
        yield _("Concert"), self.title_of(room)
        yield _("State now"), f"{room.get_state_display()}, version {room.version}"
        if front:
            told = {"waiting": figure(front.waiting), "active": figure(front.active), "limit": figure(room.max_active)}
            yield _("Fans now"), gettext("%(waiting)s waiting, %(active)s in of %(limit)s") % told

    def _do(self, request, room, handle, form, settings):
        why = {"reason": form.cleaned_data["reason"], "seen": form.version_of(room), **who(request)}
        try:
            done = handle.pull(room, settings, **why)
        except RoomChanged:
            return self._refused(request, room, already_changed(room))
        except WrongState as refusal:
            return self._refused(request, room, str(refusal))
        except ValidationError as refusal:
            return self._refused(request, room, " ".join(refusal.messages))
        except RoomUnavailable:
            return self._refused(request, room, unreachable(), messages.ERROR)
        self.message_user(request, done, messages.SUCCESS)
        return redirect(self.page_of(room))

    def _refused(self, request, room, words, level=messages.WARNING):
        self.message_user(request, words, level)
        return redirect(self.page_of(room))


def already_changed(room) -> str:
    """That it changed, and which operator was faster."""
    words = gettext("Nothing was done: the room has changed since you looked.")
    if last := actions_on(room).first():
        words += " " + gettext("Last changed by hand by %(who)s: %(reason)s") % {
            "who": last.operator,
            "reason": last.reason,
        }
    return words
