"""Which offers and candidates does the media process refuse? None of them costs anybody else the picture."""

import contextlib

import pytest

from hub.video.engine import EngineRefused
from hub.video.model import LARGEST_SDP, Picture
from hub.video.remote import MediaProcess
from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import Building
from tests.integration.video.watching import add_candidates, leased, opening, start


async def test_a_viewer_without_h264_is_told_so(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one:
        offer = (await one.offer()).replace("H264/90000", "H263/90000")

        with pytest.raises(EngineRefused) as refused:
            await media.open(opening(offer, building.url("cam-gym")))

    assert refused.value.code == "no-h264"


async def test_sound_beside_the_picture_is_refused_and_the_picture_is_shown(
    building: Building, media: MediaProcess
) -> None:
    building.cameras.by_id["cam-gym"].offers_sound = True
    async with open_viewer() as one, leased(media, "v-1"):
        await one.offer()
        one.pc.addTransceiver("audio", direction="recvonly")
        await one.pc.setLocalDescription(await one.pc.createOffer())
        answer = await media.open(opening(one.pc.localDescription.sdp, building.url("cam-gym")))
        await one.take(answer.sdp)
        await one.sees(4)

    assert [line.split()[:2] for line in answer.sdp.splitlines() if line.startswith("m=")][1] == ["m=audio", "0"]
    assert building.cameras.by_id["cam-gym"].set_up == ["track1"]


async def test_two_pictures_are_refused(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one:
        one.pc.addTransceiver("video", direction="recvonly")
        offer = await one.offer()

        with pytest.raises(EngineRefused) as refused:
            await media.open(opening(offer, building.url("cam-gym")))

    assert refused.value.code == "video-only"


async def test_a_blurred_picture_is_refused_in_words_and_not_shown_clear(
    building: Building, media: MediaProcess
) -> None:
    async with open_viewer() as one:
        blurred = opening(await one.offer(), building.url("cam-gym")).model_copy(update={"picture": Picture.BLURRED})

        with pytest.raises(EngineRefused, match="there is no blurred picture") as refused:
            await media.open(blurred)

    assert refused.value.code == "cannot-blur"
    assert (await media.stats()).viewings == {}


async def test_nonsense_is_no_offer_and_harms_nobody(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one:
        offer = await one.offer()
    damaged = [
        "",
        "v=0",
        "{}",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
        *("".join(offer.splitlines(keepends=True)[:lines]) for lines in range(1, 60, 3)),
        *(offer.replace(word, "a=") for word in ("a=setup", "a=fingerprint:sha-256", "a=ice-ufrag", "a=rtpmap:99")),
    ]

    codes = {await refusal_of(media, f"v-{number}", building, offer) for number, offer in enumerate(damaged)}

    # An offer that lacks its last lines may still be one.
    assert codes - {None} == {"bad-offer", "video-only", "no-h264"}
    async with open_viewer() as other, leased(media, "v-fine"):
        await start(media, building, other, "v-fine")
        await other.sees(2)


async def refusal_of(media: MediaProcess, viewing: str, building: Building, offer: str) -> str | None:
    """The code with which an offer is refused; None for one that is taken."""
    try:
        await media.open(opening(offer, building.url("cam-gym"), viewing))
    except EngineRefused as refused:
        return refused.code
    return None


async def test_what_is_too_long_to_be_said_is_refused_and_costs_nobody_the_picture(
    building: Building, media: MediaProcess
) -> None:
    async with open_viewer() as one, leased(media, "v-1"):
        await start(media, building, one)

        with pytest.raises(EngineRefused) as refused:
            await add_candidates(media, "v-1", "\x01" * LARGEST_SDP)
        await one.sees(15)

    assert refused.value.code == "too-large"


async def test_nonsense_is_not_repeated_at_the_cost_of_everybody_s_picture(
    building: Building, media: MediaProcess
) -> None:
    begun = "v=0\r\na=setup:"
    nonsense = begun + "\\" * (LARGEST_SDP - len(begun))  # four bytes each, quoted in an error that is quoted in JSON
    async with open_viewer() as one, leased(media, "v-1"):
        await start(media, building, one)

        with pytest.raises(EngineRefused) as refused:
            await media.open(opening(nonsense, building.url("cam-gym"), "v-2"))
        await one.sees(15)

    assert refused.value.code == "too-large"


async def test_nonsense_is_no_candidate(building: Building, media: MediaProcess) -> None:
    async with open_viewer() as one, leased(media, "v-1"):
        await start(media, building, one)

        for fragment in (
            "a=candidate:",
            "a=candidate:1 1 udp x 1 2 typ host",
            "a=candidate:1 1 udp 1 nowhere 9 typ host",
        ):
            with contextlib.suppress(EngineRefused):
                await add_candidates(media, "v-1", fragment)
        await one.sees(2)
