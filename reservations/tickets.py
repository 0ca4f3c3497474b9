"""The ticket of a confirmed reservation: a signed text that a scanner at the door can check offline."""

import io

import segno
from django.core import signing

SALT = "reservations.ticket"


def qr_payload(reservation) -> str:
    """Signed by the house; says which reservation and when it was confirmed, which only another purchase changes."""
    told = [str(reservation.id), int(reservation.confirmed_at.timestamp())]
    return signing.Signer(salt=SALT).sign_object(told)


def qr_svg(reservation) -> str:
    """The payload as a QR code, an SVG document."""
    picture = io.BytesIO()
    segno.make(qr_payload(reservation), error="m").save(picture, kind="svg", scale=6, border=2, xmldecl=False)
    return picture.getvalue().decode()


def qr_pdf(reservation) -> bytes:
    """The same as a PDF, to print."""
    page = io.BytesIO()
    segno.make(qr_payload(reservation), error="m").save(page, kind="pdf", scale=6, border=4)
    return page.getvalue()
