"""AWS credentials of a session for botocore and boto3 (extra ``aws``).

They live for a minute or so. botocore renews what it holds ten to fifteen minutes before its end, which would be before
each request; so its windows are set by how long these live: from half their life on one caller renews them, and nobody
waits; in their last seconds everybody waits for the new ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from botocore.credentials import RefreshableCredentials
from botocore.session import Session as BotocoreSession
from botocore.session import get_session

from ._agent.calls import malformed, text_in
from ._agent.session import Grant
from ._base.clock import Life, moment_of, most_since
from ._base.flow import run
from .agent import Session
from .errors import LanyardError

__all__ = ["SessionCredentials", "botocore_session"]

# refusals that are about the session, the agent or what it may do: nothing that was given earlier is handed out then
_refusals = frozenset(
    (
        "request_refused",
        "identity_refused",
        "attestation_refused",
        "access_refused",
        "refused",
        "scope_refused",
        "target_refused",
        "details_refused",
        "session_over",
        "session_lapsed",
    )
)
# how long a failure is not asked about again, and at most
_pause_seconds = 1.0
_longest_pause_seconds = 30.0
# so long before their end they are no longer handed out: the request must still arrive
_longest_margin_seconds = 10.0


class SessionCredentials(RefreshableCredentials):  # type: ignore[misc]
    """Credentials of part of a session, kept and renewed; one request is under way at a time.

    An outage breaks no call while those in hand live. A session that is over ends it at once: nothing more is handed out.

    :param session: with a session token: of several grants, or opened with ``renewable``
    :param scopes: fewer than the session holds at the resource
    :param role: name of the registered role, where several stand for the resource
    :param lifetime_seconds: no longer than the deployment's setting and the session
    :raises LanyardError: the first ones are fetched at once
    """

    def __init__(
        self,
        session: Session,
        resource: str,
        *,
        scopes: Sequence[str] = (),
        details: Sequence[Mapping[str, Any]] = (),
        role: str | None = None,
        lifetime_seconds: int | None = None,
    ) -> None:
        self._session = session
        self._wanted = (Grant(resource, scopes, details), role, lifetime_seconds)
        self._over: LanyardError | None = None
        self._failed: tuple[LanyardError, Life] | None = None
        first = self._fetch()
        seconds = self._life.seconds
        super().__init__(
            first["access_key"],
            first["secret_key"],
            first["token"],
            self._expiry_datetime(first["expiry_time"]),
            refresh_using=self._fetch_again,
            method="lanyard",
            time_fetcher=self._now,
            advisory_timeout=seconds / 2,
            mandatory_timeout=min(_longest_margin_seconds, seconds / 6),
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._session._core.caller.clock.now(), timezone.utc)

    def _fetch(self) -> dict[str, str]:
        answer, life = run(self._session._core.aws(*self._wanted), self._session._http)
        try:
            said = datetime.fromisoformat(text_in(answer, "Expiration", "credentials").replace("Z", "+00:00"))
        except ValueError:
            raise malformed("credentials", "Expiration is no time") from None
        # never later than by this machine's clock, by which botocore measures
        end = min(said.timestamp(), life.asked.wall + life.seconds)
        self._life = life
        return {
            "access_key": text_in(answer, "AccessKeyId", "credentials"),
            "secret_key": text_in(answer, "SecretAccessKey", "credentials"),
            "token": text_in(answer, "SessionToken", "credentials"),
            "expiry_time": datetime.fromtimestamp(end, timezone.utc).isoformat(),
        }

    def _fetch_again(self) -> dict[str, str]:
        try:
            fetched = self._fetch()
        except LanyardError as error:
            if error.code in _refusals:
                self._over = error
            self._failed = (error, Life(moment_of(self._session._core.caller.clock), 0))
            raise
        self._failed = None
        return fetched

    def _refresh(self) -> None:
        """As botocore asks before each use."""
        self._session._core.must_live()
        if self._over is not None:
            raise self._over
        # an outage is not made worse by asking before each request
        if self._pauses() and not self.refresh_needed(self._mandatory_refresh_timeout):
            return
        super()._refresh()
        if self._over is not None:
            raise self._over

    def _pauses(self) -> bool:
        if self._failed is None:
            return False
        error, at = self._failed
        told = error.retry_after_seconds
        pause = max(_pause_seconds, self._life.seconds / 12) if told is None else float(told)
        age = most_since(at.asked, self._session._core.caller.clock)
        return age < min(pause, _longest_pause_seconds)


def botocore_session(credentials: SessionCredentials, *, region: str | None = None) -> BotocoreSession:
    """A botocore session that signs with these credentials and no others: ``boto3.Session(botocore_session=…)``."""
    made = get_session()
    made._credentials = credentials
    if region is not None:
        made.set_config_variable("region", region)
    return made
