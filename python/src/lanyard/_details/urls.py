"""Web addresses as bounds of a detail: what programs read differently is not understood, and what is not understood refused."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from .._base.limits import DETAIL_TEXT_CHARACTERS
from .._base.urls import normal_url


class Place(NamedTuple):
    """An address in one spelling; a last slash matters, as in HTTP."""

    origin: str
    path: str
    # with its `?`, or empty
    query: str


_shape = re.compile(r"(https?)://([^/?#@\\]*[^/?#@\\:])([/?][^#\\]*)?", re.IGNORECASE)
_unclear_host = re.compile("[%\u3002\uff0e\uff61\u00df\u03c2]", re.IGNORECASE)
# percent-encoded these are part of a name; decoded, they separate (RFC 3986 2.2)
_delimiter = re.compile(r"[:/?#[\]@!$&'()*+,;=%\\]")


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(c)[0] == "C" for c in text) and unicodedata.normalize("NFC", text) == text


def read_url(value: object) -> Place | None:
    """The place of an http address; None for what is not understood."""
    if not isinstance(value, str) or not 0 < len(value) <= DETAIL_TEXT_CHARACTERS or not _is_plain(value):
        return None
    found = None if re.search(r"\s", value) else _shape.fullmatch(value)
    if found is None:
        return None
    scheme, authority, rest = found[1], found[2], found[3] or ""
    if _unclear_host.search(authority) or unicodedata.normalize("NFKC", authority) != authority:
        return None
    path, mark, query = rest.partition("?")
    # some readers merge slashes, some distinguish an empty query from none
    if "//" in path or (mark and not query):
        return None
    host = _ascii_host(authority)
    normal = normal_url(f"{scheme}://{host}/") if host else None
    if normal is None or not re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", normal.host):
        return None
    read = _read_path(path or "/")
    return None if read is None else Place(normal.origin, read, f"?{quote(query, safe=_query_safe)}" if mark else "")


_query_safe = "%!$&()*+,-./:;=?@[]\\^_`{|}~"


def _ascii_host(authority: str) -> str | None:
    if authority.isascii():
        return authority
    host, colon, port = authority.partition(":")
    try:
        import idna  # httpx brings it; a name in another script is not understood without it

        return idna.encode(host.lower(), uts46=True).decode("ascii") + colon + port
    except (ImportError, ValueError):
        return None


def _read_path(path: str) -> str | None:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for at, segment in enumerate(segments):
        dots = re.sub("%2e", ".", segment, flags=re.IGNORECASE)
        if dots == "..":
            del kept[-1:]
        if dots in (".", ".."):
            if at == len(segments) - 1:
                kept.append("")
            continue
        kept.append(segment)
    names = ["" if s == "" and at == len(kept) - 1 else _read_segment(s) for at, s in enumerate(kept)]
    return None if None in names else "/" + "/".join(str(name) for name in names)


def _read_segment(segment: str) -> str | None:
    """One segment in its canonical encoding: `%41` is `A` (RFC 3986 6.2.2.2), `%2f` is refused."""
    try:
        for triplets in re.findall(r"(?:%[0-9a-fA-F]{2})+", segment):
            if _delimiter.search(unquote_to_bytes(triplets).decode("utf-8")):
                return None
        if re.search(r"%(?![0-9a-fA-F]{2})", segment):
            return None
        name = unquote_to_bytes(segment.encode("utf-8")).decode("utf-8")
    except UnicodeError:
        return None
    # ';' begins parameters that some servers remove before they resolve dots
    if re.search(r"[;*[\]]", name) or re.fullmatch(r"[. ]*", name) or not _is_plain(name):
        return None
    keep = re.compile(r"[^./\\%;?#*]")
    if keep.sub("", unicodedata.normalize("NFKC", name)) != keep.sub("", name):
        return None
    return quote(name, safe="!$&'()*+,;=:@~#?/-._")


def covers(bound: Place, place: Place) -> bool:
    """Whether an address is at a bound or below it, by whole segments, with the same query."""
    if bound.origin != place.origin or bound.query != place.query:
        return False
    below = bound.path if bound.path.endswith("/") else f"{bound.path}/"
    return bound.path == place.path or place.path.startswith(below)
