"""`./anling device off`, `on`, `revoke`: a device that is repaired, and one that is lost."""

from typing import Annotated

import typer

from hub.commands.moments import parse_moment
from hub.commands.naming import Named, find_named
from hub.commands.terminal import print_line
from hub.commands.work import CannotDo, Work, run_in_edit
from hub.fleet import decisions
from hub.fleet import service as fleet
from hub.fleet.decisions import LONGEST_OFF
from hub.fleet.errors import OffTooLong
from hub.fleet.model import Device, DeviceKind

DeviceArgument = Annotated[str, typer.Argument(metavar="ID", help="A device's id, or a name that only one has.")]
UntilOption = Annotated[str, typer.Option("--until", metavar="T", help="18:00, 30m, 2h, 3d or 2026-12-03 18:00.")]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def device() -> None:
    """Devices that are repaired or lost."""


@app.command()
def off(device: DeviceArgument, until: UntilOption) -> None:
    """Notice nothing that is wrong with a device until then, as for a repair. A press of it rings all the same."""
    print_line(run_in_edit(lambda work: _switch_off(work, device, until)))


@app.command()
def on(device: DeviceArgument) -> None:
    """Watch a device that is off again, from now on."""
    print_line(run_in_edit(lambda work: _switch_on(work, device)))


@app.command()
def revoke(device: DeviceArgument) -> None:
    """Revoke a device's password, for one that is lost or stolen; its connections end within a second."""
    print_line(run_in_edit(lambda work: _revoke_password(work, device)))


async def _find_device(work: Work, word: str) -> Device:
    """The device that a person means. Raises CannotDo."""
    rows = {row.id: row for row in await fleet.devices_of(work.conn, work.centre_id)}
    wanted = find_named("device", word, [Named(row.id, (row.name, row.name_en)) for row in rows.values()])
    return next(row for row in rows.values() if row.id == wanted)


def _label_of(device: Device) -> str:
    return f"{device.name} ({device.id})"


async def _switch_off(work: Work, word: str, text: str) -> str:
    device = await _find_device(work, word)
    until = parse_moment(text, work.zone, work.now)
    try:
        await decisions.set_device_off(work.edit, device.id, until)
    except OffTooLong:
        raise CannotDo(f"a device is off for {LONGEST_OFF.days} days at most: take {text} nearer") from None
    rings = " A press of it rings all the same." if DeviceKind(device.kind).is_trigger else ""
    return f"{_label_of(device)} is off until {work.local(until)}, and then watched again by itself.{rings}"


async def _switch_on(work: Work, word: str) -> str:
    device = await _find_device(work, word)
    if not await decisions.set_device_on(work.edit, device.id):
        raise CannotDo(f"{_label_of(device)} is not off")
    return f"{_label_of(device)} is watched again"


async def _revoke_password(work: Work, word: str) -> str:
    device = await _find_device(work, word)
    await decisions.revoke_device(work.edit, device.id)
    return (
        f"The password of {_label_of(device)} works no more. To give it a new one, import the centre's file; "
        "to have it no more, take it out of the file as well."
    )
