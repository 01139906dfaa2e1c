"""Under which names, and from which pages, is a hub asked whose address people wrote in their own way?"""

import pytest
from starlette.datastructures import Headers

from hub.kit.errors import ProblemCode
from hub.processes.pages import web_rules
from hub.settings import Settings
from hub.web.security import check_request


def asked(public_url: str | None, host: str, origin: str | None = None) -> tuple[int, ProblemCode] | None:
    """What becomes of a writing request with this `Host` and `Origin`, where people use `public_url`."""
    said = {"host": host, "x-anling": "1"} | ({} if origin is None else {"origin": origin})
    return check_request("POST", Headers(said), web_rules(Settings(public_url=public_url)))


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [
        ("https://关爱.example.org", "https://xn--d6q111f.example.org"),
        ("https://关爱。example.org/", "https://xn--d6q111f.example.org"),
        ("https://关爱.中国:8443", "https://xn--d6q111f.xn--fiqs8s:8443"),
        ("https://XN--D6Q111F.example.org", "https://xn--d6q111f.example.org"),
        ("https://Care.Example.org.:443", "https://care.example.org"),
        ("https://care.example.org:8443", "https://care.example.org:8443"),
        ("http://localhost:80", "http://localhost"),
        ("https://[2001:DB8:0:0::7]:443", "https://[2001:db8::7]"),
    ],
)
def test_the_address_is_kept_as_browsers_send_it(public_url: str, origin: str) -> None:
    assert Settings(public_url=public_url).origin == origin
    assert asked(public_url, origin.partition("://")[2], origin) is None


@pytest.mark.parametrize(
    "public_url", ["https://关爱..example.org", "https://" + "关" * 64 + ".org", "https://a\u2028关.org"]
)
def test_a_domain_that_no_browser_can_send_is_refused_at_the_start(public_url: str) -> None:
    with pytest.raises(ValueError, match="a domain that browsers can send"):
        Settings(public_url=public_url)


@pytest.mark.parametrize(
    ("public_url", "host", "origin"),
    [
        ("https://care.example.org", "care.example.org", "https://care.example.org"),
        ("https://care.example.org", "care.example.org:443", "https://care.example.org"),
        ("https://care.example.org", "care.example.org", "https://care.example.org:443"),
        ("https://care.example.org", "Care.Example.ORG.:443", "https://care.example.org"),
        ("https://care.example.org", "care.example.org:80", "https://care.example.org"),
        ("https://care.example.org", "care.example.org:8080", "https://care.example.org"),
        ("https://care.example.org:8443", "care.example.org", "https://care.example.org:8443"),
        ("https://care.example.org:8443", "care.example.org:443", "https://care.example.org:8443"),
        ("https://care.example.org", "127.0.0.1:8080", "https://care.example.org"),
        ("https://关爱.example.org", "xn--d6q111f.example.org:443", "https://xn--d6q111f.example.org"),
        (None, "localhost:8080", "http://localhost:8080"),
        (None, "[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_port_that_a_proxy_adds_or_leaves_out_keeps_nobody_out(
    public_url: str | None, host: str, origin: str
) -> None:
    assert asked(public_url, host, origin) is None


@pytest.mark.parametrize(
    "origin",
    [
        "https://care.example.org:8443",
        "https://care.example.org.evil.example",
        "https://evil.example",
        "http://care.example.org",
        "https://care.example.org:443:443",
        "null",
        "",
        "https://",
    ],
)
def test_another_port_another_scheme_and_another_host_are_other_pages(origin: str) -> None:
    assert asked("https://care.example.org", "care.example.org:443", origin) == (403, ProblemCode.FOREIGN_ORIGIN)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "care.example.org@evil.example", "evil.example?care.example.org", "care.example.org/x"]
)
def test_a_host_that_is_not_ours_is_not_answered(host: str) -> None:
    assert asked("https://care.example.org", host) == (421, ProblemCode.WRONG_HOST)
