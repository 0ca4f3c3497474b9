from django.db.models import Q
from django.db.models.functions import Now


def live(*, now=None, claim="") -> Q:
    """Of a claim, reached by the prefix `claim`: it keeps its seat from others.

    It has not ended, and it is not of a hold whose time is over. `now`: the database's, when it is left out.
    """
    lapsed = {f"{claim}reservation__status": "HELD", f"{claim}reservation__held_until__lte": now or Now()}
    return Q(**{f"{claim}ended_at": None, f"{claim}id__isnull": False}) & ~Q(**lapsed)
