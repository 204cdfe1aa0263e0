"""The command line ``hgx``."""

from hgx_lab.cli._app import main

__all__ = ["main"]
