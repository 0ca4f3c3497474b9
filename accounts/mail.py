from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Notification


def send_mail_about(message, event, *, user):
    """Tell the fan in his language. Sent at least once; a repeat carries the same Message-ID."""
    with translation.override(user.language):
        EmailMessage(
            subject=str(Notification.Kind(event.type).label),
            body=render_to_string("accounts/mail.txt", {"user": user, "message": message, "kind": event.type}),
            to=[user.email],
            headers={"Message-ID": f"<{event.id}@reservations>"},
        ).send()
