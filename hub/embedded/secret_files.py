"""Where secrets are kept: in files of mode 0600 under the data folder, never in settings or arguments."""

import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from hub.kit.files import replace_private
from hub.kit.ids import DeviceId, OrganisationId

_PASSWORDS = TypeAdapter(dict[DeviceId, str])


def folder_of(data_dir: Path) -> Path:
    """The folder of the secrets, made with mode 0700."""
    folder = data_dir / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_secret(file: Path, text: str) -> None:
    """Write a secret that only this account can read; whoever reads at the same time sees the old or the new one."""
    replace_private(file, text)


def devices_file(data_dir: Path) -> Path:
    """The passwords of devices that an import made: JSON, device to password."""
    return folder_of(data_dir) / "devices.json"


def device_passwords(data_dir: Path) -> dict[DeviceId, str]:
    """The passwords of devices that are kept."""
    file = devices_file(data_dir)
    return _PASSWORDS.validate_json(file.read_bytes()) if file.exists() else {}


def add_devices(data_dir: Path, passwords: Mapping[DeviceId, str]) -> None:
    """Add passwords to those that are kept; a device that is there already gets the new one."""
    kept = device_passwords(data_dir)
    write_secret(devices_file(data_dir), json.dumps({**kept, **passwords}, indent=1, sort_keys=True) + "\n")


def write_observer(data_dir: Path, observer: DeviceId, host: str, port: int) -> Path | None:
    """What `mosquitto_sub` reads by itself to listen as the observer, so that its password is on no command line.

    Gives the folder that XDG_CONFIG_HOME has to name (mosquitto_sub(1)); None while that device has no password.
    """
    password = device_passwords(data_dir).get(observer)
    if password is None:
        return None
    folder = folder_of(data_dir)
    write_secret(folder / "mosquitto_sub", f"-h {host}\n-p {port}\n-u {observer}\n-P {password}\n")
    return folder


def webhook_file(data_dir: Path, organisation_id: OrganisationId) -> Path:
    """The secret that signs messages to an organisation (Standard Webhooks, `whsec_…`); made when missing."""
    file = folder_of(data_dir) / f"webhook-{organisation_id}"
    if not file.exists():
        write_secret(file, f"whsec_{b64encode(secrets.token_bytes(32)).decode()}\n")
    return file
