from events.models.delivery import Delivery
from events.models.event import Event
from events.models.idempotent_request import IdempotentRequest
from events.models.inbox_message import InboxMessage
from events.models.operator_action import OperatorAction
from events.models.transition import Transition

__all__ = ["Delivery", "Event", "IdempotentRequest", "InboxMessage", "OperatorAction", "Transition"]
