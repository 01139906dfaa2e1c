"""How are the pages of an installed package mounted beside the hub's own? Only where a start names the package."""

from fastapi import Depends, Request, Response, params

from extension.pages import PAGES, MountPoint, PageMount, SimulatedAccount
from hub.access.may import Action
from hub.access.needs import Public
from hub.access.service import Access
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.installed import load_installed
from hub.web.static import Pages, serve_page


def load_page_mount(name: str) -> PageMount:
    """The pages of the package that has this name. Raises KeyError when it is not installed."""
    return load_installed(PAGES, PageMount, only=name)[name]


def declare_public() -> tuple[params.Depends, ...]:
    """What each route of a package declares: that everybody may ask it."""
    return (Depends(Public(Action.SEE_SIMULATION)),)


class MountMaker:
    """What the hub gives to the pages of a package: its database, its clock, its built pages, and who may try them."""

    def __init__(self, database: Database, clock: Clock, access: Access, pages: Pages) -> None:
        self._database = database
        self._clock = clock
        self._access = access
        self._pages = pages

    def make(self, urls: tuple[str, ...], invited: str, invitation: str) -> MountPoint:
        """With where the other programs of the package are, and the account that it invites with this token."""
        return MountPoint(
            transaction=self._database.transaction,
            now=self._clock.now,
            public=declare_public(),
            serve_page=self._serve_page,
            list_accounts=self._list_accounts,
            urls=urls,
            invited=invited,
            invitation=invitation,
        )

    def _serve_page(self, request: Request, name: str) -> Response:
        return serve_page(request, self._pages, name)

    async def _list_accounts(self) -> list[SimulatedAccount]:
        rows = await self._access.list_simulated_accounts()
        return [SimulatedAccount(row.id, row.name, row.name_en, row.role) for row in rows]
