"""What can be wrong with a device as it is registered."""

from hub.fleet.placement import Misplaced
from hub.kit.errors import DomainError


class WrongPlacement(DomainError):
    """The device may not be there, or not be whose it is to be: `code` is what `placement` says."""

    status = 422

    def __init__(self, why: Misplaced) -> None:
        super().__init__(why.value)
        self.code = why.value
