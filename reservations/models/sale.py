from django.db import models
from django.utils.translation import gettext_lazy as _


class Sale(models.IntegerChoices):
    """How far the sale of a performance is, in the order in which they are listed."""

    ON_SALE = 0, _("on sale")
    TO_COME = 1, _("to come")
    SOLD_OUT = 2, _("sold out")
    CLOSED = 3, _("closed")
