"""Lanyard for AI agents and for the APIs they call."""

from .agent import (
    AccessToken,
    Agent,
    AsyncAgent,
    AsyncSession,
    Endpoints,
    Expected,
    Grant,
    HeldOffer,
    Identity,
    Session,
)
from .costs import Cost, Reservation, Settled
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
    "AccessToken",
    "Agent",
    "AsyncAgent",
    "AsyncResourceServer",
    "AsyncSession",
    "Authenticated",
    "Cost",
    "Description",
    "DetailsType",
    "Endpoints",
    "EvidenceError",
    "Expected",
    "Grant",
    "HeldOffer",
    "Identity",
    "LanyardError",
    "MemoryReplayStore",
    "Nonces",
    "Refusal",
    "ReplayStore",
    "Reply",
    "Reservation",
    "ResourceServer",
    "Session",
    "Settled",
    "VerifiedAccess",
]
