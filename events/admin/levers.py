"""A lever is a model's verb that an operator may pull: after a dry run, with a reason, on what was seen and no newer.

The page of a lever carries, hidden, the version of everything that it is about; the verb compares it.
"""

from collections import Counter
from dataclasses import asdict, dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from events.admin.windows import address_of, as_uuid

MOST_AT_ONCE = 500
DENIED = _("You don't have the permission to do this.")
LEVELS = {"ok": messages.SUCCESS, "skipped": messages.WARNING, "failed": messages.ERROR}
DAMAGED = _("This page is damaged. Please start again.")


@dataclass(frozen=True, kw_only=True)
class Lever:
    """As shown on the page of its object. why_not: why it can't be pulled now; empty when it can."""

    label: str
    address: str
    why_not: str = ""


class LeverForm(forms.Form):
    """`seen`: {id: version} of what the operator looked at, from the first page to the last."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept with your name, and shown to whoever looks at this later."),
    )
    seen = forms.JSONField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, request, thing, *, version):
        """The form as sent; or a new one that freezes the thing at this version."""
        if request.method == "POST" and "seen" in request.POST:
            return cls(request.POST)
        return cls(initial={"seen": {str(thing.pk): version}})

    def clean_seen(self):
        seen = self.cleaned_data["seen"]
        ids = isinstance(seen, dict) and all(as_uuid(id) for id in seen)
        if not ids or not all(type(version) is int for version in seen.values()) or len(seen) > MOST_AT_ONCE:
            raise ValidationError(DAMAGED)
        return {str(as_uuid(id)): version for id, version in seen.items()}

    def version_of(self, thing: Model) -> int:
        """One that no thing has, when this one was not looked at."""
        return self.cleaned_data["seen"].get(str(thing.pk), -1)


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What a lever's page tells: terms and what they are, all in words."""

    title: str
    button: str
    facts: list  # of (term, words)
    back: str
    items: list = ()  # one line for each thing, when there are several
    action: str = ""  # where the form goes, when not to its own address
    settings: forms.Form | None = None  # asked before, and sent again


class WithLevers:
    """For admins of models with levers: each verb V has a permission V_<model> and a view of the name V.

    No permission, no lever; that holds for a superuser, too, when the model declares none of that name.
    """

    labels = {}  # {verb: what its button says}, each at …/<id>/<verb>/

    def get_urls(self):
        return [*self.lever_paths(), *super().get_urls()]

    def lever_paths(self):
        return [
            path(
                f"<uuid:object_id>/{verb.replace('_', '-')}/",
                self.admin_site.admin_view(getattr(self, verb)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{verb}",
            )
            for verb in self.labels
        ]

    def permission_of(self, verb) -> str:
        """What an operator needs for that lever, as "app.codename"."""
        return f"{self.opts.app_label}.{verb}_{self.opts.model_name}"

    def may(self, request, verb) -> bool:
        permission = self.permission_of(verb)
        return permission in declared(self.opts) and request.user.has_perm(permission)

    def require(self, request, verb):
        """Raises PermissionDenied."""
        if not self.may(request, verb):
            raise PermissionDenied

    def lever(self, request, obj, verb, *, why_not="") -> Lever:
        """The lever as this operator sees it on the object's page."""
        if not self.may(request, verb):
            why_not = DENIED
        return Lever(label=self.labels[verb], address=self.address_of(verb, obj), why_not=why_not)

    def address_of(self, verb, obj):
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{verb}", args=[obj.pk])

    def page_of(self, obj):
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def levers_of(self, request, obj) -> list[Lever]:
        raise NotImplementedError

    def change_view(self, request, object_id, form_url="", extra_context=None):
        obj = self.get_object(request, object_id)
        levers = self.levers_of(request, obj) if obj else []
        return super().change_view(request, object_id, form_url, {"levers": levers} | (extra_context or {}))

    def at_once(self, request, selected) -> list:
        """Of those selected as many as one page is about; tells when that is not all."""
        things = list(selected[: MOST_AT_ONCE + 1])
        if len(things) > MOST_AT_ONCE:
            words = _("This is about the first %d of those you selected. Select the rest afterwards.")
            self.message_user(request, words % MOST_AT_ONCE, messages.WARNING)
        return things[:MOST_AT_ONCE]

    def ask(self, request, form, dry_run: DryRun):
        """The page that tells what will happen and asks why."""
        context = self.admin_site.each_context(request)
        context |= {"title": dry_run.title, "opts": self.opts, "form": form, "dry_run": dry_run}
        return TemplateResponse(request, "admin/lever.html", context)

    def tell(self, request, results, *, title, **more):
        """The page that tells what became of each; results: of `events.handles`."""
        told = [asdict(each) | {"address": self.page_of_id(request, each.id)} for each in results]
        counts = Counter(each["outcome"] for each in told)
        outcomes = [(name, counts[name]) for name in LEVELS if counts[name]]
        context = self.admin_site.each_context(request) | {"title": title, "opts": self.opts, "results": told}
        return TemplateResponse(request, "admin/lever_results.html", context | {"outcomes": outcomes} | more)

    def page_of_id(self, request, id):
        return address_of(self.opts.label, id)


def declared(opts) -> set:
    """The permissions that there are on a model."""
    names = {f"{verb}_{opts.model_name}" for verb in opts.default_permissions} | dict(opts.permissions).keys()
    return {f"{opts.app_label}.{name}" for name in names}


def who(request) -> dict:
    """The operator, as the verbs take it."""
    return {"operator": request.user.get_username(), "operator_id": request.user.pk}
