"""What can be done to the escalation policies of alarms, and which one a new alarm gets."""

from datetime import datetime

from hub.alarms import policies, policy_store
from hub.alarms.model import Policy, Step
from hub.centre.model import Applies
from hub.kit.bulkhead import Defect
from hub.kit.db import Conn
from hub.kit.ids import CentreId, new_id
from hub.ledger.edit import Edit
from hub.ledger.model import Chain
from hub.notices import parking
from hub.notices.parking import PolledRow
from hub.roster import service as roster


async def policy_of_new_alarm(conn: Conn, centre_id: CentreId, now: datetime) -> Policy:
    """By what an alarm that is opened at `now` escalates: what the centre has written, else what is shipped.

    One that cannot be read is noticed, and the shipped one holds: nobody waits for somebody to mend it.
    """
    applies, policy = await policy_store.policy_at(conn, centre_id, now)
    if isinstance(policy, Defect):
        await parking.notice_parked_row(conn, _polled_row_of(centre_id, applies), policy, now)
    return policy if isinstance(policy, Policy) else policies.shipped_policy(applies)


async def policies_in_force(conn: Conn, centre_id: CentreId) -> dict[Applies, Policy]:
    """The tiers that hold, of the centre or as shipped."""
    written = {applies: await policy_store.current_policy(conn, centre_id, applies) for applies in Applies}
    return {
        applies: policy if isinstance(policy, Policy) else policies.shipped_policy(applies)
        for applies, policy in written.items()
    }


async def write_policy(edit: Edit, centre_id: CentreId, applies: Applies, name: str, steps: tuple[Step, ...]) -> None:
    """Let alarms that are opened from now on escalate like this; nothing happens when they already do.

    Raises WrongPolicy for tiers that make no escalation.
    """
    policies.require_tiers(steps)
    await roster.write_called_duties(edit, centre_id, applies, policies.called_duties(steps))
    current = await policy_store.current_policy(edit.conn, centre_id, applies)
    if isinstance(current, Policy) and (current.name, current.steps) == (name, steps):
        return
    if isinstance(current, Defect):
        await parking.clear_parked_notice(edit.conn, _polled_row_of(centre_id, applies), edit.now)
    policy_id, policy = new_id("o", edit.now), Policy(name, 0, steps)
    made_by = edit.author.account_id
    await policy_store.replace_policy(edit.conn, policy_id, centre_id, applies, policy, made_by, edit.now)
    edit.note_entry(centre_id, Chain.CARE, "policy.written", applies=applies.value)


async def write_called_duties(edit: Edit, centre_id: CentreId) -> None:
    """Tell the roster which duties the tiers call that hold, those that are shipped included."""
    for applies, policy in (await policies_in_force(edit.conn, centre_id)).items():
        await roster.write_called_duties(edit, centre_id, applies, policies.called_duties(policy.steps))


def _polled_row_of(centre_id: CentreId, applies: Applies) -> PolledRow:
    return PolledRow("escalation-policy", applies, centre_id)
