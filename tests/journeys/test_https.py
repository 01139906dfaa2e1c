"""Does a hub speak HTTPS by itself, and does it know its own name behind a proxy that does?"""

import asyncio
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import httpx
import paho.mqtt.publish as mqtt
import pytest
from pydantic import TypeAdapter

from hub.embedded import postgres
from tests.fakes.certificate import make_certificate
from tests.fakes.command import environment_of, read_output, start_command, stop_command
from tests.fakes.demo import PAGE
from tests.fakes.folders import quick_folder
from tests.fakes.providers import mail_provider
from tests.fakes.sockets import loopback_addresses
from tests.fakes.waiting import wait_until
from tests.journeys.test_a_real_centre import PASSWORD, broker_listens, centre_file, import_centre

OUTSIDE = "https://care.example"
PROXY = {"Host": "care.example", "Origin": OUTSIDE, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
"""What a proxy in front adds to, or leaves in, what a browser sent to https://care.example."""


@dataclass(frozen=True, slots=True)
class RunningHub:
    """`./anling run` with the example's centre imported: what was printed by both."""

    environment: Mapping[str, str]
    data_dir: Path
    printed: str
    import_printed: str

    @property
    def port(self) -> int:
        return int(self.environment["ANLING_HTTP_PORT"])

    @property
    def administrator_path(self) -> str:
        """Where a browser of the first administrator posts her name and password."""
        found = re.search(r"/#first/(\S+)", self.printed)
        assert found is not None, self.printed
        return f"/api/first-administrator/{found[1]}"

    def press(self, device_id: str) -> None:
        kept = (self.data_dir / "secrets" / "devices.json").read_bytes()
        mqtt.single(
            f"anling/v1/jiuquan-road/alarm/{device_id}",
            json.dumps({"v": 1, "id": f"{uuid4().hex[:16]}-1", "seq": 1, "kind": "press", "age_ms": 0}),
            qos=1,
            hostname="127.0.0.1",
            port=int(self.environment["ANLING_MQTT_PORT"]),
            auth={"username": device_id, "password": TypeAdapter(dict[str, str]).validate_json(kept)[device_id]},
        )


@contextmanager
def hub_running(folder: Path, **settings: str) -> Iterator[RunningHub]:
    """`./anling run` with these settings on an empty folder, and the example's centre imported."""
    data_dir, file = folder / "data", folder / "centre.yaml"
    file.write_text(centre_file(), "utf-8")
    environment = environment_of(data_dir, **settings)
    process = start_command(folder, ("run",), environment)
    try:
        wait_until(lambda: "Ctrl-C stops it" in read_output(folder), within=60)
        imported = import_centre(file, environment)
        assert imported.returncode == 0, imported.stderr
        wait_until(
            lambda: broker_listens(environment), what="the broker listens for the devices of the imported centre"
        )
        yield RunningHub(environment, data_dir, read_output(folder), imported.stdout)
    finally:
        stop_command(process)


def cookie_set_by(answer: httpx.Response) -> str:
    """The cookie of a signed-in session."""
    assert answer.status_code == httpx.codes.NO_CONTENT, answer.text
    return answer.headers["set-cookie"]


HOST = loopback_addresses()[-1]
"""::1, unless this machine has no IPv6: a hub that listens there alone is asked there."""
SHOWN = f"[{HOST}]" if ":" in HOST else HOST


@pytest.fixture(scope="module")
def hub_with_a_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that speaks HTTPS by itself, at one address alone."""
    with quick_folder(tmp_path_factory, "https") as folder:
        cert_file, key_file = make_certificate(folder)
        addresses = {"ANLING_HTTP_HOST": HOST, "ANLING_MQTT_HOST": HOST}
        with hub_running(folder, ANLING_TLS_CERT=str(cert_file), ANLING_TLS_KEY=str(key_file), **addresses) as hub:
            yield hub


def test_a_hub_that_listens_on_ipv6_alone_is_asked_there_and_printed_in_brackets(
    hub_with_a_certificate: RunningHub,
) -> None:
    printed, environment = hub_with_a_certificate.printed, hub_with_a_certificate.environment

    assert f"https://{SHOWN}:{environment['ANLING_HTTP_PORT']}/#first/" in printed
    assert f"mqtt://{SHOWN}:{environment['ANLING_MQTT_PORT']}\n" in printed


def test_with_a_certificate_the_pages_come_over_https_and_cookies_go_nowhere_else(
    hub_with_a_certificate: RunningHub,
) -> None:
    hub = hub_with_a_certificate
    trusting = ssl.create_default_context(cafile=hub.environment["ANLING_TLS_CERT"])
    url = f"https://{SHOWN}:{hub.port}"
    with httpx.Client(base_url=url, verify=trusting, headers=PAGE, timeout=10, trust_env=False) as browser:
        ready = browser.get("/readyz")
        cookie = cookie_set_by(browser.post(hub.administrator_path, json={"name": "许静", "password": PASSWORD}))
        me = browser.get("/api/me")

    assert ready.status_code == httpx.codes.OK
    assert ready.headers["strict-transport-security"].startswith("max-age=")
    assert cookie.startswith("__Host-anling-staff=")
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= set(cookie.lower().split("; "))
    assert me.json()["account"]["name"] == "许静"
    assert f"{url}/#first/" in hub.printed
    assert f"{url}/#i/" in hub.import_printed


async def test_behind_a_proxy_that_speaks_https_the_hub_goes_by_its_outside_name_on_a_database_elsewhere(
    tmp_path: Path,
) -> None:
    async with mail_provider() as mailboxes, postgres.run_postgres(tmp_path / "elsewhere") as database_url:
        # Starting and stopping the hub may hold up this loop: until the press nobody sends a mail.
        settings = {"ANLING_PUBLIC_URL": OUTSIDE, "ANLING_SMTP_URL": mailboxes.url}
        with hub_running(tmp_path, **settings, ANLING_DATABASE_URL=database_url) as hub:
            url = f"http://127.0.0.1:{hub.port}"
            async with httpx.AsyncClient(base_url=url, headers={**PAGE, **PROXY}, trust_env=False) as browser:
                ready = await browser.get("/readyz")
                answer = await browser.post(hub.administrator_path, json={"name": "许静", "password": PASSWORD})
                elsewhere = await browser.get("/readyz", headers={"Host": "other.example"})
            hub.press("b-01")
            mail = await asyncio.wait_for(mailboxes.mails.get(), 20)

    assert not (hub.data_dir / "database").exists()
    assert ready.status_code == httpx.codes.OK
    assert ready.headers["strict-transport-security"].startswith("max-age=")
    cookie = cookie_set_by(answer)
    assert cookie.startswith("__Host-anling-staff=")
    assert "secure" in cookie.lower().split("; ")
    assert elsewhere.json()["code"] == "wrong-host"
    assert f"{OUTSIDE}/#first/" in hub.printed
    assert f"{OUTSIDE}/#i/" in hub.import_printed
    assert "localhost" not in hub.import_printed
    assert re.search(rf"我来处理: {re.escape(OUTSIDE)}/#take/\S+", words_of(mail))


def words_of(mail: EmailMessage) -> str:
    return "\n".join(part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain")
