"""Pages that are watched: static/js/console-live.js fetches what may have changed anew, every few seconds."""

from django.template.response import TemplateResponse
from django.urls import path


def live_paths(site, route, *, name, template, context_of):
    """The page at `route` and its parts alone below it. context_of(request, **kwargs): for both of its templates."""

    def page(request, **kwargs):
        context = site.each_context(request) | context_of(request, **kwargs)
        return TemplateResponse(request, f"admin/{template}.html", context)

    def parts(request, **kwargs):
        return TemplateResponse(request, f"admin/{template}_parts.html", context_of(request, **kwargs))

    return [
        path(route, site.admin_view(page), name=name),
        path(f"{route}parts/", site.admin_view(parts), name=f"{name}_parts"),
    ]
