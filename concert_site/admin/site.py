from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class ConsoleSite(AdminSite):
    site_header = site_title = _("Operator console")
    index_title = _("Today")

    def index(self, request, extra_context=None):
        from concert_site.admin.health_strip import health_strip  # what it imports registers with this site

        return super().index(request, {"health_strip": health_strip()} | (extra_context or {}))
