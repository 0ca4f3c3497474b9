"""What a fan reads when something goes wrong on our side; with the trace id, by which support finds it."""

from django.http import HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

from api.problems import Unavailable
from events import context


class UnavailableMiddleware:
    """503 for a page that needs what can't be reached now, such as the waiting room."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        if not isinstance(error, Unavailable):
            return None
        told = {"error": error, "trace_id": context.current().trace_id}
        response = render(request, "503.html", told, status=503)
        response["Retry-After"] = str(error.retry_after or 2)
        return response


def server_error(request):
    """Needs nothing that may be broken: no database, no request."""
    return HttpResponseServerError(render_to_string("500.html", {"trace_id": context.current().trace_id}))
