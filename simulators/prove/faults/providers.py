"""What if a provider lies, is slow, hangs or fails? Its messages reach nobody; the other channel has to."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from simulators.prove.field import Field, HubFault
from simulators.prove.sinks import Provider


@contextmanager
def provider_behaves(field: Field, *, provider: Provider) -> Iterator[None]:
    """The webhook receiver answers like that."""
    field.ground.sinks.behave(provider)
    field.strikes += 1
    try:
        yield
    finally:
        field.ground.sinks.behave(Provider.HONEST)


FAULTS: Final = tuple(
    HubFault(
        f"provider-{provider}", f"the webhook provider is {what}", partial(provider_behaves, provider=provider), 20
    )
    for provider, what in (
        (Provider.LYING, "lying: 200 with an error in the body"),
        (Provider.SLOW, "slow: an answer after 4 s"),
        (Provider.HANGING, "hanging: no answer"),
        (Provider.FAILING, "failing: 503"),
    )
)
