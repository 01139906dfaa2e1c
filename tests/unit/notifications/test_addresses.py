"""Which addresses does a channel take, and what is said of one that it does not?"""

import pytest

from hub.notifications.addresses import describe_address, is_address_of
from hub.notifications.model import ChannelName


@pytest.mark.parametrize("channel", ChannelName)
def test_the_example_that_a_channel_gives_is_an_address_of_it_and_of_no_other(channel: ChannelName) -> None:
    example = describe_address(channel).rpartition(" ")[2]

    assert [one for one in ChannelName if is_address_of(one, example)] == [channel]


@pytest.mark.parametrize(
    "address",
    [
        "li.min@example.org",
        "li@例子.中国",
        "李敏@example.org",
        "li+duty@mail.example.org",
        "li@localhost",
        "l'i@ex-ample.org",
    ],
)
def test_a_mailbox_is_taken_in_any_script(address: str) -> None:
    assert is_address_of(ChannelName.EMAIL, address)


@pytest.mark.parametrize(
    "address",
    [
        *("li", "@example.org", "li@", "li@@example.org", "li min@example.org", "li@example..org", ".li@example.org"),
        *(
            "li.@example.org",
            "li@.example.org",
            "li@-example.org",
            "li@example.org\n",
            "li@exa\0mple.org",
            "<li@example.org>",
        ),
        *(
            "Li <li@example.org>",
            "li@example.org,x@example.org",
            "l" * 65 + "@example.org",
            "li@xn--\u202e.org",
            "li@。中国",
        ),
    ],
)
def test_what_the_channel_would_refuse_is_refused_where_it_is_written(address: str) -> None:
    assert not is_address_of(ChannelName.EMAIL, address)
