"""A model that can be seen and not edited, cheaply: no counting of whole tables, no search by parts of an id."""

import json
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

MOST_LISTED = 2_000
MOST_LOOKED_THROUGH = 100_000


class NewestOnly(Paginator):
    """Counts no further than MOST_LISTED; who looks for an older row searches or filters."""

    @cached_property
    def count(self):
        return self.object_list.order_by().values("pk")[:MOST_LISTED].count()

    @property
    def is_cut(self):
        return self.count == MOST_LISTED


class CheapList:
    """For lists over tables that grow with every sale."""

    paginator = NewestOnly
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    change_list_template = "admin/long_list.html"


class FindById:
    """Search by a whole id, which has an index; `found_by` are the fields that it may stand in.

    looked_through: filters that no index helps; they find what they look for among the newest rows alone.
    """

    looked_through = []
    found_by = ["pk"]
    search_fields = ["pk"]  # Django shows the search box because of it
    search_help_text = _("A whole id.")

    def get_search_results(self, request, queryset, search_term):
        if not search_term:
            return self.among_the_newest(queryset) if self._is_looked_through(request) else queryset, False
        return self.search(queryset, search_term.strip()), False

    def among_the_newest(self, queryset):
        """Of these rows those that are among the table's newest, so that a rare one is not looked for in all of it."""
        newest = self.model._base_manager.using(queryset.db).order_by("-pk").values_list("pk", flat=True)
        oldest = newest[MOST_LOOKED_THROUGH : MOST_LOOKED_THROUGH + 1].first()
        return queryset if oldest is None else queryset.filter(pk__gt=oldest)

    def _is_looked_through(self, request):
        return any(name in request.GET or f"{name}__exact" in request.GET for name in self.looked_through)

    def search(self, queryset, words):
        id = as_uuid(words)
        if id is None:
            return self.search_words(queryset, words)
        return queryset.filter(Q(*[(field, id) for field in self.found_by], _connector=Q.OR))

    def search_words(self, queryset, words):
        """The rows that words which are no id stand for."""
        return queryset.none()


class ReadOnlyAdmin(CheapList, FindById, admin.ModelAdmin):
    """A window: every column can be seen, nothing can be added, changed or deleted."""

    change_form_template = "admin/window.html"
    hidden = []  # columns that are nobody's business

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        return self.fields or [field.name for field in self.opts.concrete_fields if field.name not in self.hidden]

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj)


def counted(n, most) -> str:
    """A number that was counted no further than one more than `most`."""
    return f"{most:,}+" if n > most else f"{n:,}"


def as_uuid(text) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def pretty(value):
    """JSON that can be read."""
    text = json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    return format_html('<pre class="console-json">{}</pre>', text)


def address_of(label, id, **query) -> str:
    """Where the console shows that row of the model ("app.Model"); "" when this console does not know the model."""
    try:
        return reverse(f"admin:{label.replace('.', '_').lower()}_change", args=[id], query=query)
    except NoReverseMatch:
        return ""


def link(label, id, text=None):
    """A link to the row's page, or just the text."""
    if id is None:
        return None
    address = address_of(label, id)
    return format_html('<a href="{}">{}</a>', address, text or id) if address else text or id
