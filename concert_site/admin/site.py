from importlib import import_module

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _

from concert_site.admin.sessions import ConsoleSignIn

# Modules of this package with pages that are no model's; each has `paths(site)`.
PAGES = ["attention", "my_permissions", "reconciliation", "sales"]


class ConsoleSite(AdminSite):
    login_form = ConsoleSignIn
    site_header = site_title = _("Operator console")
    index_title = _("Today")

    def has_permission(self, request):
        from concert_site.admin import second_factor

        return super().has_permission(request) and second_factor.is_shown(request)

    def login(self, request, extra_context=None):
        from concert_site.admin import second_factor

        if super().has_permission(request) and not second_factor.is_shown(request):
            return second_factor.ask(self, request)
        return super().login(request, extra_context)

    def get_urls(self):
        modules = [import_module(f"concert_site.admin.{name}") for name in PAGES]  # they import what registers here
        return [path for module in modules for path in module.paths(self)] + super().get_urls()

    def each_context(self, request):
        """The views lead the sidebar, which is on every page."""
        from concert_site.admin.menu import as_app, menu_of

        context = super().each_context(request)
        views = menu_of(request.user) if self.has_permission(request) else []
        return context | {"available_apps": [*as_app(views), *context["available_apps"]]}

    def index(self, request, extra_context=None):
        from concert_site.admin.health_strip import health_strip  # what it imports registers with this site
        from concert_site.admin.menu import menu_of

        shown = {"health_strip": health_strip(), "menu": menu_of(request.user)}
        return super().index(request, shown | (extra_context or {}))
