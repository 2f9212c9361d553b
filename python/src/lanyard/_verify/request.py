"""A request as a framework delivers it, and what of it is answered before any token."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.urls import normal_url, origin_of, resource_metadata_url
from .._jose.dpop import DPOP_ALGORITHMS
from ..errors import AccessError, Refusal, Reply
from .verifier import PresentedRequest

Headers = Mapping[str, "str | Sequence[str]"] | Iterable[tuple[str, str]]


class Request:
    """A request of any framework.

    :param method: as it came
    :param url: path and query as the caller wrote them, still escaped; of an absolute URL only these are read
    :param headers: every header that came; pairs, so that a second value of one name cannot be hidden, or a mapping
    """

    def __init__(self, method: str, url: str, headers: Headers) -> None:
        self.method = method
        self.url = url
        self._values: dict[str, list[str]] = {}
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        for name, value in pairs:
            values = [value] if isinstance(value, str) else list(value)
            self._values.setdefault(name.lower(), []).extend(values)

    def values(self, name: str) -> Sequence[str]:
        """Every value of a header."""
        return self._values.get(name, ())

    @property
    def target(self) -> str:
        """Path and query."""
        absolute = re.match(r"https?://[^/?#]*", self.url, re.IGNORECASE)
        rest = self.url[absolute.end() :] if absolute else self.url
        return rest if rest.startswith("/") else f"/{rest}"


@dataclass(frozen=True)
class Description:
    """What a resource server tells clients about itself, beyond what its guard tells (RFC 9728 2)."""

    name: str | None = None
    #: Page for developers.
    documentation: str | None = None
    #: Scopes that clients should ask for; not necessarily all.
    scopes: Sequence[str] = field(default_factory=tuple)
    #: The guard's own types when left out.
    details_types: Sequence[str] | None = None
    #: Algorithms with which this server signs its answers, if it does.
    response_signing_algorithms: Sequence[str] = field(default_factory=tuple)


_any_origin = {"Access-Control-Allow-Origin": "*"}
_preflight_of_metadata = {
    **_any_origin,
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "MCP-Protocol-Version",
    "Access-Control-Max-Age": "600",
}
_preflight = {
    **_any_origin,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    # a wildcard does not include Authorization (Fetch, CORS protocol)
    "Access-Control-Allow-Headers": "Authorization, DPoP, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, "
    "Last-Event-ID, *",
    "Access-Control-Max-Age": "600",
}


class Metadata:
    """The metadata of one protected resource (RFC 9728), served at its own well-known path and at that of its origin."""

    def __init__(self, resource: str, issuer: str, accept_bearer: bool, description: Description) -> None:
        self.url = resource_metadata_url(resource)
        self._path, mark, query = self.url[len(origin_of(self.url)) :].partition("?")
        self._query = mark + query
        lists = {
            "scopes_supported": description.scopes,
            "authorization_details_types_supported": description.details_types,
            "resource_signing_alg_values_supported": description.response_signing_algorithms,
        }
        self.document: Mapping[str, Any] = {
            "resource": resource,
            "authorization_servers": [issuer],
            **({"bearer_methods_supported": ["header"]} if accept_bearer else {}),
            **{name: list(values) for name, values in lists.items() if values},
            "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
            "dpop_bound_access_tokens_required": not accept_bearer,
            **({} if description.name is None else {"resource_name": description.name}),
            **({} if description.documentation is None else {"resource_documentation": description.documentation}),
        }

    def answer(self, method: str, target: str) -> Reply | None:
        """The answer to a request for the metadata, for everybody; None when it asks for something else."""
        path, mark, query = target.split("#", 1)[0].partition("?")
        asked = mark + query if query else ""
        own = path == self._path and self._query in ("", asked)
        if not own and not (path == "/.well-known/oauth-protected-resource" and not asked):
            return None
        if method == "OPTIONS":
            return Reply(204, _preflight_of_metadata)
        if method not in ("GET", "HEAD"):
            return Reply(405, {"Allow": "GET, HEAD, OPTIONS"})
        headers = {**_any_origin, "Content-Type": "application/json", "Cache-Control": "public, max-age=300"}
        body = json.dumps(self.document, separators=(",", ":"), ensure_ascii=False)
        return Reply(200, headers, "" if method == "HEAD" else body)


def open_answer(request: Request, metadata: Metadata | None, cross_origin: bool) -> AccessError | None:
    """Answers what needs no token: the metadata, which says where to get one, and a browser's preflight."""
    described = metadata.answer(request.method, request.target) if metadata else None
    if described is not None:
        return AccessError(Refusal("open", {"what": "metadata"}), described)
    asks = request.method == "OPTIONS" and request.values("access-control-request-method")
    if not cross_origin or not asks or not request.values("origin"):
        return None
    return AccessError(Refusal("open", {"what": "preflight"}), Reply(204, _preflight))


def page_headers(request: Request, cross_origin: bool) -> Mapping[str, str]:
    """Headers without which a page could not read an answer, its challenge and nonce."""
    if not cross_origin or not request.values("origin"):
        return {}
    return {**_any_origin, "Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce, Retry-After"}


def presented(request: Request, url_of: Callable[[Request], str]) -> PresentedRequest:
    """What is verified: the URL by this server's own name for it, and every value of the two headers."""
    dpop = [part for value in request.values("dpop") for part in re.split(r"\s*,\s*", value)]
    return PresentedRequest(request.method, url_of(request), request.values("authorization"), dpop)


def own_url(resource: str, request_url: str | Callable[[Request], str] | None) -> Callable[[Request], str]:
    """How this server writes its own URLs: an absolute URL in a request must not choose the origin.

    :raises ValueError: where the resource is no http address and nothing says how
    """
    if request_url is not None and not isinstance(request_url, str):
        return request_url
    base = normal_url(resource if request_url is None else request_url)
    if base is None:
        raise ValueError("the resource is not an http address; pass request_url, the base of this server's own URLs")
    prefix = base.origin if request_url is None else base.origin + base.path.removesuffix("/")
    return lambda request: prefix + request.target
