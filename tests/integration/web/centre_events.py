"""What happens in the small centre while its pages are open."""

from hub.alarms import service as alarms
from hub.attendance.model import AttendanceAction, Tapped
from hub.attendance.service import record_presence
from hub.kit.ids import AlarmId, RoomId, SeniorId
from hub.rules.model import Finding, Priority
from tests.fakes.house import House
from tests.integration.web.site import Place

SOON = 1.0  # seconds


async def enters(place: Place, house: House, senior: SeniorId, room: RoomId | None) -> None:
    what = AttendanceAction.LEAVE if room is None else AttendanceAction.ENTER
    async with place.hub.transaction() as conn:
        await record_presence(conn, Tapped(house.centre, senior, what, room), place.clock.now())


async def needs_help(place: Place, house: House) -> AlarmId:
    finding = Finding(
        rule_id="help",
        priority=Priority.P1,
        klass="help",
        centre_id=house.centre,
        at=place.clock.now(),
        senior_id=house.wang,
        room_id=house.gym,
        device_id=house.wang_button,
        summary={"zh-CN": "王奶奶按了呼叫", "en": "Grandma Wang pressed"},
    )
    async with place.hub.transaction() as conn:
        (concluded,) = await alarms.conclude_findings(conn, [finding], place.clock.now())
    assert concluded.alarm_id is not None
    return concluded.alarm_id
