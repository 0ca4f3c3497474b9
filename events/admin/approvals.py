from dataclasses import replace

from django.contrib import admin, messages
from django.db.models.functions import Now
from django.http import Http404
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import approvals
from events.admin.domains import DomainAdmin
from events.admin.levers import DryRun, LeverForm, WithLevers, who
from events.admin.windows import link
from events.aggregate import Refused
from events.handles import handle_of
from events.models import Approval

PENDING = Approval.State.PENDING


@admin.register(Approval)
class ApprovalAdmin(WithLevers, DomainAdmin):
    """What waits for a second person, and what became of it."""

    labels = {"approve": _("Approve"), "refuse": _("Refuse")}
    list_display = ["asked_at", "lever_label", "operator", "reason", "count", "points_moved", "shown_state"]
    list_filter = ["state"]
    ordering = ["-id"]
    found_by = ["pk", "operator_id"]
    search_help_text = _("Whole id of an approval; or an operator's name.")
    fields = [
        "shown_state", "lever_label", "operator", "reason", "asked_at", "expires_at", "points_moved", "about",
        "decided_by", "decided_at", "remark",
    ]  # fmt: skip

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(read_at=Now())

    def search_words(self, queryset, words):
        return queryset.filter(operator__iexact=words) | queryset.filter(decided_by__iexact=words)

    @admin.display(description=_("lever"))
    def lever_label(self, approval):
        return handle_of(approval.action).label

    @admin.display(description=_("how many"))
    def count(self, approval):
        return len(approval.items)

    @admin.display(description=_("points"))
    def points_moved(self, approval):
        return f"{approval.points:,}"

    @admin.display(description=_("state"))
    def shown_state(self, approval):
        if approval.state == PENDING and approvals.is_over(approval, now=getattr(approval, "read_at", None)):
            return Approval.State.EXPIRED.label
        return approval.get_state_display()

    @admin.display(description=_("about"))
    def about(self, approval):
        label = handle_of(approval.action).of._meta.label
        became = {result["id"]: f"{result['outcome']}: {result['words']}" for result in approval.results}
        lines = [
            (link(label, item["id"], item["noun"]), item["will"], became.get(item["id"], "")) for item in approval.items
        ]
        return format_html_join("", "<div>{}: {} <strong>{}</strong></div>", lines)

    # Levers

    def permission_of(self, verb):
        return "events.decide_approval"

    def levers_of(self, request, approval):
        over = gettext("It is %s.") % self.shown_state(approval) if approvals.is_over(approval) else ""
        own = gettext("You asked for it yourself.") if approval.operator_id == request.user.pk else ""
        approve = self.lever(request, approval, "approve", why_not=over or own)
        refuse = self.lever(request, approval, "refuse", why_not=over)
        if own and not over:  # who asked may take it back without any permission
            refuse = replace(refuse, label=_("Take back"), why_not="")
        return [approve, refuse]

    def approve(self, request, object_id):
        self.require(request, "approve")
        return self._decide(request, object_id, approvals.approve, title=_("Approve"), told=_tell_results)

    def refuse(self, request, object_id):
        approval = self.get_object(request, object_id)
        if approval is None or approval.operator_id != request.user.pk:
            self.require(request, "refuse")
        return self._decide(request, object_id, approvals.refuse, title=_("Refuse"), told=_tell_refused)

    def _decide(self, request, object_id, decide, *, title, told):
        approval = self.get_object(request, object_id)
        if approval is None:
            raise Http404
        form = LeverForm.of(request, approval, version=0)
        if not form.is_valid():
            return self.ask(request, form, self._dry_run(approval, title))
        try:
            outcome = decide(approval, reason=form.cleaned_data["reason"], **who(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
        else:
            self.message_user(request, *told(outcome))
        return redirect(self.page_of(approval))

    def _dry_run(self, approval, title):
        facts = [
            (_("Lever"), self.lever_label(approval)),
            (_("Asked for by"), f"{approval.operator}: {approval.reason}"),
            (_("Points"), f"{approval.points:,} P"),
        ]
        items = [f"{item['noun']}: {item['will']}" for item in approval.items]
        return DryRun(title=title, button=title, facts=facts, items=items, back=self.page_of(approval))


def _tell_results(results):
    done = [result for result in results if result.outcome == "ok"]
    words = gettext("Done: %(done)d of %(all)d.") % {"done": len(done), "all": len(results)}
    return words, messages.SUCCESS if len(done) == len(results) else messages.WARNING


def _tell_refused(outcome):
    return gettext("Refused. Nothing was done."), messages.SUCCESS
