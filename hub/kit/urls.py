"""May this text be used as a URL, an address to listen on, or a list of addresses? Each says what it should be."""

from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, parse_qs, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator

from hub.kit.mailboxes import MAILBOX
from hub.kit.origins import read_url_origin


def format_url_host(host: str) -> str:
    """A host as it stands in a URL: an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def split_url(value: str, *schemes: str) -> SplitResult:
    """The parts of a URL with one of these schemes, a host and a possible port. Raises ValueError without its text."""
    wanted = f"should be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in schemes or not host:
        raise ValueError(wanted)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("should be a URL with a port between 1 and 65535, or with none")
    return parts


def url_validator(*schemes: str) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is not None:
            split_url(value, *schemes)
        return value

    return AfterValidator(check)


def read_origin(value: str | None) -> str | None:
    """Scheme, host and port as browsers send them: where people's pages are, all of them.

    A domain in Chinese is given in ASCII (UTS 46), a default port and the slash that paths begin with are left out.
    """
    if value is None:
        return None
    parts = split_url(value, "http", "https")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("should be a URL with nothing behind host and port: the pages are at the root")
    if "@" in parts.netloc:
        raise ValueError("should be a URL with nothing before the host: people sign in on the page")
    origin = read_url_origin(value)
    if origin is None:
        raise ValueError("should be a URL with a domain that browsers can send, such as https://anling.example.org")
    return origin.url


def check_postgres_url(value: str | None) -> str | None:
    """A host may be missing, or be several: PostgreSQL's own library reads the rest."""
    try:
        scheme = None if value is None else urlsplit(value).scheme
    except ValueError:
        scheme = ""
    if scheme not in {None, "postgresql", "postgres"}:
        raise ValueError("should be a URL that begins with postgresql://")
    try:
        conninfo_to_dict(value or "")
    except psycopg.ProgrammingError:  # its text may hold the password
        raise ValueError(
            "should be a URL that PostgreSQL understands, such as postgresql://anling@database:5432/anling?sslmode=require"
        ) from None
    return value


def read_mailserver(value: object) -> object:
    """Looked at before it is hidden."""
    if isinstance(value, str):
        parts = split_url(value, "smtp", "smtps")
        asked = parse_qs(parts.query.replace("+", "%2B"), keep_blank_values=True)  # anling+hub@… is an address
        if parts.path not in {"", "/"} or parts.fragment or asked.keys() - {"from"}:
            # Without naming it: of a password that holds a question mark, the rest would be it.
            raise ValueError("should be a URL with nothing but ?from= behind host and port")
        senders = asked.get("from", [])
        if len(senders) > 1 or not all(map(MAILBOX.fullmatch, senders)):
            raise ValueError("should be a URL with ?from= and one address behind it, such as anling@example.org")
    return value


def check_listening_address(value: str) -> str:
    if not value.strip():
        raise ValueError("should be an address to listen on, such as 127.0.0.1")
    return value


def read_addresses(value: object) -> object:
    """`192.168.1.20,127.0.0.1` as its parts; each an IP address that viewers can reach."""
    if not isinstance(value, str):
        return value
    addresses = tuple(part.strip() for part in value.split(",") if part.strip())
    for address in addresses:
        try:
            ip_address(address)
        except ValueError:
            raise ValueError(f"should be IP addresses with commas between them; {address!r} is none") from None
    if not addresses:
        raise ValueError("should be at least one IP address")
    return addresses


def check_networks(value: str | None) -> str | None:
    for part in [] if value is None else value.split(","):
        try:
            ip_network(part.strip())
        except ValueError:
            raise ValueError(f"should be addresses or networks with commas between them; {part!r} is none") from None
    return value
