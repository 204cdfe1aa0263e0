"""The schedule of segments, the voltage guard and the acquisition thread."""

from hgx_lab.acquisition._control import RunControl
from hgx_lab.acquisition._engine import Demodulates, Engine
from hgx_lab.acquisition._events import Event, EventKind
from hgx_lab.acquisition._exchange import Exchange
from hgx_lab.acquisition._generated import GeneratedTones
from hgx_lab.acquisition._guard import ElectrodeLimits, VoltageGuard
from hgx_lab.acquisition._guarded_output import GuardedOutput, known_levels
from hgx_lab.acquisition._messages import Block, Message, Reading
from hgx_lab.acquisition._plan import StreamPlan
from hgx_lab.acquisition._player import Player, Waves
from hgx_lab.acquisition._schedule import Schedule
from hgx_lab.acquisition._segment import PlacedSegment, Segment, slope_samples
from hgx_lab.acquisition._stream import Stream
from hgx_lab.acquisition._sweep import Plateau, sweep
from hgx_lab.acquisition._transport import Transport

__all__ = [
    "Block",
    "Demodulates",
    "ElectrodeLimits",
    "Engine",
    "Event",
    "EventKind",
    "Exchange",
    "GeneratedTones",
    "GuardedOutput",
    "Message",
    "PlacedSegment",
    "Plateau",
    "Player",
    "Reading",
    "RunControl",
    "Schedule",
    "Segment",
    "Stream",
    "StreamPlan",
    "Transport",
    "VoltageGuard",
    "Waves",
    "known_levels",
    "slope_samples",
    "sweep",
]
