from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from events import messages
from events.admin.domains import DomainAdmin
from events.admin.windows import as_uuid, link, pretty
from events.models import Event, IdempotentRequest, InboxMessage, Transition


@admin.register(Event)
class EventAdmin(DomainAdmin):
    list_display = ["occurred_at", "type", "noun", "seq", "actor"]
    ordering = ["-id"]
    found_by = ["pk", "aggregate_id", "correlation_id"]
    search_help_text = _("Whole id of an event or of what it is about, or the event's type.")
    fields = [
        "type", "noun", "seq", "occurred_at", "actor", "message", "story", "caused_by", "traceparent", "told",
    ]  # fmt: skip

    def search_words(self, queryset, words):
        named = [type for type in messages.LANGUAGE if type.lower() == words.lower()]
        return self.among_the_newest(queryset.filter(type__in=named))

    @admin.display(description=_("about"))
    def noun(self, event):
        return link(event.aggregate_type, event.aggregate_id, f"{event.aggregate_type} {event.aggregate_id}")

    @admin.display(description=_("message"))
    def message(self, event):
        return pretty(event.data)

    @admin.display(description=_("correlation id"))
    def story(self, event):
        return link("reservations.Reservation", event.correlation_id)

    @admin.display(description=_("effect of"))
    def caused_by(self, event):
        return link("events.Event", event.causation_id)

    @admin.display(description=_("deliveries"))
    def told(self, event):
        return ", ".join(f"{each.consumer}: {each.state}" for each in event.deliveries.using(event._state.db).all())


@admin.register(Transition)
class TransitionAdmin(DomainAdmin):
    list_display = ["at", "noun", "version", "from_status", "to_status", "cause", "actor"]
    ordering = ["-id"]
    found_by = ["pk", "aggregate_id", "correlation_id"]
    search_help_text = _("Whole id of a transition or of what it is about.")

    @admin.display(description=_("of"))
    def noun(self, transition):
        text = f"{transition.aggregate_type} {transition.aggregate_id}"
        return link(transition.aggregate_type, transition.aggregate_id, text)


@admin.register(InboxMessage)
class InboxMessageAdmin(DomainAdmin):
    list_display = ["at", "consumer", "event_id", "aggregate_type", "aggregate_id", "seq"]
    ordering = ["-id"]
    found_by = ["event_id"]
    search_help_text = _("Whole id of an event, or a consumer's name.")

    def search_words(self, queryset, words):
        return self.among_the_newest(queryset.filter(consumer=words))


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(DomainAdmin):
    list_display = ["created_at", "account_id", "key", "status"]
    ordering = ["-id"]
    search_help_text = _("Whole id of an account, or a whole Idempotency-Key.")
    hidden = ["body"]  # an answer to somebody else

    def search(self, queryset, words):
        id = as_uuid(words)  # a key often is a UUID, too
        return queryset.filter(Q(key=words) | Q(pk=id) | Q(account_id=id))
