"""SALESFORCE_HOSTS: which addresses we may send a token to.

Every URL passes here before a connection is made: the login and instance URLs that a user enrols, those that Salesforce
returns, and each request's own. What is not plainly `https://host[:port][/path][?query]` in printable ASCII is refused,
so no parser behind us can read another host out of it.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from apps.salesforce.errors import HostNotAllowed

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]{{2,45}}\]"
_URL = re.compile(
    rf"https://({_HOST})(?::([1-9][0-9]{{0,4}}))?((?:[/?][!$-;=?-\[\]_a-z~]*)?)", re.ASCII | re.IGNORECASE
)
_PATTERN = re.compile(rf"(\*\.)?({_HOST})(?::([1-9][0-9]{{0,4}}))?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to connect. listed: an administrator named exactly this host, so it may be anywhere; others must have a
    public address."""

    host: str
    port: int
    listed: bool


class AllowedHosts:
    """The entries of SALESFORCE_HOSTS: `*.salesforce.com` (any host below it), `login.example.com` (that host), each
    with an optional `:port` (443)."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        """Raises ValueError for an entry that is no host pattern."""
        self._suffixes: set[tuple[str, int]] = set()
        self._listed: set[tuple[str, int]] = set()
        for entry in entries:
            match = _PATTERN.fullmatch(entry.strip())
            if match is None:
                raise ValueError(f"SALESFORCE_HOSTS: “{entry}” is neither a host nor a pattern like *.salesforce.com")
            wildcard, host, port = match.groups()
            (self._suffixes if wildcard else self._listed).add((host.lower(), int(port or 443)))

    def split(self, url: str) -> tuple[Origin, str]:
        """The origin of an allowed URL, and the rest of it (path and query). Raises HostNotAllowed for every other."""
        match = _URL.fullmatch(url)
        if match is None:
            raise HostNotAllowed
        host, port, target = match.groups()
        return self._allowed(host.lower(), int(port or 443)), target

    def _allowed(self, host: str, port: int) -> Origin:
        if (host, port) in self._listed:
            return Origin(host, port, listed=True)
        below = host
        while "." in below:
            below = below.partition(".")[2]
            if (below, port) in self._suffixes and "xn--" not in host:
                return Origin(host, port, listed=False)
        raise HostNotAllowed


@lru_cache(maxsize=4096)
def is_public(address: str) -> bool:
    """False for loopback, private, link-local and other special addresses, in IPv4, IPv6, and IPv4 wrapped into
    IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return inner.is_global and not inner.is_multicast
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast
