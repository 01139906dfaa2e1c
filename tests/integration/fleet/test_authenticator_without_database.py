"""Who may connect while the database is down? A device that was authenticated before, with the password it had."""

import pytest

from hub.fleet.authenticator import DeviceAuthenticator
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.mqtt.model import AuthenticationUnavailable
from tests.fakes.house import House, password_of


class Outage:
    """Whether the database is known to be down."""

    is_on = False


async def test_a_device_that_was_authenticated_comes_in_while_the_database_is_down_and_no_other(
    database: Database, clock: SetClock, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage()
    authenticator = DeviceAuthenticator(database, clock, is_down=lambda: outage.is_on)
    before = await authenticator.authenticate("b-wang", password_of("b-wang"), "10.0.0.1")

    async def no_row(_username: str) -> None:
        raise AuthenticationUnavailable

    monkeypatch.setattr(authenticator, "_find_credentials", no_row)
    with pytest.raises(AuthenticationUnavailable):  # a single lookup that fails is no outage
        await authenticator.authenticate("b-wang", password_of("b-wang"), "10.0.0.1")
    outage.is_on = True

    assert before is not None
    assert await authenticator.authenticate("b-wang", password_of("b-wang"), "10.0.0.1") == before
    assert await authenticator.authenticate("b-wang", "wrong", "10.0.0.1") is None
    with pytest.raises(AuthenticationUnavailable):
        await authenticator.authenticate("b-li", password_of("b-li"), "10.0.0.1")
