"""Which proofs were used."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .._base.limits import DPOP_WINDOW_SECONDS

ReplayOutcome = Literal["first", "used", "full"]


@dataclass(frozen=True)
class UsedProof:
    """A proof as a store remembers it."""

    #: Unique to the proof, of bounded length.
    key: str
    #: Thumbprint of the key that signed it: one key's flood fills its own share alone.
    jkt: str
    #: When it cannot be accepted any more and may be forgotten.
    expires_at_seconds: int


class ReplayStore(Protocol):
    """Remembers used proofs. Several processes of one resource share a store with an atomic put-if-absent.

    Otherwise a proof works once in each process; it stays bound to key, method, URL and token. Stores for the async
    classes may have coroutine functions.
    """

    def use(self, proof: UsedProof, now_seconds: int) -> ReplayOutcome | Awaitable[ReplayOutcome]:
        """Records a first use, atomically; ``full`` when it cannot be remembered, and is therefore refused."""

    def forget(self, proof: UsedProof) -> None | Awaitable[None]:
        """Forgets a proof whose token the issuer called inactive: it gave access to nothing."""


# a proof's `iat` may lie so far ahead, and it is accepted as long after it
_generation_seconds = 2 * DPOP_WINDOW_SECONDS
# so many keys must flood a store together before it is full for others
_shares = 10


@dataclass
class _Generation:
    proofs: set[str] = field(default_factory=set)
    by_key: Counter[str] = field(default_factory=Counter)


class MemoryReplayStore:
    """A bounded store in this process: two generations, each held for at least the life of a proof.

    :param most: most proofs of one generation
    :param most_per_key: most of them by one key
    """

    def __init__(self, most: int = 100_000, most_per_key: int | None = None) -> None:
        self._most = most
        self._most_per_key = math.ceil(most / _shares) if most_per_key is None else most_per_key
        self._current, self._previous = _Generation(), _Generation()
        self._started: float = -math.inf
        self._lock = threading.Lock()

    def use(self, proof: UsedProof, now_seconds: int) -> ReplayOutcome:
        """As :meth:`ReplayStore.use`."""
        with self._lock:
            self._turn(now_seconds)
            if proof.key in self._current.proofs or proof.key in self._previous.proofs:
                return "used"
            if len(self._current.proofs) >= self._most or self._current.by_key[proof.jkt] >= self._most_per_key:
                return "full"
            self._current.proofs.add(proof.key)
            self._current.by_key[proof.jkt] += 1
            return "first"

    def _turn(self, now_seconds: int) -> None:
        age = now_seconds - self._started
        # a clock that was set back must not fill the store: the generation is kept once more for its whole time
        if age < 0:
            self._started = now_seconds
        if age >= _generation_seconds:
            self._previous = _Generation() if age >= 2 * _generation_seconds else self._current
            self._current = _Generation()
            self._started = now_seconds

    def forget(self, proof: UsedProof) -> None:
        """As :meth:`ReplayStore.forget`."""
        with self._lock:
            for generation in (self._current, self._previous):
                if proof.key in generation.proofs:
                    generation.proofs.discard(proof.key)
                    generation.by_key[proof.jkt] -= 1
                    return
