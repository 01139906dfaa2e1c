"""What is a camera told that asks who we are? Digest (RFC 7616, and RFC 2069 without qop) or Basic (RFC 7617).

FFmpeg answers the last challenge alone, knows MD5 alone, and gives up at a nonce that is stale: so the relay signs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

# The names of IANA's registry of Digest algorithms, the strongest first, and what Python calls them.
_HASHES: Final = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
_STRENGTH: Final = tuple(name + suffix for name in _HASHES for suffix in ("", "-SESS"))
_SCHEME: Final = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s|$|,)(?!\s*=)")
_PARAMETER: Final = re.compile(r'([A-Za-z0-9*_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to a camera, as bytes: what stands in its address, with escapes resolved (RFC 3986 clause 2.1)."""

    user: bytes
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in which a camera lets itself be convinced: a scheme and its parameters, by names in lower case."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def algorithm(self) -> str:
        """In capitals; what names none is MD5 (RFC 7616 clause 3.3)."""
        return self.parameters.get("algorithm", "MD5").upper()

    @property
    def is_stale(self) -> bool:
        """Whether only the nonce was too old, and the password right."""
        return self.parameters.get("stale", "").lower() == "true"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What is signed: method and address as they stand in the request's first line, and its body."""

    method: bytes
    uri: bytes
    body: bytes = b""


def parse_account(written: str) -> Account | None:
    """The account of an address, of which the @ may stand there still. None where there is none."""
    user, _, password = written.removesuffix("@").partition(":")
    return Account(unquote_to_bytes(user), unquote_to_bytes(password)) if written else None


def parse_challenges(headers: Sequence[bytes]) -> list[Challenge]:
    """What WWW-Authenticate headers ask for: several of them, or several challenges in one, in their order."""
    return [challenge for header in headers for challenge in _split_challenges(header.decode("utf-8", "replace"))]


def _split_challenges(header: str) -> Iterator[Challenge]:
    # Commas stand between challenges, between parameters, and within quotes: those are hidden while schemes are found.
    hidden = re.sub(r'"(?:[^"\\]|\\.)*"', lambda quoted: '"' + "q" * (len(quoted[0]) - 2) + '"', header)
    starts = list(_SCHEME.finditer(hidden))
    ends = [found.start() for found in starts[1:]]
    for nth, found in enumerate(starts):
        end = ends[nth] if nth < len(ends) else len(header)
        said = _PARAMETER.findall(header[found.end() : end])
        yield Challenge(
            found[1].lower(),
            {name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for name, quoted, bare in said},
        )


def choose_challenge(challenges: Sequence[Challenge], tried: frozenset[str] = frozenset()) -> Challenge | None:
    """The strongest that can be answered and whose algorithm was not `tried`; None when there is none.

    Basic, which tells the password to whoever listens, only where no Digest is asked for.
    """
    digests = [one for one in challenges if one.scheme == "digest" and "nonce" in one.parameters]
    usable = [
        one for one in digests if one.algorithm in _STRENGTH and one.algorithm not in tried and _choose_qop(one) != ""
    ]
    if usable:
        return min(usable, key=lambda one: _STRENGTH.index(one.algorithm))
    if any(one.scheme == "digest" for one in challenges):
        return None
    return next((one for one in challenges if one.scheme == "basic" and "BASIC" not in tried), None)


def name_challenge(challenge: Challenge) -> str:
    """What was tried with it, as `choose_challenge` asks."""
    return "BASIC" if challenge.scheme == "basic" else challenge.algorithm


def describe_challenges(challenges: Sequence[Challenge]) -> str:
    """What a camera asks for, for people: such as "Digest MD4, Negotiate"; nothing it invented is repeated."""
    known = [one for one in challenges if re.fullmatch(r"[a-z0-9-]{1,20}", one.scheme)]
    names = [
        f"Digest {one.algorithm}" if one.scheme == "digest" and re.fullmatch(r"[A-Z0-9-]{1,20}", one.algorithm)
        else one.scheme.capitalize()
        for one in known
    ]  # fmt: skip
    return ", ".join(dict.fromkeys(names)) or "nothing that is known"


def sign_request(
    challenge: Challenge, account: Account, request: SignedRequest, count: int, client_nonce: str
) -> bytes:
    """The value of the Authorization header; `count` is how often this nonce was answered, from 1 on."""
    if challenge.scheme == "basic":
        return b"Basic " + base64.b64encode(account.user + b":" + account.password)
    said = challenge.parameters
    digest = _hash_of(challenge.algorithm)
    realm, nonce, qop = said.get("realm", "").encode(), said["nonce"].encode(), _choose_qop(challenge)
    secret = digest(account.user + b":" + realm + b":" + account.password)
    if challenge.algorithm.endswith("-SESS"):
        secret = digest(b":".join([secret, nonce, client_nonce.encode()]))
    asked = request.method + b":" + request.uri
    if qop == "auth-int":
        asked += b":" + digest(request.body)
    if qop is None:
        response = digest(b":".join([secret, nonce, digest(asked)]))
    else:
        counted = [nonce, b"%08x" % count, client_nonce.encode(), qop.encode()]
        response = digest(b":".join([secret, *counted, digest(asked)]))
    return _write_digest(challenge, account, request, response, count, client_nonce)


def _write_digest(
    challenge: Challenge, account: Account, request: SignedRequest, response: bytes, count: int, client_nonce: str
) -> bytes:
    said, qop = challenge.parameters, _choose_qop(challenge)
    user = account.user
    if hides_user := said.get("userhash", "").lower() == "true":
        user = _hash_of(challenge.algorithm)(account.user + b":" + said.get("realm", "").encode())
    quoted = [(b"username", user), (b"realm", said.get("realm", "").encode()), (b"nonce", said["nonce"].encode())]
    quoted += [(b"uri", request.uri), (b"response", response)]
    if "opaque" in said:
        quoted.append((b"opaque", said["opaque"].encode()))
    words = [name + b'="' + _escape_quoted(value) + b'"' for name, value in quoted]
    if "algorithm" in said:
        words.append(b"algorithm=" + said["algorithm"].encode())
    if qop is not None:
        words += [b"qop=" + qop.encode(), b"nc=%08x" % count]
    if qop is not None or challenge.algorithm.endswith("-SESS"):
        words.append(b'cnonce="' + client_nonce.encode() + b'"')
    if hides_user:
        words.append(b"userhash=true")
    return b"Digest " + b", ".join(words)


def _escape_quoted(value: bytes) -> bytes:
    """For a quoted string; what would end the header's line is left out."""
    return re.sub(rb'(["\\])', rb"\\\1", re.sub(rb"[\r\n\x00]", b"", value))


def _choose_qop(challenge: Challenge) -> str | None:
    """How far the signature goes: None as in RFC 2069, where nothing is offered; "" when only unknown is."""
    if "qop" not in challenge.parameters:
        return None
    offered = {word.strip().lower() for word in challenge.parameters["qop"].split(",")} - {""}
    if not offered:
        return None
    return "auth" if "auth" in offered else "auth-int" if "auth-int" in offered else ""


def _hash_of(algorithm: str) -> Callable[[bytes], bytes]:
    name = _HASHES[algorithm.removesuffix("-SESS")]
    return lambda content: hashlib.new(name, content, usedforsecurity=False).hexdigest().encode()
