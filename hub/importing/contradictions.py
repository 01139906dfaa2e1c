"""What in a centre's file cannot be true together, though each part is right by itself?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from hub.access.model import Role, needs_phone
from hub.centre.model import Applies, are_in_order
from hub.fleet.placement import Misplaced, Placement, find_misplacements
from hub.importing.parts import CentreFile, TierPart
from hub.kit.mistakes.error_messages import suggest_name
from hub.kit.mistakes.model import FaultPlace, Path, ValueFault
from hub.people.relations import may_be_relative, may_confirm, may_explain

Found: TypeAlias = tuple[Path, ValueFault]

_OF_STAFF: Final = "write an account of staff"

_WRONG_DEVICE: Final = {
    Misplaced.TWO_OWNERS: ValueFault(
        "a device is a senior's or a room's, not both", "leave out `senior` or `room`", FaultPlace.WHOLE
    ),
    Misplaced.CAMERA_ADDRESS: ValueFault(
        "a camera has `sources` with a `main`, its picture's address, and nothing else has any",
        "add them to a camera, or leave them out",
        FaultPlace.WHOLE,
    ),
    Misplaced.CAMERA_WITHOUT_ROOM: ValueFault("a camera needs a room", "write `room: …`", FaultPlace.WHOLE),
}


def find_contradictions(file: CentreFile) -> Iterator[Found]:
    """What each part cannot know of the others, and the place of it."""
    if not are_in_order(file.centre.opens, file.centre.closes):
        yield (
            ("centre", "closes"),
            ValueFault("is not later on the day than it opens", 'write a later time, at most "24:00"'),
        )
    yield from _find_duplicate_ids(file)
    yield from _find_dangling_names(file)
    yield from _find_wrong_devices(file)
    yield from _find_wrong_people(file)


def _find_duplicate_ids(file: CentreFile) -> Iterator[Found]:
    for part, things in (
        ("rooms", file.rooms),
        ("seniors", file.seniors),
        ("devices", file.devices),
        ("accounts", file.accounts),
    ):
        yield from _find_duplicates(part, "id", [thing.id for thing in things])
    yield from _find_duplicates("seniors", "card_token", [senior.card_token for senior in file.seniors])
    yield from _find_duplicates("relations", "senior", [(tie.account, tie.senior) for tie in file.relations])


def _find_duplicates(part: str, field: str, values: Sequence[object]) -> Iterator[Found]:
    seen: set[object] = set()
    for n, value in enumerate(values):
        if value is not None and value in seen:
            wrong = f"{_show_value(value)} is there twice"
            yield (part, n, field), ValueFault(wrong, f"write another {field}, or take one out", FaultPlace.WHOLE)
        seen.add(value)


def _show_value(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _find_dangling_names(file: CentreFile) -> Iterator[Found]:
    known = {
        "room": {room.id for room in file.rooms},
        "senior": {senior.id for senior in file.seniors},
        "device": {device.id for device in file.devices},
        "account": {account.id for account in file.accounts},
    }
    for path, thing, name in (*_references_to_things(file), *_references_to_people(file)):
        if name is not None and name not in known[thing]:
            meant = suggest_name(name, known[thing])
            right = f"did you mean `{meant}`?" if meant else f"write the id of one under `{thing}s`"
            yield path, ValueFault(f"no {thing} of this file is called {name}", right, FaultPlace.WHOLE)


def _references_to_things(file: CentreFile) -> Iterator[tuple[Path, str, str | None]]:
    """Each place that names a room, a senior or a device, with which of them and its name."""
    for n, device in enumerate(file.devices):
        yield ("devices", n, "room"), "room", device.room
        yield ("devices", n, "senior"), "senior", device.senior
    for n, tie in enumerate(file.relations):
        yield ("relations", n, "senior"), "senior", tie.senior
    for n, consent in enumerate(file.consents):
        yield ("consents", n, "senior"), "senior", consent.senior
    for path, tier in _tiers_of(file):
        yield from (((*path, "devices", n), "device", name) for n, name in enumerate(tier.devices))


def _references_to_people(file: CentreFile) -> Iterator[tuple[Path, str, str | None]]:
    """Each place that names an account."""
    for n, tie in enumerate(file.relations):
        yield ("relations", n, "account"), "account", tie.account
        yield ("relations", n, "confirmed_by"), "account", tie.confirmed_by
    for n, consent in enumerate(file.consents):
        yield ("consents", n, "account"), "account", consent.account
        yield ("consents", n, "explained_by"), "account", consent.explained_by
    for n, shift in enumerate(file.shifts):
        yield ("shifts", n, "account"), "account", shift.account


def _tiers_of(file: CentreFile) -> Iterator[tuple[Path, TierPart]]:
    if file.escalation is not None:
        for n, tier in enumerate(file.escalation.opening_hours):
            yield ("escalation", Applies.OPENING_HOURS, n), tier
        for n, tier in enumerate(file.escalation.out_of_hours):
            yield ("escalation", Applies.OUT_OF_HOURS, n), tier


def _find_wrong_devices(file: CentreFile) -> Iterator[Found]:
    types = {room.id: room.type for room in file.rooms}
    for n, device in enumerate(file.devices):
        room_type = types.get(device.room or "")
        if device.sources is not None and device.rtsp_url is not None:
            wrong = "`rtsp_url` is the older way to write `main` under `sources`"
            yield ("devices", n, "rtsp_url"), ValueFault(wrong, "leave one of them out", FaultPlace.KEY)
        placement = Placement(device.kind, device.camera_sources != (), device.assigned, room_type)
        for why in find_misplacements(placement):
            if why is Misplaced.CAMERA_FORBIDDEN:
                wrong = f"no camera is allowed in a room of type {room_type}"
                yield (
                    ("devices", n, "room"),
                    ValueFault(wrong, "write another room, or leave the camera out", FaultPlace.WHOLE),
                )
            else:
                yield ("devices", n), _WRONG_DEVICE[why]


def _find_wrong_people(file: CentreFile) -> Iterator[Found]:
    """Roles of accounts that are not in the file are somebody else's mistake: `_find_dangling_names` names them."""
    roles = {account.id: account.role for account in file.accounts}
    for n, account in enumerate(file.accounts):
        if needs_phone(account.role) and not account.phone:
            right = "write `phone: …`: its last four digits open her invitation"
            yield ("accounts", n), ValueFault("a family member needs a phone", right, FaultPlace.WHOLE)
    yield from _find_wrong_relations(file, roles)
    yield from _find_wrong_consents(file, roles)
    for n, shift in enumerate(file.shifts):
        if (role := roles.get(shift.account)) is not None and not role.may_respond:
            wrong = f"nobody with the role {role} is on duty"
            yield ("shifts", n, "account"), ValueFault(wrong, "write an account that answers alarms", FaultPlace.WHOLE)


def _find_wrong_relations(file: CentreFile, roles: Mapping[str, Role]) -> Iterator[Found]:
    for n, tie in enumerate(file.relations):
        if (role := roles.get(tie.account)) is not None and not may_be_relative(role):
            wrong = f"{tie.account} is no family member, her role is {role}"
            yield (
                ("relations", n, "account"),
                ValueFault(wrong, "write the account of a family member", FaultPlace.WHOLE),
            )
        if (role := roles.get(tie.confirmed_by or "")) is not None and not may_confirm(role):
            yield (
                ("relations", n, "confirmed_by"),
                ValueFault("is a family member, and staff confirm relations", _OF_STAFF),
            )


def _find_wrong_consents(file: CentreFile, roles: Mapping[str, Role]) -> Iterator[Found]:
    ties = {(tie.account, tie.senior) for tie in file.relations}
    for n, consent in enumerate(file.consents):
        if consent.account in roles and (consent.account, consent.senior) not in ties:
            wrong = f"{consent.account} has no relation to {consent.senior}"
            yield ("consents", n), ValueFault(wrong, "add it under `relations`", FaultPlace.WHOLE)
        if (role := roles.get(consent.explained_by)) is not None and not may_explain(role):
            yield (
                ("consents", n, "explained_by"),
                ValueFault("is a family member, and staff explain consents", _OF_STAFF),
            )
