"""The panels, each a file; :data:`PANELS` is their order in the menu."""

from hgx_lab.dashboard.panels._controls import ControlsPanel
from hgx_lab.dashboard.panels._current import CurrentPanel
from hgx_lab.dashboard.panels._derivatives import DerivativesPanel
from hgx_lab.dashboard.panels._device import DevicePanel
from hgx_lab.dashboard.panels._loss import LossPanel
from hgx_lab.dashboard.panels._now import NowPanel
from hgx_lab.dashboard.panels._outputs import OutputsPanel

__all__ = [
    "PANELS",
    "ControlsPanel",
    "CurrentPanel",
    "DerivativesPanel",
    "DevicePanel",
    "LossPanel",
    "NowPanel",
    "OutputsPanel",
]

PANELS = (NowPanel, LossPanel, DerivativesPanel, ControlsPanel, OutputsPanel, CurrentPanel, DevicePanel)
