"""What is decided about an account: a new link, a new password, out, in again; and what the ledger says of it."""

from contextlib import AbstractAsyncContextManager

import psycopg
import pytest

from hub.access.accounts import disable_account, enable_account, renew_invitation, reset_password
from hub.access.errors import AccountDisabled, FamilyHasNoPassword, HasPassword, NoSuchAccount
from hub.access.model import SessionKind
from hub.access.passwords import Passwords
from hub.kit.ids import AccountId
from hub.ledger.edit import COMMAND_LINE, Edit, open_edit
from tests.fakes.house import House
from tests.integration.web.site import Place, Site

PASSWORD = "three warm bowls of noodles"


def editing(place: Place) -> AbstractAsyncContextManager[Edit]:
    return open_edit(place.hub, COMMAND_LINE, place.clock.now())


async def invited(place: Place, account_id: AccountId) -> str:
    async with editing(place) as editor:
        return await renew_invitation(editor, account_id)


def recorded(place: Place) -> list[tuple[str, str, str]]:
    """Kind, account and who did it, of each entry of the access chain that names who did it."""
    with psycopg.connect(place.url) as conn:
        return [
            (kind, account, by)
            for kind, account, by in conn.execute(
                """
                SELECT entry::jsonb ->> 'kind', account.id, entry::jsonb -> 'params' ->> 'by'
                  FROM ledger_access
                  JOIN account ON account.person::text = entry::jsonb -> 'params' ->> 'person'
                 WHERE entry::jsonb -> 'params' ? 'by'
                 ORDER BY n
                """
            )
        ]


async def test_a_new_link_lets_her_in_and_the_one_before_it_no_more(site: Site, place: Place, house: House) -> None:
    before, link = await invited(place, house.daughter), await invited(place, house.daughter)

    async with site.browser() as phone:
        old = await phone.post(f"/api/family/invitations/{before}", json={"phone_last4": "0000"})
        new = await phone.post(f"/api/family/invitations/{link}", json={"phone_last4": "0000"})

    assert (old.status_code, old.json()["code"]) == (410, "invitation-expired")
    assert new.status_code == 204
    assert recorded(place) == [("invitation-made", house.daughter, "command line")] * 2


async def test_a_link_that_was_used_stays_what_it_is_and_a_new_one_lets_her_in_on_another_phone(
    site: Site, place: Place, house: House
) -> None:
    link = await invited(place, house.daughter)
    async with site.browser() as phone, site.browser() as new_phone:
        await phone.post(f"/api/family/invitations/{link}", json={"phone_last4": "0000"})
        again = await invited(place, house.daughter)

        used = await new_phone.post(f"/api/family/invitations/{link}", json={"phone_last4": "0000"})
        opened = await new_phone.post(f"/api/family/invitations/{again}", json={"phone_last4": "0000"})

        assert (used.json()["code"], opened.status_code) == ("invitation-used", 204)
        assert (await phone.get("/api/family/home")).status_code == 200


async def test_a_reset_ends_password_and_sessions_now_and_its_link_sets_a_new_password_once(
    site: Site, place: Place, house: House
) -> None:
    password_hash = await Passwords().hash(PASSWORD)
    async with place.hub.transaction() as conn:
        await conn.execute("UPDATE account SET password_hash = %s WHERE id = %s", (password_hash, house.zhou))
    async with await site.signed_in(house.zhou) as desk, site.browser() as browser:
        async with editing(place) as editor:
            link = await reset_password(editor, house.zhou)

        assert (await desk.get("/api/me")).status_code == 401
        knows = {"account": house.zhou, "password": PASSWORD}
        assert (await browser.post("/api/sign-in", json=knows)).status_code == 401
        chosen = [
            (await browser.post(f"/api/invitations/{link}", json={"password": "a better kettle"})).status_code
            for _ in range(2)
        ]
        knows["password"] = "a better kettle"
        assert (chosen, (await browser.post("/api/sign-in", json=knows)).status_code) == ([204, 410], 204)
    assert recorded(place) == [("password-reset", house.zhou, "command line")]


async def test_who_is_disabled_signs_in_by_no_link_until_enabled(site: Site, place: Place, house: House) -> None:
    link = await invited(place, house.daughter)
    async with await site.signed_in(house.daughter, SessionKind.FAMILY) as phone:
        async with editing(place) as editor:
            assert await disable_account(editor, house.daughter)
            assert not await disable_account(editor, house.daughter), "she is already"

        assert (await phone.get("/api/family/home")).status_code == 401
        assert (await phone.get(f"/api/family/invitations/{link}")).status_code == 404
        with pytest.raises(AccountDisabled):
            await invited(place, house.daughter)
        async with editing(place) as editor:
            assert await enable_account(editor, house.daughter)
            assert not await enable_account(editor, house.daughter), "she is already"
        assert (await phone.get(f"/api/family/invitations/{link}")).json()["code"] == "invitation-expired"
        assert (await phone.get("/api/family/home")).status_code == 401, "a session that was ended stays ended"
        link = await invited(place, house.daughter)
        assert (await phone.get(f"/api/family/invitations/{link}")).status_code == 200
    assert [kind for kind, *_ in recorded(place)] == [
        "invitation-made", "account-disabled", "account-enabled", "invitation-made",
    ]  # fmt: skip


async def test_what_cannot_be_decided_is_refused_and_not_recorded(place: Place, house: House) -> None:
    async with place.hub.transaction() as conn:
        await conn.execute("UPDATE account SET password_hash = 'x' WHERE id = %s", (house.zhou,))

    async with editing(place) as editor:
        with pytest.raises(HasPassword):
            await renew_invitation(editor, house.zhou)
        with pytest.raises(FamilyHasNoPassword):
            await reset_password(editor, house.daughter)
        for decide in (renew_invitation, reset_password, disable_account, enable_account):
            with pytest.raises(NoSuchAccount):
                await decide(editor, AccountId("nobody"))
    assert recorded(place) == []
