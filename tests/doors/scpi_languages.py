"""The languages of the socket instrument: Keysight's SCPI tree and Siglent's key-value pairs, as their guides say."""

from tests.doors.scpi_keysight import KeysightLanguage
from tests.doors.scpi_siglent import SiglentLanguage
from tests.doors.scpi_values import header_pattern, value

__all__ = ["KeysightLanguage", "SiglentLanguage", "header_pattern", "value"]
