"""AWS credentials of a session, as botocore renews them; and evidence by STS."""

from __future__ import annotations

import threading

import botocore.session
import httpx
import pytest
from issuer import TICKETS, Issuer
from test_agent import refused

from lanyard import Grant, LanyardError
from lanyard.aws import SessionCredentials, botocore_session
from lanyard.evidence import EcsTask, EvidenceRequest, StsCallerIdentity, StsWebIdentity

READ = [Grant(TICKETS, ["tickets:read"])]


def ground(renewable: bool = True) -> tuple[Issuer, SessionCredentials]:
    issuer = Issuer()
    issuer.life = 3_600
    session = issuer.agent().open(READ, renewable=renewable)
    return issuer, SessionCredentials(session, TICKETS, scopes=["tickets:read"], role="reader", lifetime_seconds=60)


def test_the_request_is_the_wires() -> None:
    issuer, _ = ground()
    [form] = issuer.asked("credentials")
    assert {name: form[name] for name in ("resource", "scope", "role", "lifetime_seconds", "subject_token_type")} == {
        "resource": TICKETS,
        "scope": "tickets:read",
        "role": "reader",
        "lifetime_seconds": "60",
        "subject_token_type": "lanyard:token-type:session",
    }
    assert "grant_type" not in form


def test_botocores_windows_are_those_of_a_minute() -> None:
    issuer, credentials = ground()
    # with its own windows botocore would renew a minute's credentials before each use
    for _ in range(50):
        assert credentials.get_frozen_credentials().access_key == "ASIA2"
    issuer.clock.seconds += 29
    assert credentials.get_frozen_credentials().access_key == "ASIA2"
    issuer.clock.seconds += 2
    assert credentials.get_frozen_credentials().access_key == "ASIA3"
    assert len(issuer.asked("credentials")) == 2


def test_many_threads_make_one_request() -> None:
    issuer, credentials = ground()
    issuer.clock.seconds += 55
    together = threading.Barrier(20)
    got: list[str] = []

    def use() -> None:
        together.wait()
        got.append(credentials.get_frozen_credentials().access_key)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["ASIA3"] * 20 and len(issuer.asked("credentials")) == 2


def test_an_outage_breaks_no_call_while_those_in_hand_live() -> None:
    issuer, credentials = ground()
    issuer.clock.seconds += 40
    issuer.instead["credentials"] = [httpx.ConnectError("no")] * 9
    for _ in range(5):
        assert credentials.get_frozen_credentials().access_key == "ASIA2"
    # asked once, and not before each request
    assert len(issuer.asked("credentials")) == 2
    issuer.clock.seconds += 15
    with pytest.raises(LanyardError) as failed:
        credentials.get_frozen_credentials()
    assert failed.value.code == "unreachable"


def test_a_session_that_is_over_hands_nothing_out() -> None:
    issuer, credentials = ground()
    issuer.clock.seconds += 40
    issuer.instead["credentials"] = [refused(400, "invalid_grant")]
    for _ in range(2):
        with pytest.raises(LanyardError) as failed:
            credentials.get_frozen_credentials()
        assert failed.value.code == "request_refused"
    issuer, credentials = ground()
    credentials._session.end()
    with pytest.raises(LanyardError) as over:
        credentials.get_frozen_credentials()
    assert over.value.code == "session_over"


def test_a_session_of_one_access_token_gets_none() -> None:
    with pytest.raises(LanyardError) as lapsed:
        ground(renewable=False)
    assert lapsed.value.code == "session_lapsed"


def test_a_botocore_session_signs_with_them() -> None:
    _, credentials = ground()
    made = botocore_session(credentials, region="eu-west-1")
    assert made.get_credentials().get_frozen_credentials().access_key == "ASIA2"
    assert made.get_config_variable("region") == "eu-west-1"


REQUEST = EvidenceRequest("https://issuer.example", "challenge-1", "jkt-1", b"spki")


def session_with(token: str | None) -> botocore.session.Session:
    made = botocore.session.get_session()
    made.set_credentials("ASIAX", "secret", token)
    return made


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-west-1", "sts.eu-west-1.amazonaws.com"), ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn")],
)
def test_caller_identity_signs_challenge_key_and_issuer(region: str, host: str) -> None:
    from botocore.awsrequest import AWSRequest

    seen: list[AWSRequest] = []
    document = StsCallerIdentity(region=region, session=session_with("temporary")).collect(REQUEST)
    headers = document["headers"]
    assert document["region"] == region and host.startswith(f"sts.{region}.") and not seen
    signed = "content-type;host;lanyard-challenge;lanyard-issuer;lanyard-jkt;x-amz-date;x-amz-security-token"
    assert f"SignedHeaders={signed}" in headers["authorization"] and f"/{region}/sts/" in headers["authorization"]
    assert headers["lanyard-challenge"] == "challenge-1" and headers["lanyard-jkt"] == "jkt-1"
    assert headers["lanyard-issuer"] == "https://issuer.example" and headers["x-amz-security-token"] == "temporary"


def test_long_lived_keys_attest_nothing() -> None:
    with pytest.raises(LanyardError) as refused_:
        StsCallerIdentity(region="eu-west-1", session=session_with(None)).collect(REQUEST)
    assert refused_.value.code == "evidence_failed"


def test_a_task_names_its_cluster() -> None:
    document = EcsTask(cluster="agents", region="eu-west-1", session=session_with("temporary")).collect(REQUEST)
    assert document["cluster"] == "agents" and "authorization" in document["headers"]


def test_a_documents_life_is_bounded() -> None:
    with pytest.raises(ValueError):
        StsWebIdentity(region="eu-west-1", duration_seconds=301)
