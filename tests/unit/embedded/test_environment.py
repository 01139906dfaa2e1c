"""What a process of the hub is told comes to the very settings of whoever starts it."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from hub.embedded import environment
from hub.settings import BrokerChoice, Settings

OTHERS: dict[str, object] = {
    "data_dir": Path("/var/lib/anling"),
    "http_host": "192.168.1.20",
    "http_port": 81,
    "mqtt_host": "192.168.1.20",
    "mqtt_port": 1884,
    "database_url": "postgresql://anling:s%20cret@db/anling",
    "database_password_file": Path("/run/secrets/db"),
    "broker": BrokerChoice.MOSQUITTO,
    "mqtt_url": "mqtts://anling@broker:8883",
    "mqtt_password_file": Path("/run/secrets/mqtt"),
    "public_url": "https://anling.example.org",
    "proxy_hosts": "127.0.0.1,10.0.0.0/8",
    "proxy_protocol": "10.0.0.2",
    "tls_cert": Path("cert.pem"),
    "tls_key": Path("key.pem"),
    "media_hosts": ("192.168.1.20", "127.0.0.1"),
    "media_socket": Path("/run/anling/media.sock"),
    "webhook_hosts": ("192.168.1.9:8090", "phones.example.lan"),
    "smtp_url": SecretStr("smtp://anling:s%2Ccret@mail?from=hub%40anling.example"),
    "clock_file": Path("/tmp/clock"),
    "rules_dir": Path("我们的规则"),
    "backup_dir": Path("/mnt/backup"),
    "spool_dir": Path("/srv/另一块盘"),
    "alarms_database": SecretStr("host=/run/db user=anling_alarms password='a b'"),
    "telemetry_database": SecretStr("user=anling_telemetry"),
    "pages_read_database": SecretStr("user=anling_pages_read"),
    "pages_write_database": SecretStr("user=anling_pages_write"),
    "simulation": "demo",
    "simulation_urls": ("http://127.0.0.1:8190", "http://localhost:8090"),
    "lan": True,
    "http_fds": (7, 8),
}
"""For each setting a value that is not its default."""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ANLING_")]:
        monkeypatch.delenv(name)


def read_by_a_child(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Settings:
    with monkeypatch.context() as child:
        for name, value in environment.hub_environment(settings).items():
            child.setenv(name, value)
        return Settings()


def test_each_setting_is_tried() -> None:
    assert OTHERS.keys() == Settings.model_fields.keys()
    assert {name for name, field in Settings.model_fields.items() if field.get_default() == OTHERS[name]} == set()


def test_a_child_has_the_settings_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings().model_copy(update=OTHERS)

    assert read_by_a_child(monkeypatch, settings) == settings


def test_a_child_does_not_have_what_its_parent_was_told_and_does_not_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANLING_DATABASE_URL", "postgresql://administrator@db/anling")
    monkeypatch.setenv("ANLING_HTTP_PORT", "81")
    settings = Settings().model_copy(update={"database_url": None, "http_port": 8080})

    told = environment.hub_environment(settings)

    assert {name for name in told if name.startswith("ANLING_")} == set()


def test_simulated_devices_are_told_the_clock_alone() -> None:
    settings = Settings().model_copy(update=OTHERS)

    told = environment.simulator_environment(settings)

    assert {name: value for name, value in told.items() if name.startswith("ANLING_")} == {
        "ANLING_CLOCK_FILE": "/tmp/clock"
    }
