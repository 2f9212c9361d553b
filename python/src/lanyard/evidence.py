"""What an agent shows where it runs. Both kinds of AWS need the extra ``aws``."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .errors import EvidenceError

if TYPE_CHECKING:
    from botocore.session import Session as BotocoreSession

__all__ = ["EcsTask", "EvidenceRequest", "EvidenceSource", "StsCallerIdentity", "StsWebIdentity"]


@dataclass(frozen=True)
class EvidenceRequest:
    """What evidence must be made for."""

    #: The document's audience.
    issuer: str
    #: One-use challenge, valid for a minute.
    challenge: str
    #: RFC 7638 thumbprint of the agent's key.
    jkt: str
    #: The same key as SPKI in DER.
    public_key: bytes

    @property
    def tags(self) -> Mapping[str, str]:
        """The names in which evidence carries challenge, key and issuer."""
        return {"lanyard-challenge": self.challenge, "lanyard-jkt": self.jkt, "lanyard-issuer": self.issuer}


class EvidenceSource(Protocol):
    """Fetches the workload's own identity document. One of yours may be a coroutine function, for ``AsyncAgent``."""

    @property
    def type(self) -> str:
        """Name of the kind, as registrations' selectors name it."""

    def collect(self, request: EvidenceRequest) -> Mapping[str, Any] | Awaitable[Mapping[str, Any]]:
        """A fresh document for exactly this request.

        :raises EvidenceError: when there is none
        """


def _session(given: BotocoreSession | None) -> BotocoreSession:
    if given is not None:
        return given
    from botocore.session import get_session

    return get_session()


class StsWebIdentity:
    """Outbound web identity federation (``sts:GetWebIdentityToken``): STS signs who called it, for our issuer.

    :param region: of STS
    :param session: a botocore session; one with the usual chain of credentials when left out
    :param endpoint: another STS endpoint, such as a VPC endpoint
    :param duration_seconds: life of the document, 60 to 300; it is used within one
    """

    type = "aws-sts-web-identity"

    def __init__(
        self,
        *,
        region: str,
        session: BotocoreSession | None = None,
        endpoint: str | None = None,
        duration_seconds: int = 60,
    ) -> None:
        if not 60 <= duration_seconds <= 300:
            raise ValueError("duration_seconds is 60 to 300")
        self._duration = duration_seconds
        self._sts = _session(session).create_client("sts", region_name=region, endpoint_url=endpoint)

    def collect(self, request: EvidenceRequest) -> Mapping[str, Any]:
        """As :meth:`EvidenceSource.collect`."""
        named = ("lanyard-challenge", "lanyard-jkt")
        answer = self._sts.get_web_identity_token(
            Audience=[request.issuer],
            SigningAlgorithm="ES384",
            DurationSeconds=self._duration,
            Tags=[{"Key": name, "Value": request.tags[name]} for name in named],
        )
        token = answer.get("WebIdentityToken")
        if not token:
            raise EvidenceError("sts answered without a token")
        return {"token": token}


# of partitions whose hosts do not end as the others'
_suffixes = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
_body = "Action=GetCallerIdentity&Version=2011-06-15"


class StsCallerIdentity:
    """A signed ``sts:GetCallerIdentity`` request that is never sent from here; it needs no permission.

    :param region: of the STS endpoint that will be called
    :param session: a botocore session; one with the usual chain of credentials when left out
    """

    type = "aws-sts-caller-identity"

    def __init__(self, *, region: str, session: BotocoreSession | None = None) -> None:
        self._region = region
        self._session = _session(session)

    def collect(self, request: EvidenceRequest) -> Mapping[str, Any]:
        """As :meth:`EvidenceSource.collect`."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        credentials = self._session.get_credentials()
        if credentials is None:
            raise EvidenceError("the usual chain has no credentials")
        # the signature covers the host, so the host of another partition would make it useless
        partition = self._session.get_partition_for_region(self._region)
        host = f"sts.{self._region}.{_suffixes.get(partition, 'amazonaws.com')}"
        # the signature covers challenge, key and issuer, so that only this deployment can use it, and only now
        headers = {
            "host": host,
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            **request.tags,
        }
        signed = AWSRequest("POST", f"https://{host}/", headers=headers, data=_body)
        SigV4Auth(credentials.get_frozen_credentials(), "sts", self._region).add_auth(signed)
        sent = {name: signed.headers.get(name) for name in ("authorization", "x-amz-date", "x-amz-security-token")}
        missing = [name for name, value in sent.items() if not value]
        if missing:
            raise EvidenceError(f"{missing[0]} is missing: only temporary credentials of a role can attest")
        return {"region": self._region, "headers": {**sent, **request.tags}}


class EcsTask(StsCallerIdentity):
    """An ECS task: the same request, signed with the task's own credentials, whose session ECS names after the task.

    :param cluster: name of the task's cluster, in which the deployment looks the task up
    """

    type = "ecs-task"

    def __init__(self, *, cluster: str, region: str, session: BotocoreSession | None = None) -> None:
        super().__init__(region=region, session=session)
        self._cluster = cluster

    def collect(self, request: EvidenceRequest) -> Mapping[str, Any]:
        """As :meth:`EvidenceSource.collect`."""
        return {**super().collect(request), "cluster": self._cluster}
