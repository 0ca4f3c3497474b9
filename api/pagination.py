from django.core.exceptions import ValidationError
from django.db import DataError
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from api.problems import BadRequest


class CursorPages(CursorPagination):
    """`{"results": [...], "next": url|null, "previous": url|null}`, newest first unless the view says otherwise.

    The first field of an ordering is never null: rows without one would be lost between two pages.
    """

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    offset_cutoff = 10_000  # rows alike in the first field of the ordering, such as all that are on sale
    ordering = "-id"

    def get_ordering(self, request, queryset, view):
        return getattr(view, "page_ordering", (self.ordering,))

    def paginate_queryset(self, queryset, request, view=None):
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, DataError):
            if self.cursor_query_param not in request.query_params:
                raise
            raise BadRequest(_("The cursor is not one of ours.")) from None


def one_page(results) -> dict:
    """A list that is never longer than a page, in the shape of all lists."""
    return {"next": None, "previous": None, "results": results}
