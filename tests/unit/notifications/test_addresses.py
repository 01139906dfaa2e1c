"""Which addresses does a channel take, and what is said of one that it does not?"""

import pytest

from hub.notifications.addresses import describe_address, is_address_of
from hub.notifications.model import ChannelName


@pytest.mark.parametrize("channel", ChannelName)
def test_the_example_that_a_channel_gives_is_an_address_of_it_and_of_no_other(channel: ChannelName) -> None:
    example = describe_address(channel).rpartition(" ")[2]

    assert [one for one in ChannelName if is_address_of(one, example)] == [channel]
