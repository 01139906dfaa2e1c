"""A site over the database of a test."""

import pytest

from hub.access.passwords import Passwords
from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
from tests.integration.access.signing_in import PASSWORD
from tests.integration.web.site import Place, Site, make_site


@pytest.fixture
def database(pages_database: Database) -> Database:
    """Here people change something: the pages' login."""
    return pages_database


@pytest.fixture
def place(database_url: str, database: Database, web_database: Database, clock: SetClock, house: House) -> Place:
    """The small centre, and its databases."""
    return Place(database_url, database, web_database, clock)


@pytest.fixture
def site(place: Place) -> Site:
    """The web application of the small centre."""
    return make_site(place)


@pytest.fixture
async def zhous_password(place: Place, house: House) -> str:
    """Zhou Min has chosen a password."""
    password_hash = await Passwords().hash(PASSWORD)
    async with place.hub.transaction() as conn:
        await conn.execute("UPDATE account SET password_hash = %s WHERE id = %s", (password_hash, house.zhou))
    return PASSWORD
