"""Connections of clients: no request, or nobody who reads, and they are closed."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

_MAX_CONNECTIONS: Final = 500
"""Most at a time, so that files can still be opened: many systems give a process 1,024."""

_REQUEST_SECONDS: Final = 30.0
"""Longest wait for a request that begins, or for the rest of one that has its answer already."""

_STALL_SECONDS: Final = 30.0
"""Longest time in which a client may read nothing of an answer."""


class Connection(H11Protocol):
    """One connection; also closed if it is one too many."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _MAX_CONNECTIONS:
            transport.abort()
        else:
            self._late = self.loop.call_later(_REQUEST_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._unset_late()
        elif self._late is None:  # single bytes do not put it off
            self._late = self.loop.call_later(_REQUEST_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unset_stalled()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_late()
        self._unset_stalled()

    def _watch(self, unsent: int) -> None:
        self._stalled = self.loop.call_later(_STALL_SECONDS, self._close_if_stalled, unsent)

    def _close_if_stalled(self, unsent: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left < unsent:
            self._watch(left)
        else:
            self.transport.abort()

    def _unset_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _unset_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
