"""Is a camera answered that asks who we are, whichever way it asks?"""

import pytest

from devices.rtsp.authentication import (
    Account,
    Challenge,
    SignedRequest,
    choose_challenge,
    describe_challenges,
    parse_account,
    parse_challenges,
    sign_request,
)

MUFASA = Account(b"Mufasa", b"Circle of Life")
INDEX = SignedRequest(b"GET", b"/dir/index.html")


def challenges(*headers: str) -> list[Challenge]:
    return parse_challenges([header.encode() for header in headers])


OLD = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
NONCE, CLIENT = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
NEW = f'Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="{NONCE}", algorithm='


@pytest.mark.parametrize(
    ("header", "password", "client_nonce", "response"),
    [
        # RFC 2617 clause 3.5; RFC 7616 clause 3.9.1, twice.
        (OLD, b"Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"),
        (NEW + "MD5", b"Circle of Life", CLIENT, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            NEW + "SHA-256",
            b"Circle of Life",
            CLIENT,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ],
)
def test_it_signs_as_the_examples_of_the_standards(
    header: str, password: bytes, client_nonce: str, response: str
) -> None:
    (challenge,) = challenges(header)

    signed = sign_request(challenge, Account(b"Mufasa", password), INDEX, 1, client_nonce).decode()

    assert f'response="{response}"' in signed
    assert "nc=00000001" in signed


def test_a_camera_of_the_old_standard_gets_no_counter() -> None:
    (challenge,) = challenges('Digest realm="cam", nonce="n", stale="FALSE"')

    signed = sign_request(challenge, MUFASA, SignedRequest(b"DESCRIBE", b"rtsp://cam/"), 1, "c")

    assert not any(word in signed for word in (b"nc=", b"cnonce", b"qop", b"algorithm"))


@pytest.mark.parametrize(
    ("headers", "chosen"),
    [
        (['Digest realm="a", nonce="n", algorithm=MD5', 'Digest realm="a", nonce="n", algorithm=SHA-256'], "SHA-256"),
        (['Digest realm="a", nonce="n", algorithm=SHA-256', 'Digest realm="a", nonce="n"'], "SHA-256"),
        (['Digest realm="a", nonce="n", algorithm="sha-256"'], "SHA-256"),
        (['Digest realm="a, b=\\"c\\", Basic", nonce="n", algorithm=MD5-sess, qop="auth"'], "MD5-SESS"),
        (['Digest realm="a", nonce="n", qop="auth-int"'], "MD5"),
        (['Digest realm="a", nonce="n", qop="token", Digest realm="b", nonce="m"'], "MD5"),
        (['Digest realm="a", nonce="n", algorithm=SHA-3, Digest realm="a", nonce="n", algorithm=MD5'], "MD5"),
        (['Digest realm = "a" , nonce = "n"'], "MD5"),
        (['Negotiate, Basic realm="a", Digest nonce="n",realm="a"'], "MD5"),
        (['digest realm="a" nonce="n" algorithm=MD5'], "MD5"),
        (['Basic realm="a"', "Bearer"], "basic"),
        (['Basic realm="a"', 'Digest realm="a", nonce="n", algorithm=SHA-3'], None),
        (['Digest realm="a"'], None),
        (["Negotiate", ""], None),
        ([], None),
    ],
)
def test_the_strongest_of_what_is_asked_for_is_answered(headers: list[str], chosen: str | None) -> None:
    found = choose_challenge(challenges(*headers))

    assert (found and (found.scheme if found.scheme == "basic" else found.algorithm)) == chosen


def test_who_offered_digest_is_never_told_the_password_in_plain() -> None:
    both = challenges('Digest realm="a", nonce="n", algorithm=MD5', 'Basic realm="a"')

    assert choose_challenge(both, frozenset({"MD5"})) is None


def test_an_algorithm_that_did_not_work_is_followed_by_the_next() -> None:
    both = challenges('Digest realm="a", nonce="n", algorithm=SHA-256', 'Digest realm="a", nonce="n"')

    tried = choose_challenge(both, frozenset({"SHA-256"}))

    assert tried is not None
    assert tried.algorithm == "MD5"
    assert choose_challenge(both, frozenset({"SHA-256", "MD5"})) is None


@pytest.mark.parametrize(
    ("written", "user", "password"),
    [
        ("viewer:secret@", b"viewer", b"secret"),
        ("viewer@", b"viewer", b""),
        ("viewer:a:b@", b"viewer", b"a:b"),
        ("vie%77er:p%40ss%2Fw%3Frd%25@", b"viewer", b"p@ss/w?rd%"),
        ("viewer:p@ss@", b"viewer", b"p@ss"),
        ("viewer:100%@", b"viewer", b"100%"),
        ("viewer:密码@", b"viewer", "密码".encode()),
        ("viewer:%E5%AF%86%E7%A0%81@", b"viewer", "密码".encode()),
    ],
)
def test_the_account_of_an_address_is_what_was_meant(written: str, user: bytes, password: bytes) -> None:
    assert parse_account(written) == Account(user, password)


def test_an_address_may_name_nobody_and_no_account_gets_into_a_log() -> None:
    assert parse_account("") is None
    assert "Circle" not in repr(MUFASA)


def test_quotes_are_escaped_and_nothing_ends_the_header() -> None:
    (challenge,) = challenges('Digest realm="a", nonce="n"')
    account = Account(b'"vie\\wer\r\nCSeq: 9', b"x")

    signed = sign_request(challenge, account, INDEX, 1, "c")

    assert b'username="\\"vie\\\\werCSeq: 9"' in signed
    assert b"\r" not in signed


def test_what_is_unknown_is_named_without_repeating_what_is_no_name() -> None:
    asked = challenges('Digest realm="a", nonce="n", algorithm=SHA-3', "Negotiate", 'Digest nonce="n", algorithm="<b>"')

    assert describe_challenges(asked) == "Digest SHA-3, Negotiate, Digest"
    assert describe_challenges([]) == "nothing that is known"
