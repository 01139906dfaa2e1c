"""What can be done to the escalation policies of alarms."""

from hub.alarms import policies, policy_store
from hub.alarms.model import Applies, Policy, Step
from hub.kit.ids import CentreId, new_id
from hub.ledger.edit import Edit
from hub.ledger.model import Chain


async def write_policy(edit: Edit, centre_id: CentreId, applies: Applies, name: str, steps: tuple[Step, ...]) -> None:
    """Let alarms that are opened from now on escalate like this; nothing happens when they already do.

    Raises WrongPolicy for tiers that make no escalation.
    """
    policies.require_tiers(steps)
    current = await policy_store.current_policy(edit.conn, centre_id, applies)
    if current is not None and (current.name, current.steps) == (name, steps):
        return
    policy_id, policy = new_id("o", edit.now), Policy(name, 0, steps)
    made_by = edit.author.account_id
    await policy_store.replace_policy(edit.conn, policy_id, centre_id, applies, policy, made_by, edit.now)
    edit.note(centre_id, Chain.CARE, "policy.written", applies=applies.value)
