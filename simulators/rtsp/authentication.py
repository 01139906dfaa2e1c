"""How does a simulated camera authenticate readers? Digest (RFC 7616, RFC 2069 without qop) and Basic (RFC 7617)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

REALM = "simulated camera"
_PARAMETER = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))')


@dataclass(frozen=True, slots=True)
class CameraCredentials:
    """The one account of all simulated cameras."""

    user: str
    password: str = field(repr=False)


class CameraAuthenticator:
    """Asks one connection who it is, and judges what it says."""

    def __init__(self, challenges: tuple[str, ...] = (), requests_a_nonce: int | None = None) -> None:
        """Each challenge is an algorithm with, after a colon, its qop, or Basic; none given: Digest as in RFC 2069."""
        self._challenges = challenges or ("",)
        self._requests_a_nonce = requests_a_nonce
        self._left: int | None = None
        self._begin_nonce(is_stale=False)

    def challenge(self) -> tuple[tuple[str, str], ...]:
        """The headers that ask."""
        return tuple(("WWW-Authenticate", self._challenge(one)) for one in self._challenges)

    def admits(self, credentials: CameraCredentials, method: str, authorization: str) -> bool:
        """Whether the Authorization header of a request of this method proves who it is."""
        scheme, _, said = authorization.partition(" ")
        if scheme == "Basic":
            known = f"{credentials.user}:{credentials.password}".encode()
            return "Basic" in self._challenges and secrets.compare_digest(base64.b64decode(said), known)
        given = {name: re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in _PARAMETER.findall(said)}
        if scheme != "Digest" or given.get("nonce") != self._nonce or not self._is_offered(given):
            return False
        self._left = None if self._left is None else self._left - 1
        if self._left is not None and self._left < 0:
            self._begin_nonce(is_stale=True)
            return False
        return given.get("username") == credentials.user and secrets.compare_digest(
            given.get("response", ""), _expected_response(credentials, method, given)
        )

    def _begin_nonce(self, *, is_stale: bool) -> None:
        self._nonce, self._is_stale, self._left = secrets.token_hex(16), is_stale, self._requests_a_nonce

    def _challenge(self, wanted: str) -> str:
        if wanted == "Basic":
            return f'Basic realm="{REALM}"'
        algorithm, _, qop = wanted.partition(":")
        words = [f'realm="{REALM}"', f'nonce="{self._nonce}"']
        words += [f"algorithm={algorithm}"] * bool(algorithm) + [f'qop="{qop}"'] * bool(qop)
        return "Digest " + ", ".join(words + ["stale=TRUE"] * self._is_stale)

    def _is_offered(self, given: Mapping[str, str]) -> bool:
        for wanted in self._challenges:
            algorithm, _, qop = wanted.partition(":")
            if given.get("algorithm", "") == algorithm and (
                given.get("qop") in qop.split(",") if qop else "qop" not in given
            ):
                return True
        return False


def _expected_response(credentials: CameraCredentials, method: str, given: Mapping[str, str]) -> str:
    algorithm = given.get("algorithm", "MD5").upper()
    name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm.removesuffix("-SESS")]

    def digest(*words: str) -> str:
        return hashlib.new(name, ":".join(words).encode(), usedforsecurity=False).hexdigest()

    secret = digest(credentials.user, REALM, credentials.password)
    if algorithm.endswith("-SESS"):
        secret = digest(secret, given["nonce"], given.get("cnonce", ""))
    body = (digest(""),) if given.get("qop") == "auth-int" else ()
    asked = digest(method, given.get("uri", ""), *body)
    counted = (given["nc"], given["cnonce"], given["qop"]) if "qop" in given else ()
    return digest(secret, given["nonce"], *counted, asked)
