from queueing.models.admission import Admission
from queueing.models.room import Room, RoomChanged, WrongState

__all__ = ["Admission", "Room", "RoomChanged", "WrongState"]
