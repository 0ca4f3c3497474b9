from payments.models.point_account import InsufficientPoints, PointAccount

from payments.models.transfer import House, Transfer  # isort: skip
from payments.models.charge import Charge
from payments.models.payment import Payment

__all__ = ["Charge", "House", "InsufficientPoints", "Payment", "PointAccount", "Transfer"]
