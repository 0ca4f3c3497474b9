"""Models that live in every database: a list shows one database, the page of an object finds it in whichever it is."""

from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router
from django.utils.translation import gettext_lazy as _

from events.admin.windows import ReadOnlyAdmin
from events.aggregate import Aggregate


def domains() -> list[str]:
    """The databases that some app lives in; those whose nouns publish events come first."""
    models = [model for model in apps.get_models() if model._meta.app_label != "events"]
    models.sort(key=lambda model: not issubclass(model, Aggregate))
    return list(dict.fromkeys(alias for model in models if (alias := _database_of(model))))


def _database_of(model):
    """None when it lives in another deployment whose database this one can't look into."""
    try:
        return router.db_for_read(model)
    except LookupError:
        return None


def domain_of(request) -> str:
    """The database that the operator chose to look at."""
    asked = request.GET.get("domain")
    return asked if asked in domains() else domains()[0]


class DomainFilter(admin.SimpleListFilter):
    """Chooses the database; not there when there is only one."""

    title, parameter_name = _("domain"), "domain"

    def lookups(self, request, model_admin):
        return [(alias, alias) for alias in domains()] if len(domains()) > 1 else []

    def choices(self, changelist):
        chosen = self.value() or domains()[0]
        for alias, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: alias})
            yield {"selected": alias == chosen, "query_string": query, "display": title}

    def queryset(self, request, queryset):
        return queryset  # DomainAdmin.get_queryset has chosen already


class DomainList(ChangeList):
    """Its links say which database a row is in."""

    def url_for_result(self, result):
        return f"{super().url_for_result(result)}?{urlencode({'domain': result._state.db})}"


class DomainAdmin(ReadOnlyAdmin):
    def get_list_filter(self, request):
        return [DomainFilter, *self.list_filter]

    def get_changelist(self, request, **kwargs):
        return DomainList

    def get_queryset(self, request):
        return super().get_queryset(request).using(domain_of(request))

    def get_object(self, request, object_id, from_field=None):
        """The row from the database that the link names, else from any."""
        first = domain_of(request)
        for alias in [first, *(alias for alias in domains() if alias != first)]:
            if found := self._find(object_id, using=alias):
                return found
        return None

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        _refuse_writing(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request, object_id, extra_context=None):
        raise PermissionDenied

    def _find(self, object_id, *, using):
        try:
            return self.model._base_manager.using(using).filter(pk=object_id).first()
        except (ValidationError, ValueError):
            return None


def _refuse_writing(request):
    if request.method not in ("GET", "HEAD"):  # Django would ask the router for a database first, and there is none
        raise PermissionDenied
