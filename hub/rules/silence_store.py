"""Of the silence of which devices is nothing remembered yet?"""

from collections.abc import Sequence
from datetime import datetime

from hub.kit.db import Conn
from hub.kit.ids import DeviceId
from hub.rules.model import Priority
from hub.rules.rule import Rule


async def unwatched_devices(
    conn: Conn, watched: Sequence[tuple[Rule, str]], now: datetime
) -> list[tuple[str, DeviceId]]:
    """(rule id, device) for every enabled device of whose silence nothing is remembered.

    `watched` are (rule, kind of device) pairs. A device that was freed is found again as soon as it is enabled, or off
    no more; to a P1 rule it never is.
    """
    cursor = await conn.execute(
        """
        SELECT rule.id, device.id
          FROM unnest(%(rule_ids)s::text[], %(kinds)s::text[], %(are_p1)s::boolean[]) AS rule (id, kind, is_p1)
          JOIN device ON device.kind = rule.kind AND device.enabled
               AND (rule.is_p1 OR device.off_until IS NULL OR device.off_until <= %(now)s)
          LEFT JOIN rule_state
            ON rule_state.rule_id = rule.id AND rule_state.key = 'device:' || device.id AND rule_state.stage <> 'idle'
         WHERE rule_state.rule_id IS NULL
         ORDER BY rule.id, device.id
        """,
        {
            "rule_ids": [rule.id for rule, _ in watched],
            "kinds": [kind for _, kind in watched],
            "are_p1": [rule.priority is Priority.P1 for rule, _ in watched],
            "now": now,
        },
    )
    return [(rule_id, DeviceId(device_id)) for rule_id, device_id in await cursor.fetchall()]
