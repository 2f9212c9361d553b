"""Addresses: one spelling for all equivalent ones, and what may be called at all."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote

_address = re.compile(r"(https?)://([^/]+)(/.*)?", re.IGNORECASE | re.DOTALL)
_unclear = re.compile(r"[\x00-\x20\x7f\\]")
_authority = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=-]+)(?::([0-9]*))?")
_default_ports = {"http": 80, "https": 443}
_unreserved = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class NormalUrl(NamedTuple):
    """An http address in the one spelling that all its equivalent spellings share."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a default port."""
        port = "" if self.port == _default_ports[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


def normal_url(text: str) -> NormalUrl | None:
    """Normalizes an address by RFC 3986 6.2.2 and 6.2.3. Query and fragment are not compared (RFC 9449 4.3, check 9).

    None for a text that is no http address, that names a user, or that two programs would read differently. A host that
    this does not read for certain (an escape, another script, a number in another base) equals no other.
    """
    address = re.split(r"[?#]", text, maxsplit=1)[0]
    found = _address.fullmatch(address)
    if found is None or "@" in found[2] or _unclear.search(address):
        return None
    scheme = found[1].lower()
    authority = _authority.fullmatch(found[2].lower())
    if authority is None:
        return None
    host = _host(authority[1])
    port = int(authority[2]) if authority[2] else _default_ports[scheme]
    if host is None or port > 65_535:
        return None
    return NormalUrl(scheme, host, port, _normal_path(found[3] or "/"))


def _host(text: str) -> str | None:
    try:
        if text.startswith("["):
            return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
        # a host whose last part is a number is an address of IPv4, which has one plain spelling
        if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", text.rstrip(".").rsplit(".", 1)[-1]):
            return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None
    return text


def _normal_path(path: str) -> str:
    segments = path.split("/")[1:]
    kept: list[str] = []
    for at, segment in enumerate(segments):
        plain = re.sub("%2e", ".", segment, flags=re.IGNORECASE)
        is_last = at == len(segments) - 1
        if plain == "..":
            del kept[-1:]
        if plain in (".", ".."):
            if is_last:
                kept.append("")
            continue
        kept.append(segment)
    joined = "/" + "/".join(quote(segment, safe="%!$&'()*+,;=:@[]^|\"<>`{}~") for segment in kept)
    # half an escape means nothing; decoding beside it could complete it, and two addresses would become one
    if not re.search(r"%(?![0-9a-fA-F]{2})", joined):
        joined = re.sub(r"%[0-9a-fA-F]{2}", _decoded, joined)
    return re.sub(r'["<>\[\]^`{|}]', lambda found: f"%{ord(found[0]):02X}", joined)


def _decoded(escaped: re.Match[str]) -> str:
    character = chr(int(escaped[0][1:], 16))
    return character if character in _unreserved else escaped[0].upper()


def same_url(one: str, other: str) -> bool:
    """Whether two addresses name the same resource; an address that cannot be normalized equals no other."""
    normal = normal_url(one)
    return normal is not None and normal == normal_url(other)


_loopback = re.compile(r"localhost|[a-z0-9.-]+\.localhost|127\.0\.0\.1|\[::1\]")


def is_secure(url: str) -> bool:
    """Whether an address is https, or http on this machine: tokens and proofs go nowhere in clear."""
    normal = normal_url(url)
    return normal is not None and (normal.scheme == "https" or _loopback.fullmatch(normal.host) is not None)


def _parts(url: str) -> tuple[str, str, str]:
    normal = normal_url(url)
    if normal is None:
        raise ValueError("not an http address")
    rest = url.split("#", 1)[0].split("://", 1)[1]
    path_and_query = rest[len(re.split(r"[/?]", rest, maxsplit=1)[0]) :]
    path, mark, query = path_and_query.partition("?")
    return normal.origin, path or "/", mark + query if query else ""


def origin_of(url: str) -> str:
    """The origin of an http address.

    :raises ValueError: for anything else
    """
    return _parts(url)[0]


def issuer_metadata_url(issuer: str, name: str = "oauth-authorization-server") -> str:
    """Where an issuer's metadata stands (RFC 8414 3.1)."""
    origin, path, _ = _parts(issuer)
    return f"{origin}/.well-known/{name}{path.removesuffix('/')}"


def resource_metadata_url(resource: str) -> str:
    """Where a protected resource's metadata stands (RFC 9728 3.1): `/mcp` and `/mcp/` are two resources."""
    origin, path, query = _parts(resource)
    return f"{origin}/.well-known/oauth-protected-resource{'' if path == '/' else path}{query}"


def is_within(url: str, base: str) -> bool:
    """Whether an address is at another or below it, by whole segments, also for servers that decode a path first."""
    wanted, allowed = normal_url(url), normal_url(base)
    if wanted is None or allowed is None or wanted[:3] != allowed[:3]:
        return False
    return _below(wanted.path, allowed.path) and _below(_loosely(wanted.path), _loosely(allowed.path))


def _below(path: str, base: str) -> bool:
    return path == base or path.startswith(base.removesuffix("/") + "/")


def _loosely(path: str) -> str:
    parts: list[str] = []
    for part in re.sub(r"%2F|%5C", "/", path).split("/")[1:]:
        name = re.sub(r"(?:;|%3B).*", "", part, flags=re.DOTALL)
        if name == "..":
            del parts[-1:]
        elif name != ".":
            parts.append(part)
    return "/" + "/".join(parts)
