"""Lanyard for AI agents and for the APIs they call."""

from .errors import AccessError, EvidenceError, LanyardError, Refusal, Reply
from .server import (
    AsyncResourceServer,
    Authenticated,
    Description,
    DetailsType,
    MemoryReplayStore,
    Nonces,
    ReplayStore,
    ResourceServer,
    VerifiedAccess,
)

__all__ = [
    "AccessError",
    "AsyncResourceServer",
    "Authenticated",
    "Description",
    "DetailsType",
    "EvidenceError",
    "LanyardError",
    "MemoryReplayStore",
    "Nonces",
    "Refusal",
    "ReplayStore",
    "Reply",
    "ResourceServer",
    "VerifiedAccess",
]
