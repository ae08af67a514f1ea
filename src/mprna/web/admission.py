"""Admission: limits how many requests (or jobs) there are at once, in total and per client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from mprna.web.problems import ApiError


class Admission:
    """Counts the requests of every client.

    Args:
        most: limit for all clients together.
        most_per_client: limit for one address.
        things: what is counted, such as "requests"; for messages.
    """

    def __init__(self, most: int, most_per_client: int, things: str) -> None:
        self._most, self._most_per_client, self._things = most, most_per_client, things
        self._by_client: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many are in now."""
        return self._by_client.total()

    def enter(self, client: str) -> None:
        """Let one in; whoever calls this must call `leave` later.

        Raises:
            ApiError: 503, there are too many; 429, this client has too many.
        """
        if self._by_client[client] >= self._most_per_client:
            message = f"{self._most_per_client} {self._things} of yours are not finished; wait for one"
            raise ApiError(429, "too_many_requests", message)
        if self.total >= self._most:
            raise ApiError(503, "busy", f"{self._most} {self._things} are not finished; try again soon")
        self._by_client[client] += 1

    def leave(self, client: str) -> None:
        """Let one out again."""
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]

    @contextmanager
    def admitted(self, client: str) -> Iterator[None]:
        """`enter`, and `leave` whatever happens."""
        self.enter(client)
        try:
            yield
        finally:
            self.leave(client)
