"""The levers as an operator grips them, in the console and at the command line: what for, why not, what is said."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from queueing import foretelling, levers
from queueing.forms import (
    AccountForm,
    AnnouncementForm,
    CountForm,
    LimitsForm,
    ScheduleForm,
    TimesForm,
)
from queueing.models import Room

State = Room.State
BY_HAND = [State.OPEN, State.PAUSED, State.CLOSED]  # where places have numbers and are needed


@dataclass(frozen=True, kw_only=True)
class Handle:
    """lever: what it pulls. will, did: what it is about to do and what it has done, in words.

    sources: the states in which it can be pulled. form: asks for the lever's settings, where it has any.
    settings_of: the settings that follow from the room, where nobody is asked. at_once: works on fans, not settings.
    """

    verb: str
    label: str
    text: str
    lever: Callable
    will: Callable
    did: Callable = foretelling.now_in_state
    sources: list = tuple(State)
    form: type[forms.Form] | None = None
    settings_of: Callable = lambda room: {}
    at_once: bool = False

    def why_not(self, room) -> str:
        """Why it can't be pulled in the room's present state; empty when it can."""
        if room.state in self.sources:
            return ""
        return gettext("Not while the room is “%(state)s”.") % {"state": room.get_state_display()}

    def check(self, room, settings):
        """Raise ValidationError where the room could not have these settings."""
        changed = copy(room)
        for name, value in settings.items():
            setattr(changed, name, value)
        changed.clean_fields(exclude={field.name for field in Room._meta.fields} - set(settings))

    def pull(self, room, settings, **why) -> str:
        """Do it. What was done, in words; raises what the lever raises."""
        return str(self.did(room, self.lever(room, **settings, **why), **settings))


HANDLES = {
    handle.verb: handle
    for handle in [
        Handle(
            verb="open", label=_("Open"), text=_("Let fans in, for the first time or again."),
            lever=levers.open_room, will=foretelling.opening, sources=Room.SOURCES[State.OPEN],
        ),
        Handle(
            verb="pause", label=_("Pause"), text=_("Let nobody in; places are kept."),
            lever=levers.pause, will=foretelling.pausing, sources=Room.SOURCES[State.PAUSED],
        ),
        Handle(
            verb="resume", label=_("Resume"), text=_("Let fans in again after a pause."),
            lever=levers.open_room, will=foretelling.opening, sources=[State.PAUSED],
        ),
        Handle(
            verb="schedule", label=_("Schedule"), text=_("Let fans come and wait until the room opens by itself."),
            lever=levers.schedule, will=foretelling.scheduling, sources=Room.SOURCES[State.BEFORE_OPENING],
            form=ScheduleForm,
        ),
        Handle(
            verb="close", label=_("Close"), text=_("Let nobody in and nobody come."),
            lever=levers.close, will=foretelling.closing, sources=Room.SOURCES[State.CLOSED],
        ),
        Handle(
            verb="off", label=_("Turn off"), text=_("Nobody needs a place."),
            lever=levers.turn_off, will=foretelling.turning_off, sources=Room.SOURCES[State.OFF],
        ),
        Handle(
            verb="admit", label=_("Let some in now"), text=_("Let the next in now, whatever the limits."),
            lever=levers.admit, will=foretelling.admitting, did=foretelling.admitted, sources=BY_HAND,
            form=CountForm, at_once=True,
        ),
        Handle(
            verb="bypass", label=_("Let an account in now"), text=_("Let one account in now, before all others."),
            lever=levers.bypass, will=foretelling.bypassing, did=foretelling.bypassed, sources=BY_HAND,
            form=AccountForm, at_once=True,
        ),
        Handle(
            verb="limits", label=_("Change the limits"), text=_("Change how many are let in."),
            lever=levers.set_limits, will=foretelling.limiting, did=foretelling.settings_changed, form=LimitsForm,
        ),
        Handle(
            verb="times", label=_("Change the times"), text=_("Change how long fans may choose and pay."),
            lever=levers.set_times, will=foretelling.timing, did=foretelling.settings_changed, form=TimesForm,
        ),
        Handle(
            verb="announce", label=_("Announce"), text=_("Tell the waiting something."),
            lever=levers.announce, will=foretelling.announcing, did=foretelling.announced, form=AnnouncementForm,
        ),
        Handle(
            verb="proof", label=_("Switch proof of work"),
            text=_("Have devices compute before they enter, or stop it."),
            lever=levers.ask_proof, will=foretelling.proving, did=foretelling.proof_asked,
            settings_of=lambda room: {"asks_proof": not room.asks_proof},
        ),
    ]
}  # fmt: skip
