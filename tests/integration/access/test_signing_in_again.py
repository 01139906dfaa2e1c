"""What becomes of the session that a browser had, and of passwords that were refused?"""

from hub.access.service import Invited
from hub.kit.ids import AccountId
from hub.notices.model import NoticeCode
from hub.notices.refusals import RefusalReports
from tests.fakes.house import House
from tests.integration.access.signing_in import linked, sign_in
from tests.integration.web.site import Place, Site


async def test_signing_in_again_ends_the_session_that_the_browser_had(
    site: Site, place: Place, house: House, zhous_password: str
) -> None:
    async with site.browser() as hers:
        await sign_in(hers, house.zhou, zhous_password)
        first = hers.cookies["anling-staff"]
        await sign_in(hers, house.zhou, zhous_password)
        assert hers.cookies["anling-staff"] != first
        assert (await hers.get("/api/me")).status_code == 200

    async with site.browser(**{"anling-staff": first}) as copied:
        assert (await copied.get("/api/me")).status_code == 401


async def test_the_session_of_a_colleague_in_the_same_browser_ends_too(
    site: Site, place: Place, house: House, zhous_password: str
) -> None:
    async with place.hub.transaction() as conn:
        await conn.execute(
            "UPDATE account SET password_hash = (SELECT password_hash FROM account WHERE id = 'zhou') WHERE id = 'chen'"
        )
    async with site.browser() as desk:
        await sign_in(desk, house.zhou, zhous_password)
        first = desk.cookies["anling-staff"]
        assert (await sign_in(desk, "chen", zhous_password)).status_code == 204

    async with site.browser(**{"anling-staff": first}) as copied:
        assert (await copied.get("/api/me")).status_code == 401


async def test_a_wrong_password_ends_no_session(site: Site, house: House, zhous_password: str) -> None:
    async with site.browser() as hers:
        await sign_in(hers, house.zhou, zhous_password)
        assert (await sign_in(hers, house.zhou, "wrong")).status_code == 401

        assert (await hers.get("/api/me")).status_code == 200


async def test_who_comes_with_a_link_ends_the_session_that_the_browser_had(
    site: Site, place: Place, house: House, zhous_password: str
) -> None:
    token = await linked(place, Invited(AccountId("liu")))
    async with site.browser() as desk:
        await sign_in(desk, house.zhou, zhous_password)
        first = desk.cookies["anling-staff"]
        answer = await desk.post(f"/api/invitations/{token}", json={"password": "six cold noodles"})
        assert answer.status_code == 204

    async with site.browser(**{"anling-staff": first}) as copied:
        assert (await copied.get("/api/me")).status_code == 401


async def test_wrong_passwords_are_written_together_and_noticed_from_ten_a_minute(
    site: Site, place: Place, house: House, zhous_password: str
) -> None:
    reports = RefusalReports(place.hub, place.clock, site.access.refusals, NoticeCode.WRONG_PASSWORDS)
    async with site.browser() as stranger:
        for number in range(9):
            await sign_in(stranger, house.zhou, f"wrong {number}")
            await sign_in(stranger, f"nobody-{number}", "wrong")
        await reports.write()
        assert await _noticed(place) == []
        await sign_in(stranger, house.zhou, zhous_password)  # it waits: not looked at, and counted
        await reports.write()

    assert await _noticed(place) == [("wrong-passwords", "account:zhou")]
    async with place.hub.transaction() as conn:
        rows = await (await conn.execute("SELECT entry FROM ledger_access ORDER BY n")).fetchall()
    entries = [row[0].replace(" ", "") for row in rows]
    assert [one.count("password-refused") for one in entries] == [1, 1, 1]
    assert ['"times":9' in one for one in entries] == [True, True, False]
    assert not any("zhou" in one or "nobody" in one for one in entries), "people are tokens there"


async def _noticed(place: Place) -> list[tuple[str, str]]:
    async with place.hub.transaction() as conn:
        return await (await conn.execute("SELECT code, subject FROM notice WHERE cleared_at IS NULL")).fetchall()


async def test_wrong_phone_digits_are_counted_too(site: Site, place: Place, house: House) -> None:
    token = await linked(place, Invited(AccountId(house.daughter)))
    async with site.browser() as phone:
        for digits in ("1234", "1235"):
            await phone.post(f"/api/family/invitations/{token}", json={"phone_last4": digits})

    assert [(one.subject, one.times) for one in site.access.refusals.unwritten(0.0)] == [
        (f"account:{house.daughter}", 2)
    ]
