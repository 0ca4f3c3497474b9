from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    """`{"results": [...], "next": url|null, "previous": url|null}`, newest first unless the view says otherwise."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_ordering(self, request, queryset, view):
        return getattr(view, "page_ordering", (self.ordering,))


def one_page(results) -> dict:
    """A list that is never longer than a page, in the shape of all lists."""
    return {"next": None, "previous": None, "results": results}
