from accounts.models.user import User

from accounts.models.api_token import ApiToken  # isort: skip
from accounts.models.authenticator import Authenticator
from accounts.models.notification import Notification
from accounts.models.revocation import Revocation

__all__ = ["ApiToken", "Authenticator", "Notification", "Revocation", "User"]
