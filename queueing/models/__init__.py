from queueing.models.admission import Admission
from queueing.models.kept_place import Door, KeptPlace
from queueing.models.measurement import Inflow, Load, RoomMinute, ShopLoad
from queueing.models.room import Room, RoomChanged, WrongState

__all__ = [
    "Admission",
    "Door",
    "Inflow",
    "KeptPlace",
    "Load",
    "Room",
    "RoomChanged",
    "RoomMinute",
    "ShopLoad",
    "WrongState",
]
