"""The rows of the escalation policies of alarms. One function, one statement."""

from datetime import datetime

from psycopg.types.json import Jsonb

from hub.alarms.model import Policy
from hub.alarms.policies import parse_tiers, policy_as_json
from hub.centre.model import Applies
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId


async def policy_at(conn: Conn, centre_id: CentreId, now: datetime) -> tuple[Applies, Policy | Defect | None]:
    """Whether the centre is open at `now`, by its own clock, and the policy that holds then; None while it has none,
    a Defect for one that cannot be read."""
    cursor = await conn.execute(
        """
        SELECT hours.applies, policy.name, policy.version, policy.tiers
          FROM (
            SELECT CASE WHEN clock.at >= centre.opens AND clock.at < centre.closes THEN %(open)s ELSE %(shut)s END
              FROM centre
             CROSS JOIN calendar_at(%(now)s) AS calendar
             CROSS JOIN LATERAL (SELECT (calendar.moment AT TIME ZONE centre.timezone)::time) AS clock (at)
             WHERE centre.id = %(centre_id)s) AS hours (applies)
          LEFT JOIN escalation_policy AS policy
            ON policy.centre_id = %(centre_id)s AND policy.applies = hours.applies AND policy.current
        """,
        {"centre_id": centre_id, "now": now, "open": Applies.OPENING_HOURS, "shut": Applies.OUT_OF_HOURS},
    )
    row = await cursor.fetchone()
    assert row is not None
    applies, name, version, tiers = row
    return Applies(applies), None if name is None else _read_policy(centre_id, name, version, tiers)


async def current_policy(conn: Conn, centre_id: CentreId, applies: Applies) -> Policy | Defect | None:
    """The policy that holds; None while the centre has written none, a Defect for one that cannot be read."""
    cursor = await conn.execute(
        """
        SELECT name, version, tiers
          FROM escalation_policy
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s AND current
        """,
        {"centre_id": centre_id, "applies": applies},
    )
    row = await cursor.fetchone()
    return None if row is None else _read_policy(centre_id, *row)


def _read_policy(centre_id: CentreId, name: str, version: int, tiers: object) -> Policy | Defect:
    what = f"version {version} of a policy of {centre_id}"
    return call_in_bulkhead(what, lambda: Policy(name, version, parse_tiers(tiers)))


async def replace_policy(
    conn: Conn,
    policy_id: str,
    centre_id: CentreId,
    applies: Applies,
    policy: Policy,
    by: AccountId | None,
    now: datetime,
) -> None:
    """Make this the policy that holds, as one version more than the last."""
    await conn.execute(
        """
        UPDATE escalation_policy
           SET current = false
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s AND current
        """,
        {"centre_id": centre_id, "applies": applies},
    )
    await conn.execute(
        """
        INSERT INTO escalation_policy (id, centre_id, applies, name, version, tiers, made_at, made_by, current)
        SELECT %(id)s, %(centre_id)s, %(applies)s, %(name)s, coalesce(max(version), 0) + 1, %(tiers)s, %(now)s, %(by)s,
               true
          FROM escalation_policy
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s
        """,
        {
            "id": policy_id,
            "centre_id": centre_id,
            "applies": applies,
            "name": policy.name,
            "tiers": Jsonb(policy_as_json(policy)["tiers"]),
            "now": now,
            "by": by,
        },
    )
