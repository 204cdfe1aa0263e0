"""A gRPC channel on which no call lasts for ever and no block is too large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from nidaqmx import GrpcSessionOptions

__all__ = ["session_options"]

_UNLIMITED = -1

#: gRPC caps messages at 4 MB: 0.5 s of one channel at 1 MS/s. A dead peer is noticed by pings that go unanswered.
_CHANNEL_OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", _UNLIMITED),
    ("grpc.max_send_message_length", _UNLIMITED),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.enable_http_proxy", 0),
]


class _CallDetails(grpc.ClientCallDetails):
    """Details of a call with another deadline."""

    def __init__(self, details: Any, timeout: float) -> None:
        self.method = details.method
        self.timeout = timeout
        self.metadata = details.metadata
        self.credentials = details.credentials
        self.wait_for_ready = details.wait_for_ready
        self.compression = details.compression


class _Deadline(grpc.UnaryUnaryClientInterceptor):
    """``nidaqmx`` sets no deadline, so a server that hangs would hang us."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Make the call with the deadline."""
        return continuation(_CallDetails(client_call_details, self._seconds), request)


def session_options(remote: str, deadline_seconds: float) -> tuple[GrpcSessionOptions, Callable[[], None]]:
    """Options for every task and device at ``host:port``, and what closes the channel."""
    channel = grpc.insecure_channel(remote, options=_CHANNEL_OPTIONS)
    intercepted = grpc.intercept_channel(channel, _Deadline(deadline_seconds))
    # Without a session name each task is its own session, which ends with it.
    return GrpcSessionOptions(intercepted, session_name=""), channel.close
