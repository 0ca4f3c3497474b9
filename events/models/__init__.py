from events.models.approval import Approval
from events.models.delivery import Delivery
from events.models.destination import Destination
from events.models.event import Event
from events.models.idempotent_request import IdempotentRequest
from events.models.inbox_message import InboxMessage
from events.models.lane_cursor import LaneCursor
from events.models.operator_action import OperatorAction
from events.models.transition import Transition

__all__ = [
    "Approval",
    "Delivery",
    "Destination",
    "Event",
    "IdempotentRequest",
    "InboxMessage",
    "LaneCursor",
    "OperatorAction",
    "Transition",
]
