"""Which devices may connect to a broker that is not the built-in one: the same ones, as accounts for its files."""

from collections.abc import Mapping

from hub.fleet import credentials, store
from hub.fleet.authenticator import principal_of
from hub.fleet.model import DeviceCredentials
from hub.kit.db import Conn
from hub.kit.ids import DeviceId
from hub.mqtt.mosquitto import MosquittoAccount


async def list_broker_accounts(conn: Conn, passwords: Mapping[DeviceId, str]) -> list[MosquittoAccount]:
    """An account for each enabled device, by id, with the topics that the built-in broker would allow it.

    `passwords` are those that this installation keeps; the rows hold hashes, from which no other broker can make its
    own. A device whose password is not among them, or is not the one of its row, is left out.
    """
    rows = await store.all_credentials(conn)
    return [_build_account(row, passwords[row.device_id]) for row in rows if _is_admitted(row, passwords)]


def _is_admitted(row: DeviceCredentials, passwords: Mapping[DeviceId, str]) -> bool:
    password = passwords.get(row.device_id)
    known = password is not None and row.credential_hash is not None
    return row.enabled and known and credentials.matches_credential(password or "", row.credential_hash or b"")


def _build_account(row: DeviceCredentials, password: str) -> MosquittoAccount:
    allowed = principal_of(row)
    return MosquittoAccount(row.device_id, password, allowed.may_publish, allowed.may_subscribe)
