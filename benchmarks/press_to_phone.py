"""How long from a press to the phone of the duty social worker? The real hub, broker, database and a real receiver.

    python -m benchmarks.press_to_phone [presses]

A button publishes over MQTT (paho, QoS 1) to the hub's own broker; the phone is an HTTP server that checks the
signature. Each press is a senior's first, so each opens an alarm; five a second, so that the hub is idle in between.
PostgreSQL is the embedded one with fsync on. Times are of one clock, in one process that is not the hub. Beside them
stands what a commit of one row costs in the same run, over a connection that is open: the yardstick of the machine.
"""

import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from standardwebhooks import Webhook

from hub.embedded import postgres
from hub.kit.clock import SystemClock
from tests.conftest import take_free_port
from tests.fakes.house import load_house
from tests.fakes.logins import set_up, urls_of
from tests.fakes.providers import WebhookProvider, webhook_provider

SECRET = "whsec_" + "YmVuY2htYXJrLXNlY3JldC1vZi1ob25ndGFp"
BETWEEN_PRESSES = 0.2
COMMITS = 200


async def main(presses: int) -> None:
    """Press, wait for the phone, and print what it took."""
    with TemporaryDirectory() as folder:
        async with postgres.run_postgres(Path(folder) / "postgres") as url, webhook_provider() as phone:
            set_up(url)
            _load_centre(url, phone, presses)
            commits = _measure_commits(url)
            async with _run_hub(Path(folder), url) as (mqtt_port, pid):
                cpu_before = _cpu_seconds(pid)
                took = await _measure_presses(mqtt_port, phone, presses)
                cpu = _cpu_seconds(pid) - cpu_before
    _print_result(took, cpu, commits)


def _load_centre(url: str, phone: WebhookProvider, presses: int) -> None:
    """The small centre of the tests, and one senior with a button for each press."""
    now = datetime.fromtimestamp(SystemClock().now().timestamp(), UTC)
    load_house(url, now)
    with psycopg.connect(url) as conn:
        conn.execute(
            "INSERT INTO contact_method (id, account_id, channel, address, verified_at) "
            "VALUES ('cm-zhou', 'zhou', 'webhook', %s, %s)",
            (f"{phone.url}/ok", now),
        )
        for n in range(presses):
            conn.execute(
                "INSERT INTO senior (id, centre_id, name, address_as, address_as_en) "
                "VALUES (%s, 'jiuquan-road', '王', '王奶奶', 'Grandma Wang')",
                (f"s-{n}",),
            )
            conn.execute(
                "INSERT INTO device (id, centre_id, kind, name, name_en, credential_hash) "
                "VALUES (%s, 'jiuquan-road', 'button', '按钮', 'Button', %s)",
                (f"b-{n}", sha256(b"secret").digest()),
            )
            conn.execute(
                "INSERT INTO assignment VALUES (%s, %s, %s, NULL, %s, NULL)",
                (f"as-{n}", f"b-{n}", f"s-{n}", now - timedelta(days=1)),
            )


@asynccontextmanager
async def _run_hub(folder: Path, url: str) -> AsyncIterator[tuple[int, int]]:
    """The processes of the hub; gives the MQTT port, and the pid of the alarm path."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "webhook-hongtai").write_text(SECRET)
    http_port, mqtt_port = take_free_port(), take_free_port()
    environment = {
        **os.environ,
        "ANLING_DATA_DIR": str(folder),
        **{login.variable: conninfo for login, conninfo in urls_of(url).items()},
        "ANLING_HTTP_PORT": str(http_port),
        "ANLING_MQTT_PORT": str(mqtt_port),
    }
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-m", f"hub.processes.{name}", env=environment)
        for name in ("alarm_path", "telemetry", "pages")
    ]
    try:
        await _wait_until_ready(f"http://127.0.0.1:{http_port}/readyz", processes[-1])
        yield mqtt_port, processes[0].pid
    finally:
        for process in processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _wait_until_ready(url: str, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
        while process.returncode is None:
            try:
                if (await client.get(url)).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError("the hub did not start")


def _measure_commits(url: str) -> list[float]:
    """Seconds for each commit of one row."""
    took = []
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE TABLE yardstick (n int)")
        for n in range(COMMITS):
            started = time.perf_counter()
            conn.execute("INSERT INTO yardstick VALUES (%s)", (n,))
            took.append(time.perf_counter() - started)
    return took


async def _measure_presses(port: int, phone: WebhookProvider, presses: int) -> list[float]:
    """Seconds from each publish to the signed message on the phone."""
    took = []
    for n in range(presses):
        button = await asyncio.to_thread(_connect_button, port, f"b-{n}")
        message = {"v": 1, "id": f"{uuid4().hex[:16]}-1", "seq": 1, "kind": "press", "age_ms": 0}
        started = time.perf_counter()
        button.publish(f"anling/v1/jiuquan-road/alarm/b-{n}", json.dumps(message), qos=1)
        async with asyncio.timeout(10):
            delivery = await phone.deliveries.get()
        took.append(time.perf_counter() - started)
        Webhook(SECRET).verify(delivery.body, delivery.headers)
        button.disconnect()
        button.loop_stop()
        await asyncio.sleep(BETWEEN_PRESSES)
    return took


def _connect_button(port: int, device_id: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device_id, protocol=mqtt.MQTTv311)
    client.username_pw_set(device_id, "secret")
    client.connect("127.0.0.1", port)
    client.loop_start()
    while not client.is_connected():
        time.sleep(0.005)
    return client


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print_result(took: list[float], cpu: float, commits: list[float]) -> None:
    ordered, middle, commit = sorted(took), statistics.median(took), statistics.median(commits)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    sys.stdout.write(
        f"{len(took)} presses: p50 {middle * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, "
        f"slowest {ordered[-1] * 1000:.1f} ms; the alarm path used {cpu / len(took) * 1000:.1f} ms of CPU for each\n"
        f"a commit of one row: p50 {commit * 1000:.2f} ms; a press takes {middle / commit:.0f} times that\n"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
