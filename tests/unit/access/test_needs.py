"""What may a route declare?"""

import pytest

from hub.access.may import Action
from hub.access.needs import Public


def test_a_route_for_everybody_declares_no_action_that_needs_somebody() -> None:
    Public(Action.OPEN_INVITATION)

    with pytest.raises(AssertionError, match="see"):
        Public(Action.SEE_BOARD)
