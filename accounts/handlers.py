"""Telling the fan: in the account, and by e-mail."""

from accounts.mail import send_mail_about
from accounts.models import Notification, User
from events.consumers import Consumer
from events.messages import RefundRequested, ReservationCancelled, ReservationConfirmed, ReservationFailed

TOLD = (ReservationConfirmed, ReservationFailed, ReservationCancelled, RefundRequested)

notifications = Consumer("notifications", home="accounts", batched=True)
email = Consumer("email", home="accounts", external=True)


@notifications.on(*TOLD)
def notify(message, event):
    if User.objects.filter(id=message.user_id).exists():  # an account may have been deleted since
        Notification.objects.create(user_id=message.user_id, kind=event.type, data=event.data, event_id=event.id)


@email.on(*TOLD)
def send_email(message, event):
    if user := User.objects.filter(id=message.user_id, is_active=True).first():
        send_mail_about(message, event, user=user)
