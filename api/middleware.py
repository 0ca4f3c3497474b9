from api.problems import json_response, of_status

API = "/api/"


class ProblemsMiddleware:
    """Below /api/, what Django answers in HTML before or without DRF's views is a problem, too."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.path_info.startswith(API) and _is_an_error_page(response):
            return json_response(of_status(response.status_code))
        return response


def _is_an_error_page(response):
    return response.status_code >= 400 and response.get("Content-Type", "").startswith("text/html")
