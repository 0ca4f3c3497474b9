import structlog
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied

from api.throttling import forget, is_refused

logger = structlog.get_logger(__name__)
SCOPE = "passwords"


class PatientBackend(ModelBackend):
    """Django's; after too many wrong passwords for an account from one address it listens to none from there.

    That holds for every door: the console, the pages, the API. Whether there is such an account is not told.
    """

    def authenticate(self, request, username=None, password=None, **credentials):
        tries = {"request": request, "about": (username or "").upper()}  # as the account is looked for
        if request is not None and is_refused(SCOPE, **tries):
            logger.warning("too_many_passwords")
            raise PermissionDenied
        user = super().authenticate(request, username=username, password=password, **credentials)
        if user is not None and request is not None:
            forget(SCOPE, **tries)
        return user
