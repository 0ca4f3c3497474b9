from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from events.admin.domains import DomainAdmin, domains
from events.admin.levers import DAMAGED, LEVELS, DryRun, LeverForm, WithLevers, who
from events.admin.windows import counted
from events.forwarding import places
from events.handles import outcome_of
from events.models import Destination, OperatorAction
from events.models.destination import AlreadySo
from events.models.letter_groups import MOST
from events.models.standing import standing

LATE_SECONDS = 30
TITLES = {"pause": _("Pause a consumer"), "resume": _("Resume a consumer")}
BUTTONS = {"pause": _("Pause"), "resume": _("Resume")}
WILL = {
    "pause": _("Nothing is delivered to it from the next batch on, until somebody resumes it. What comes is kept."),
    "resume": _("What was kept is delivered, oldest first, without waiting for the next probe."),
}
DONE = {"pause": _("paused; what comes is kept."), "resume": _("resumed.")}
NOT_HERE = _("It is another deployment's: pause it there, or the way there.")


class DestinationForm(LeverForm):
    """`seen`: {name: version} of one consumer."""

    def clean_seen(self):
        seen = self.cleaned_data["seen"]
        if not isinstance(seen, dict) or any(type(version) is not int for version in seen.values()):
            raise ValidationError(DAMAGED)
        return seen


@admin.register(Destination)
class DestinationAdmin(WithLevers, DomainAdmin):
    """All consumers and ways to other deployments, whether there is a row about them or not."""

    labels = BUTTONS
    change_form_template = "admin/consumer.html"
    fields = ["consumer", "paused", "outages", "away_since", "probe_at", "last_error", "version"]

    def get_urls(self):
        view = self.admin_site.admin_view
        levers = [
            path(f"<path:object_id>/{verb}/", view(getattr(self, verb)), name=f"events_destination_{verb}")
            for verb in self.labels
        ]
        return [path("", view(self.changelist_view), name="consumers"), *levers, *super(WithLevers, self).get_urls()]

    def permission_of(self, verb):
        return "events.pause_destination"

    # What the pages show

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | {
            "title": _("Consumers and destinations"),
            "opts": self.opts,
            "consumers": [self._shown(request, each) for each in standing(places(), authors=domains())],
        }
        return TemplateResponse(request, "admin/consumers.html", context)

    def get_object(self, request, object_id, from_field=None):
        """Of a consumer that nothing stands against there is no row; then it is one that is not saved."""
        known = [place for place in places() if place[0] == object_id]
        asked = [place for place in known if place[1] == request.GET.get("domain")]
        if not known:
            return None
        if not hasattr(request, "standing"):  # Django asks twice
            request.standing = standing((asked or known)[:1], authors=domains())[0]
        return request.standing.row

    def levers_of(self, request, destination):
        asked = [("pause", destination.paused, PAUSED_ALREADY), ("resume", not destination.paused, NOT_PAUSED)]
        return [
            self.lever(request, destination, verb, why_not=self._why_not(destination, so, words))
            for verb, so, words in asked
        ]

    def render_change_form(self, request, context, *args, **kwargs):
        if destination := context.get("original"):
            actions = OperatorAction.objects.using(destination._state.db) if destination._state.db else None
            context |= {"title": str(destination), "subtitle": None, "told": self._shown(request, request.standing)}
            if actions is not None:
                context["actions"] = actions.filter(target_type="consumer", target_id=destination.pk)[:20]
        return super().render_change_form(request, context, *args, **kwargs)

    def _shown(self, request, each):
        lag = each.oldest and max(0, round((now() - each.oldest).total_seconds()))
        return {
            "of": each,
            "address": self.page_of(each.row),
            "counts": {state: counted(n, MOST) if n else "" for state, n in each.counts.items()},
            "per_minute": None if each.per_minute is None or ":" in each.name else round(each.per_minute),
            "lag": lag,
            "is_late": lag is not None and lag > LATE_SECONDS,
            "level": _level(each),
            "words": each.word,
            "levers": [lever for lever in self.levers_of(request, each.row) if not lever.why_not],
            "dead": reverse("admin:events_delivery_changelist", query={"consumer": each.name, "state__exact": "dead"}),
        }

    def _why_not(self, destination, so, words):
        return NOT_HERE if not destination._state.db else words if so else ""

    # Levers

    def pause(self, request, object_id):
        return self._pull(request, object_id, "pause")

    def resume(self, request, object_id):
        return self._pull(request, object_id, "resume")

    def _pull(self, request, object_id, verb):
        self.require(request, verb)
        destination = self.get_object(request, object_id)
        if destination is None or not destination._state.db:
            raise Http404
        form = DestinationForm.of(request, destination, version=destination.version)
        if not form.is_bound and destination.paused == (verb == "pause"):
            return self._told(request, destination, AlreadySo(destination, paused=destination.paused), "skipped")
        if not (form.is_bound and form.is_valid()):
            return self.ask(request, form, self._dry_run(request.standing, destination, verb))
        why = {"reason": form.cleaned_data["reason"], "seen": form.version_of(destination), **who(request)}
        result = outcome_of(Destination.switch, destination, verb, did=lambda destination: DONE[verb], **why)
        return self._told(request, destination, result.words, result.outcome)

    def _dry_run(self, told, destination, verb):
        kept = sum(told.counts[state] for state in ("ready", "leased", "waiting"))
        facts = [
            (_("What will happen"), WILL[verb]),
            (_("Consumer"), destination),
            (_("State now"), f"{told.word}, version {told.version}"),
            (_("On its way now"), counted(kept, MOST)),
        ]
        return DryRun(title=TITLES[verb], button=BUTTONS[verb], facts=facts, back=self.page_of(destination))

    def _told(self, request, destination, words, outcome):
        self.message_user(request, f"{destination}: {words}", LEVELS[outcome])
        return redirect(self.page_of(destination))

    def page_of(self, obj):
        return f"{super().page_of(obj)}?domain={obj._state.db or ''}"

    def address_of(self, verb, obj):
        return f"{super().address_of(verb, obj)}?domain={obj._state.db or ''}"


PAUSED_ALREADY, NOT_PAUSED = _("It is paused already."), _("It is not paused.")


def _level(told):
    if told.away_since:
        return "bad"
    return "watch" if told.paused or told.outages else "good"
