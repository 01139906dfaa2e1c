"""Whether the media process shows a camera while it has a lease, and nothing that it may not."""

import asyncio
import time
from dataclasses import replace

import pytest

from hub.video.engine import Close, EngineRefused, EngineUnreachable, Renew, Renewed, SdpAnswer
from hub.video.model import Picture
from hub.video.remote import MediaProcess
from hub.video.wire import MediaDone, MediaFailed, MediaReply, MediaRequest, encode_line
from simulators.rtsp.camera import Fault
from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import Building, MediaRun
from tests.integration.video.watching import close, leased, opening, renew, start

pytestmark = pytest.mark.long


async def test_a_viewer_sees_the_room_she_asked_for(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one, open_viewer() as other, leased(media, "v-1", "v-2"):
        await start(media, building, one, "v-1", camera="cam-gym")
        await start(media, building, other, "v-2", camera="cam-music")

        gym, music = await asyncio.gather(one.sees(8), other.sees(8))

    assert {seen.stamp.room_id for seen in gym if seen.stamp} == {"gym"}
    assert {seen.stamp.room_id for seen in music if seen.stamp} == {"music"}
    assert sum(seen.stamp is not None for seen in gym) >= 7


async def test_only_the_given_address_is_offered_and_no_sound(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one:
        offer = await one.offer()
        answer = (await media.open(opening(offer, building.url("cam-gym"), held=0))).sdp

        addresses = {line.split()[4] for line in answer.splitlines() if line.startswith("a=candidate:")}
        assert addresses == {"127.0.0.1"}
        assert "m=audio" not in answer
        assert "H264/90000" in answer
        assert "VP8" not in answer


async def test_a_lease_that_is_not_renewed_ends_the_picture_within_a_second(
    building: Building, media: MediaProcess
) -> None:
    async with open_viewer() as one:
        async with leased(media, "v-1"):
            await start(media, building, one)
            await one.sees(5)
            last_renewed = time.monotonic()
        ended = await one.goes_dark()

        assert last_renewed < ended < last_renewed + 1
        async with leased(media, "v-1"):
            back = await one.sees(3)
    assert back[0].at > ended + 0.5


async def test_a_lost_packet_is_sent_again_only_while_there_is_a_lease(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one:
        async with leased(media, "v-1"):
            await start(media, building, one)
            await one.sees(5)
            first = one.packets[-1]
            await one.asks_again(first)
            async with asyncio.timeout(3):
                while not any(packet.ssrc != first.ssrc for packet in one.packets):
                    await asyncio.sleep(0.01)
        await one.goes_dark()
        heard = len(one.packets)

        for packet in [packet for packet in one.packets if packet.ssrc == first.ssrc][-20:]:
            await one.asks_again(packet)
        await one.goes_dark()
        assert len(one.packets) == heard

        async with leased(media, "v-1"):
            await one.asks_again(first)
            await one.sees(3)
        assert not any(packet.ssrc != first.ssrc for packet in one.packets[heard:])


async def test_a_packet_that_never_comes_costs_a_viewer_the_pictures_up_to_the_next_key_picture(
    building: Building, media: MediaProcess
) -> None:
    async with open_viewer() as one, leased(media, "v-1"):
        await start(media, building, one)
        await one.sees(5)

        one.loses(1)
        await one.sees(20)


async def test_a_viewing_that_is_closed_gets_not_one_packet_more(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one, leased(media, "v-1"):
        await start(media, building, one)
        await one.sees(5)

        await close(media, "v-1")
        closed = time.monotonic()
        ended = await one.goes_dark()

    assert ended < closed + 0.25
    gone = (await renew(media, "v-1")).gone
    assert gone == {"v-1": "closed"}


async def test_a_picture_that_may_only_be_seen_blurred_ends_rather_than_go_on_clear(
    building: Building, media: MediaProcess
) -> None:
    async with open_viewer() as one:
        await start(media, building, one)
        await renew(media, "v-1")
        await one.sees(5)

        renewed = await renew(media, "v-1", picture=Picture.BLURRED)
        told = time.monotonic()
        ended = await one.goes_dark()
        again = await renew(media, "v-1")

    assert ended < told + 0.25
    assert renewed.gone == again.gone == {"v-1": "cannot-blur"}


async def test_a_viewing_that_is_closed_while_it_opens_never_starts(building: Building, media_run: MediaRun) -> None:
    async with open_viewer() as one:
        first = opening(await one.offer(), building.url("cam-gym"))
        hears, says = await asyncio.open_unix_connection(media_run.socket)

        says.write(encode_line(MediaRequest(n=1, asks=first)))
        says.write(encode_line(MediaRequest(n=2, asks=Close(viewing_ids=("v-1",)))))
        replies = [MediaReply.model_validate_json(await hears.readline()) for _ in range(2)]
        says.write(encode_line(MediaRequest(n=3, asks=Renew(pictures={"v-1": Picture.CLEAR}, as_of=time.monotonic()))))
        renewed = MediaReply.model_validate_json(await hears.readline())
        says.close()

    said = {reply.n: reply.says for reply in replies}
    # An answer that was ready before the second line was read is answered; nothing is ever shown for it.
    assert isinstance(said[1], SdpAnswer) or said[1] == MediaFailed(code="no-such-viewing", message="it has ended")
    assert said[2] == MediaDone()
    assert renewed.says == Renewed(gone={"v-1": "closed"}, unusable={})


async def test_nothing_from_before_the_grant_is_ever_sent(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as early, open_viewer() as late, leased(media, "v-1", "v-2"):
        await start(media, building, early, "v-1")
        await early.sees(8)
        granted_ms = time.time() * 1000

        await start(media, building, late, "v-2", held=0.0)
        seen = await late.sees(14)

    moments = [one.stamp.at_ms for one in seen if one.stamp]
    assert len(moments) >= 12
    assert min(moments) >= granted_ms


async def test_nothing_from_while_there_was_no_lease_is_sent_afterwards(
    building: Building, media: MediaProcess
) -> None:
    async with open_viewer() as one:
        async with leased(media, "v-1"):
            await start(media, building, one)
            await one.sees(5)
        await one.goes_dark()
        again_ms = time.time() * 1000

        async with leased(media, "v-1"):
            # The viewer's decoder buffered the last picture of before, which she had been sent in time.
            _, *seen = await one.sees(6)

    moments = [one.stamp.at_ms for one in seen if one.stamp]
    assert moments
    assert min(moments) >= again_ms


async def test_a_late_joiner_sees_a_kept_key_picture_at_once(building: Building, media: MediaProcess) -> None:
    stream = building.cameras.streams["cam-gym", "main"]
    stream.knobs = replace(stream.knobs, gop=36)
    async with open_viewer() as early, open_viewer() as late, leased(media, "v-1", "v-2"):
        await start(media, building, early, "v-1")
        await early.sees(12)
        asked = time.monotonic()

        await start(media, building, late, "v-2")
        first, *_ = await late.sees(1)

    assert first.at - asked < 1.0


@pytest.mark.parametrize(
    ("knobs", "problem"),
    [({"codec": "h265"}, "set its video codec to H.264"), ({"profile": "main", "b_frames": 2}, "B-frames to 0")],
)
async def test_a_camera_that_no_browser_could_show_is_refused_with_what_to_set(
    building: Building, media: MediaProcess, knobs: dict[str, str | int], problem: str
) -> None:
    stream = building.cameras.streams["cam-gym", "main"]
    stream.knobs = replace(stream.knobs, **knobs)  # type: ignore[arg-type]
    async with open_viewer() as one:
        await start(media, building, one)

        async with asyncio.timeout(8):
            while not (said := (await renew(media, "v-1")).unusable):
                await asyncio.sleep(0.05)

    assert problem in said["cam-gym"].message
    async with open_viewer() as other:
        with pytest.raises(EngineRefused, match=problem):
            await start(media, building, other, "v-2")


async def test_parameter_sets_out_of_band_are_put_in(building: Building, media: MediaProcess) -> None:
    stream = building.cameras.streams["cam-gym", "main"]
    stream.knobs = replace(stream.knobs, parameter_sets_in_band=False)
    async with open_viewer() as one, leased(media, "v-1"):
        await start(media, building, one)

        seen = await one.sees(6)

    assert any(one.stamp for one in seen)


async def test_the_picture_comes_back_after_the_camera_does(building: Building, media: MediaProcess) -> None:
    camera = building.cameras.by_id["cam-gym"]
    async with open_viewer() as one, leased(media, "v-1"):
        await start(media, building, one)
        await one.sees(5)
        camera.break_with(Fault.REFUSE, time.time())
        await one.goes_dark()

        camera.break_with(None, time.time())
        back = time.time() * 1000
        _, *seen = await one.sees(5)

    moments = [one.stamp.at_ms for one in seen if one.stamp]
    assert moments
    assert min(moments) >= back


async def test_the_camera_is_read_once_for_many_and_closed_afterwards(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one, open_viewer() as other, leased(media, "v-1", "v-2"):
        await start(media, building, one, "v-1")
        await start(media, building, other, "v-2")
        await asyncio.gather(one.sees(3), other.sees(3))
        assert building.cameras.streams["cam-gym", "main"].readers == 1
        assert (await media.stats()).cameras["cam-gym"].viewers == 2

        await close(media, "v-1", "v-2")

        assert (await media.stats()).cameras["cam-gym"].viewers == 0


async def test_a_viewing_of_a_camera_s_old_address_is_closed_and_may_be_opened_again(
    building: Building, media: MediaProcess
) -> None:
    async with open_viewer() as one, open_viewer() as other, leased(media, "v-1", "v-2"):
        await start(media, building, one, "v-1")
        await one.sees(3)

        await start(media, building, other, "v-2", url=building.url("cam-music"))
        seen = await other.sees(5)
        async with asyncio.timeout(5):
            while not (gone := (await renew(media, "v-1", "v-2")).gone):
                await asyncio.sleep(0.05)

        assert gone == {"v-1": "picture-away"}
        assert {one.stamp.room_id for one in seen if one.stamp} == {"music"}
        assert (await media.stats()).cameras["cam-gym"].viewers == 1


async def test_a_viewer_who_leaves_is_noticed(building: Building, media: MediaProcess) -> None:
    async with leased(media, "v-1"):
        async with open_viewer() as one:
            await start(media, building, one)
            await one.sees(3)

        async with asyncio.timeout(5):
            while not (gone := (await renew(media, "v-1")).gone):
                await asyncio.sleep(0.05)

    assert gone == {"v-1": "viewer-gone"}


async def test_a_killed_media_process_is_dark_and_unreachable_at_once(
    building: Building, media: MediaProcess, media_run: MediaRun
) -> None:
    async with open_viewer() as one:
        await start(media, building, one)
        await one.sees(3)

        media_run.kill()
        killed = time.monotonic()
        ended = await one.goes_dark()

    assert ended < killed + 0.25
    with pytest.raises(EngineUnreachable):
        await media.stats()
