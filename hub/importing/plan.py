"""What does a centre's file come to? The records that each owner of rows is asked to write."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.access.model import AccountRecord, Role
from hub.alarms.model import Step
from hub.centre.model import Applies, CentreRecord, OrganisationRecord, RoomRecord
from hub.fleet.model import DeviceRecord
from hub.importing.model import SimulatedAccounts
from hub.importing.parts import AccountPart, CentreFile, ConsentPart, DevicePart, RelationPart, SeniorPart, TierPart
from hub.kit.ids import AccountId, CentreId, DeviceId, OrganisationId, RoomId, SeniorId
from hub.notifications.model import ContactRecord
from hub.people.model import ConsentRecord, RelationRecord, SeniorRecord
from hub.roster.model import DailyShift

POLICY_NAME: Final = "imported"


def organisation_of(file: CentreFile) -> OrganisationRecord:
    """The organisation that runs the centre."""
    part = file.organisation
    return OrganisationRecord(OrganisationId(part.id), part.name, part.name_en)


def centre_of(file: CentreFile) -> CentreRecord:
    """The building and its hours."""
    part = file.centre
    return CentreRecord(
        id=CentreId(part.id),
        organisation_id=OrganisationId(file.organisation.id),
        name=part.name,
        name_en=part.name_en,
        address=part.address,
        phone=part.phone,
        timezone=part.timezone,
        opens=part.opens,
        closes=part.closes,
    )


def rooms_of(file: CentreFile) -> list[RoomRecord]:
    """The rooms, in the order of the file."""
    return [
        RoomRecord(
            id=RoomId(room.id),
            centre_id=CentreId(file.centre.id),
            name=room.name,
            name_en=room.name_en,
            type=room.type,
            plan_column=room.plan_column,
            plan_row=room.plan_row,
            plan_width=room.plan_width,
            plan_height=room.plan_height,
        )
        for room in file.rooms
    ]


def seniors_of(file: CentreFile) -> list[SeniorRecord]:
    """The seniors' records, in the order of the file."""
    return [_senior_record(senior, CentreId(file.centre.id)) for senior in file.seniors]


def accounts_of(file: CentreFile, simulated: SimulatedAccounts | None) -> list[AccountRecord]:
    """The accounts, in the order of the file; those of a simulated centre have its password."""
    return [_account_record(account, file, simulated) for account in file.accounts]


def contacts_of(account: AccountPart) -> list[ContactRecord]:
    """How an account is reached, the best way first."""
    return [ContactRecord(contact.channel, contact.address) for contact in account.contacts]


def relations_of(file: CentreFile) -> list[RelationRecord]:
    """Who is whose relative."""
    return [_relation_record(tie) for tie in file.relations]


def consents_of(file: CentreFile) -> list[ConsentRecord]:
    """What seniors agreed to: one record for each purpose."""
    zone = ZoneInfo(file.centre.timezone)
    return [record for part in file.consents for record in _consent_records(part, zone)]


def devices_of(file: CentreFile) -> list[DeviceRecord]:
    """The devices and whose they are, in the order of the file."""
    return [_device_record(device, CentreId(file.centre.id)) for device in file.devices]


def daily_shifts_of(file: CentreFile) -> list[DailyShift]:
    """The duties of every day."""
    return [DailyShift(AccountId(shift.account), shift.duty, shift.from_, shift.to) for shift in file.shifts]


def policies_of(file: CentreFile) -> list[tuple[Applies, tuple[Step, ...]]]:
    """How alarms escalate, while the centre is open and while it is not."""
    if file.escalation is None:
        return []
    return [
        (Applies.OPENING_HOURS, tuple(map(_build_step, file.escalation.opening_hours))),
        (Applies.OUT_OF_HOURS, tuple(map(_build_step, file.escalation.out_of_hours))),
    ]


def _senior_record(part: SeniorPart, centre_id: CentreId) -> SeniorRecord:
    return SeniorRecord(
        id=SeniorId(part.id),
        centre_id=centre_id,
        name=part.name,
        address_as=part.address_as,
        address_as_en=part.address_as_en,
        born_on=part.born_on,
        categories=part.categories,
        home_address=part.home_address,
        access_notes=part.access_notes,
        risks=part.risks,
        hearing=part.hearing,
        language=part.language,
        card_token=part.card_token,
        objects_to_being_seen=part.objects_to_being_seen,
    )


def _account_record(part: AccountPart, file: CentreFile, simulated: SimulatedAccounts | None) -> AccountRecord:
    return AccountRecord(
        id=AccountId(part.id),
        centre_id=CentreId(file.centre.id),
        organisation_id=OrganisationId(file.organisation.id) if part.organisation else None,
        role=part.role,
        name=part.name,
        name_en=part.name_en,
        phone=part.phone,
        email=part.email,
        language=part.language,
        password_hash=None if simulated is None or part.role is Role.FAMILY else simulated.password_hash,
        simulated=simulated is not None,
    )


def _relation_record(part: RelationPart) -> RelationRecord:
    return RelationRecord(
        account_id=AccountId(part.account),
        senior_id=SeniorId(part.senior),
        kinship=part.kinship,
        confirmed_by=None if part.confirmed_by is None else AccountId(part.confirmed_by),
        blocked=part.blocked,
    )


def _consent_records(part: ConsentPart, zone: ZoneInfo) -> list[ConsentRecord]:
    ends_at = None if part.until is None else datetime.combine(part.until, time.max, zone)
    return [
        ConsentRecord(
            senior_id=SeniorId(part.senior),
            account_id=AccountId(part.account),
            purpose=purpose,
            explained_by=AccountId(part.explained_by),
            language=part.language,
            witness=part.witness,
            text_version=part.text_version,
            ends_at=ends_at,
        )
        for purpose in part.covers
    ]


def _device_record(part: DevicePart, centre_id: CentreId) -> DeviceRecord:
    return DeviceRecord(
        id=DeviceId(part.id),
        centre_id=centre_id,
        kind=part.kind,
        name=part.name,
        name_en=part.name_en,
        sources=part.camera_sources,
        heartbeat=timedelta(seconds=part.heartbeat_seconds),
        assigned=part.assigned,
    )


def _build_step(tier: TierPart) -> Step:
    targets = [
        "board",
        *(f"duty:{duty}" for duty in tier.duties),
        *(f"role:{role}" for role in tier.roles),
        *(f"device:{device}" for device in tier.devices),
    ]
    return Step(tier.wait_seconds, tuple(targets))
