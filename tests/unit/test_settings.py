"""Wrong settings stop the start with one line each."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from hub.settings import BadSettings, find_blocking_settings, find_unknown_settings, read_settings
from tests.fakes.certificate import make_certificate


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("ANLING_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def problems(monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[str]:
    for name, value in settings.items():
        monkeypatch.setenv(f"ANLING_{name.upper()}", value)
    with pytest.raises(BadSettings) as refused:
        read_settings()
    return refused.value.lines


def test_everything_listens_on_this_machine_alone_by_default() -> None:
    settings = read_settings()

    assert (settings.http_host, settings.mqtt_host, settings.media_hosts) == ("127.0.0.1", "127.0.0.1", ("127.0.0.1",))
    assert settings.origin == "http://localhost:8080"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("http_port", "eighty", "is not a whole number; write a whole number"),
        ("mqtt_port", "70000", "is too large; write at most 65535"),
        ("mqtt_url", "localhost:1883", "begins with mqtt:// or mqtts://"),
        ("mqtt_url", "mqtt://u:p@x:99999", "a port between 1 and 65535"),
        ("mqtt_url", "mqtt://x:0", "a port between 1 and 65535"),
        ("mqtt_url", "mqtt://:1883", "begins with mqtt:// or mqtts://"),
        ("mqtt_url", "mqtt://[x", "begins with mqtt:// or mqtts://"),
        ("database_url", "mysql://x", "begins with postgresql://"),
        ("database_url", "postgresql://hub@db/anling?sslmod=require", "that PostgreSQL understands"),
        ("database_url", "postgresql://hub@db:x/anling?port=1&port", "that PostgreSQL understands"),
        ("media_hosts", "192.168.1.20;127.0.0.1", "is none"),
        ("broker", "emqx", "write one of built-in, mosquitto"),
        ("proxy_hosts", "127.0.0.1,*", "is none"),
        ("public_url", "anling.example", "begins with http:// or https://"),
        ("public_url", "https://anling.example:99999", "a port between 1 and 65535"),
        ("public_url", "https://anling.example/pages", "nothing behind host and port"),
        ("public_url", "https://anling.example?a=b", "nothing behind host and port"),
        ("public_url", "https://anling.example/#top", "nothing behind host and port"),
        ("public_url", "https://u:p@anling.example", "nothing before the host"),
        ("public_url", "http://anling.example", "https://"),
        ("smtp_url", "mail.example.org", "begins with smtp:// or smtps://"),
        ("smtp_url", "smtp://mail.example.org:99999", "a port between 1 and 65535"),
        ("smtp_url", "smtp://mail.example.org?from=anling", "?from= and one address"),
        ("smtp_url", "smtp://mail.example.org?from=", "?from= and one address"),
        ("smtp_url", "smtp://mail.example.org?from=a@b.example&from=c@b.example", "?from= and one address"),
        ("smtp_url", "smtp://mail.example.org?from=a@b.example%0aBcc:x@y.example", "?from= and one address"),
        ("smtp_url", "smtp://mail.example.org?form=anling@example.org", "nothing but ?from="),
        ("smtp_url", "smtp://mail.example.org?starttls=no", "nothing but ?from="),
        ("smtp_url", "smtp://mail.example.org/inbox", "nothing but ?from="),
        ("smtp_url", "smtp://mail.example.org#top", "nothing but ?from="),
    ],
)
def test_a_wrong_value_is_named_with_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, wanted: str
) -> None:
    (line,) = problems(monkeypatch, **{name: value})

    assert line.startswith(f"ANLING_{name.upper()}=")
    assert wanted in line


@pytest.mark.parametrize(
    "behind", ["", "/", "?from=anling@example.org", "/?from=anling%2Bhub@example.org", "?from=anling+hub@example.org"]
)
def test_a_mailserver_with_or_without_a_sender_is_taken(monkeypatch: pytest.MonkeyPatch, behind: str) -> None:
    monkeypatch.setenv("ANLING_SMTP_URL", f"smtps://anling:s3cret@mail.example.org:465{behind}")

    assert read_settings().smtp_url is not None


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(problems(monkeypatch, http_port="x", mqtt_port="y")) == 2


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("database_url", "mysql://anling:s3cret@db/anling"),
        ("database_url", "postgresql://anling:s3cret@d\u2100b/anling"),
        ("mqtt_url", "mqtt://anling:s3cret@b\u2100"),
        ("mqtt_url", "mqtt://anling:s3cret@broker:99999"),
        ("public_url", "https://anling:s3cret@anling.example"),
        ("smtp_url", "smtp://anling:s3cret"),
        ("smtp_url", "smtp://anling:12?s3cret=x@mail.example.org"),
    ],
)
def test_a_password_in_a_url_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    (line,) = problems(monkeypatch, **{name: url})

    assert "s3cret" not in line


def test_the_network_wants_https(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems(monkeypatch, http_host="0.0.0.0")

    assert "ANLING_TLS_CERT" in line
    assert "ANLING_PUBLIC_URL" in line


def test_a_public_address_without_https_is_no_proxy_that_speaks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems(monkeypatch, http_host="0.0.0.0", public_url="http://anling.example")

    assert line.startswith("ANLING_PUBLIC_URL=")


def test_this_machine_and_the_local_network_of_a_demo_are_reached_without_https(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANLING_PUBLIC_URL", "http://localhost:8081")
    assert read_settings().origin == "http://localhost:8081"

    monkeypatch.setenv("ANLING_LAN", "true")
    monkeypatch.setenv("ANLING_HTTP_HOST", "0.0.0.0")
    monkeypatch.setenv("ANLING_PUBLIC_URL", "http://192.168.1.20:8080")
    assert read_settings().origin == "http://192.168.1.20:8080"


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_a_certificate_for_every_address_needs_the_name_under_which_people_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, everywhere: str
) -> None:
    for name, file in zip(("CERT", "KEY"), make_certificate(tmp_path), strict=True):
        monkeypatch.setenv(f"ANLING_TLS_{name}", str(file))

    (line,) = problems(monkeypatch, http_host=everywhere)

    assert line.startswith(f"ANLING_HTTP_HOST='{everywhere}': ")
    assert "set ANLING_PUBLIC_URL" in line
    monkeypatch.setenv("ANLING_PUBLIC_URL", "https://anling.example.org:8080")
    assert read_settings().origin == "https://anling.example.org:8080"


@pytest.mark.parametrize(("address", "origin"), [("::1", "http://[::1]:8080"), ("fd00::7", "https://[fd00::7]:8080")])
def test_an_ipv6_address_stands_in_brackets_in_a_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, origin: str
) -> None:
    if origin.startswith("https"):
        for name, file in zip(("CERT", "KEY"), make_certificate(tmp_path), strict=True):
            monkeypatch.setenv(f"ANLING_TLS_{name}", str(file))
    monkeypatch.setenv("ANLING_HTTP_HOST", address)

    assert read_settings().origin == origin


def test_behind_a_proxy_the_network_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLING_HTTP_HOST", "0.0.0.0")
    monkeypatch.setenv("ANLING_PUBLIC_URL", "https://anling.example/")

    settings = read_settings()
    assert settings.origin == settings.public_url == "https://anling.example", "paths follow it, and bring their slash"


def test_a_certificate_and_its_key_go_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("x")

    (line,) = problems(monkeypatch, tls_cert=str(certificate))

    assert line.startswith("ANLING_TLS_KEY is not set")


def test_a_certificate_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = problems(monkeypatch, tls_cert="/no/cert.pem", tls_key="/no/key.pem")

    assert [line.split("=")[0] for line in lines] == ["ANLING_TLS_CERT", "ANLING_TLS_KEY"]


@pytest.mark.parametrize("wrong", ["another's key", "a passphrase", "no PEM", "the certificate again"])
def test_a_certificate_that_its_key_does_not_fit_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: str
) -> None:
    cert, key = make_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    private = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        {
            "another's key": make_certificate(tmp_path / "other")[1].read_bytes(),
            "a passphrase": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
            "no PEM": b"x",
            "the certificate again": cert.read_bytes(),
        }[wrong]
    )

    (line,) = problems(monkeypatch, tls_cert=str(cert), tls_key=str(key))

    assert line.startswith(f"ANLING_TLS_CERT='{cert}' and ANLING_TLS_KEY='{key}': ")


def test_several_media_hosts_are_named_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLING_MEDIA_HOSTS", "192.168.1.20,127.0.0.1")

    assert read_settings().media_hosts == ("192.168.1.20", "127.0.0.1")


def test_passwords_may_be_in_files_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word\n")
    monkeypatch.setenv("ANLING_DATABASE_URL", "postgresql://anling@database/anling?connect_timeout=5")
    monkeypatch.setenv("ANLING_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("ANLING_MQTT_URL", "mqtt://anling.hub@broker:1884")
    monkeypatch.setenv("ANLING_MQTT_PASSWORD_FILE", str(tmp_path / "password"))

    settings = read_settings()

    assert settings.database_url == "postgresql://anling:p%40ss%2Fword@database/anling?connect_timeout=5"
    assert settings.mqtt_url == "mqtt://anling.hub:p%40ss%2Fword@broker:1884"


def test_a_password_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems(monkeypatch, mqtt_url="mqtt://hub@broker", mqtt_password_file="/no/password")

    assert line == "ANLING_MQTT_PASSWORD_FILE='/no/password': should be a file that this account can read"


def test_a_password_file_that_is_no_text_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes("密码".encode("gbk"))

    (line,) = problems(monkeypatch, database_url="postgresql://hub@db/anling", database_password_file=str(file))

    assert line == f"ANLING_DATABASE_PASSWORD_FILE='{file}': should be a text file in UTF-8 with the password alone"


def test_a_password_file_belongs_to_a_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x")

    (line,) = problems(monkeypatch, database_password_file=str(tmp_path / "password"))

    assert line.endswith("ANLING_DATABASE_URL is not set: set both or neither")


def test_a_broker_s_password_in_a_wrong_url_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems(monkeypatch, mqtt_url="http://hub:s3cret@broker")

    assert "s3cret" not in line


def test_the_media_process_is_met_in_the_data_folder_or_where_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().media_socket_path == Path(".anling/media.sock")

    monkeypatch.setenv("ANLING_MEDIA_SOCKET", "/run/anling/media.sock")

    assert read_settings().media_socket_path == Path("/run/anling/media.sock")


def test_a_broker_that_is_started_here_and_one_that_is_named_exclude_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (line,) = problems(monkeypatch, broker="mosquitto", mqtt_url="mqtt://elsewhere")

    assert line.startswith("ANLING_BROKER=mosquitto")


@pytest.mark.parametrize(
    ("http_host", "mqtt_host", "lines"),
    [("127.0.0.1", "localhost", 1), ("127.0.0.1", "0.0.0.0", 1), ("127.0.0.1", "192.168.1.20", 0)],
)
def test_pages_and_devices_need_a_port_each(
    monkeypatch: pytest.MonkeyPatch, http_host: str, mqtt_host: str, lines: int
) -> None:
    for name, value in {"HTTP_HOST": http_host, "MQTT_HOST": mqtt_host, "HTTP_PORT": "1883"}.items():
        monkeypatch.setenv(f"ANLING_{name}", value)

    told = find_blocking_settings(read_settings())

    assert len(told) == lines
    assert all(line.startswith("ANLING_MQTT_PORT=1883: ") for line in told)


def test_devices_at_another_broker_leave_every_port_to_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLING_HTTP_PORT", "1883")
    monkeypatch.setenv("ANLING_MQTT_URL", "mqtt://broker")

    assert find_blocking_settings(read_settings()) == []


def test_a_folder_of_rules_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANLING_RULES_DIR", str(tmp_path))
    assert find_blocking_settings(read_settings()) == []

    monkeypatch.setenv("ANLING_RULES_DIR", "/no/rules")

    assert find_blocking_settings(read_settings()) == [
        "ANLING_RULES_DIR='/no/rules': should be a folder that this account can read"
    ]


def test_a_folder_of_rules_that_is_gone_stops_no_start_of_a_hub_that_kept_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANLING_RULES_DIR", "/no/rules")
    monkeypatch.setenv("ANLING_DATA_DIR", str(tmp_path))
    (tmp_path / "rules-in-force.json").touch()

    assert find_blocking_settings(read_settings()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ANLING_HTPP_PORT", "did you mean ANLING_HTTP_PORT?"),
        ("ANLING_DATADIR", "did you mean ANLING_DATA_DIR?"),
        ("ANLING_DATABASE_PASSWORD", "did you mean ANLING_DATABASE_PASSWORD_FILE?"),
        ("ANLING_COFFEE", "README.md names all of them"),
    ],
)
def test_a_misspelt_setting_is_told_with_the_one_that_is_meant(name: str, said: str) -> None:
    assert find_unknown_settings([name]) == [f"{name} is no setting of the hub and changes nothing: {said}"]


def test_settings_and_what_other_programs_of_ours_read_are_not_misspelt() -> None:
    known = ["ANLING_HTTP_PORT", "anling_http_port", "ANLING_LAN", "ANLING_TEST_DATABASE_URL", "ANLING_DEVICE_PASSWORD"]

    assert find_unknown_settings([*known, "PATH"]) == []
