"""What does `./anling demo --lan` open to a phone on the same network, and what not?"""

import asyncio
import re
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from hub.web.home import Home
from tests.fakes.demo import Demo, demo_running, until
from tests.journeys.test_a_family import watching
from tests.journeys.test_safe_by_default import LISTENS, sockets_of

HERE = "127.0.0.2"
"""Stands for the machine's address on the network: not the one that everything listens on, and on this machine."""


@pytest.fixture(scope="module")
def on_lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_running(tmp_path_factory.mktemp("lan"), "--lan", ANLING_MEDIA_HOSTS=HERE) as demo:
        yield demo


def test_the_code_on_the_terminal_leads_a_phone_to_the_daughters_page(on_lan: Demo) -> None:
    found = re.search(rf"^(http://{re.escape(HERE)}:\d+)/family#i/(\S+)$", on_lan.printed, re.MULTILINE)
    assert found is not None, on_lan.printed

    assert found[1] == on_lan.url
    assert found[2] == on_lan.invitation
    assert "plain HTTP, demo data only" in on_lan.printed
    assert "█" in on_lan.printed, "the code itself"
    home = Home.model_validate_json(on_lan.daughter().get("/api/family/home").content)
    assert (home.senior.address_as, home.plain_http) == ("王奶奶", True)


async def test_the_phone_sees_the_picture_over_the_network(on_lan: Demo) -> None:
    for senior_id in ("s-06", "s-19", "s-24", "s-34"):
        on_lan.is_in(senior_id, "laundry")
    on_lan.is_in("s-01", "music")

    async with watching(on_lan, "f-01", "cam-music") as (one, _):
        answer = one.pc.remoteDescription.sdp
        pictures = await one.sees(4)

    assert f" {HERE} " in answer, "an address that the phone can reach"
    assert {picture.stamp.room_id for picture in pictures if picture.stamp} == {"music"}


async def test_nothing_but_the_pages_and_the_picture_is_opened(on_lan: Demo) -> None:
    found = await asyncio.to_thread(lambda: list(sockets_of(set(on_lan.pids()))))

    beyond = {one.pid for one in found if one.state == LISTENS and not ip_address(one.local).is_loopback}
    assert beyond == {on_lan.pid_of("hub")}
    broker = [one for one in found if one.port == on_lan.mqtt_port and one.state == LISTENS]
    assert [one.local for one in broker] == ["127.0.0.1"]


def test_a_press_is_taken_on_the_phone_as_ever(on_lan: Demo) -> None:
    on_lan.press("b-02")

    assert on_lan.take("sw-1", on_lan.ringing("sw-1", "李爷爷")) == {"code": "accepted"}

    until(lambda: on_lan.light("b-02").text == "孙丽正在赶来")
