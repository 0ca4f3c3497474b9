"""Every request is part of a trace and done by somebody."""

from events import context, spans


class TraceMiddleware:
    """Go on with the caller's W3C traceparent, or start a trace; the answer tells its id."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get("traceparent")
        acting = context.acting(actor="anonymous", traceparent=given or context.new_traceparent())
        with acting, spans.span(request.method, root=not given, **{"url.path": request.path}) as span:
            response = self.get_response(request)
            response["Trace-Id"] = context.current().trace_id
            if span and request.resolver_match:
                span.update_name(f"{request.method} /{request.resolver_match.route}")
            return response


class ActorMiddleware:
    """Who acts on a page, by the browser's session. The API's authentication says it there."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        of_api = request.path.startswith("/api/")  # where asking would make public answers depend on cookies
        if not of_api and request.user.is_authenticated:
            context.become(f"fan:{request.user.pk}")
        return self.get_response(request)
