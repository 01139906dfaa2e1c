"""A site over the database of a test, and the site served."""

from collections.abc import AsyncIterator

import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
from tests.integration.web.site import Place, Site, make_site, served


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
async def address(site: Site) -> AsyncIterator[str]:
    """The site, served."""
    async with served(site) as at:
        yield at
