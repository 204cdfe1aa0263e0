"""A gRPC channel on which no call lasts for ever and no block is too large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from nidaqmx import GrpcSessionOptions, SessionInitializationBehavior

__all__ = ["GONE", "session_options"]

#: Answers of a server that isn't there; others are about what was asked.
GONE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})

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


def session_options(
    remote: str, deadline_seconds: float
) -> tuple[Callable[[str, bool], GrpcSessionOptions], Callable[[], None]]:
    """What makes options for tasks and devices at ``host:port``, and what closes the channel.

    The options are for a session of this name, new or, with ``attach``, one that another client made. Without a name
    each task is its own session, which nobody else can attach to.
    """
    channel = grpc.insecure_channel(remote, options=_CHANNEL_OPTIONS)
    intercepted = grpc.intercept_channel(channel, _Deadline(deadline_seconds))

    def options(name: str, attach: bool) -> GrpcSessionOptions:
        behaviour = SessionInitializationBehavior.AUTO
        if name:
            behaviour = (
                SessionInitializationBehavior.ATTACH_TO_SERVER_SESSION
                if attach
                else SessionInitializationBehavior.INITIALIZE_SERVER_SESSION
            )
        return GrpcSessionOptions(intercepted, session_name=name, initialization_behavior=behaviour)

    return options, channel.close
