"""Runs the organisation's phones: `python -m simulators.organisation --centre FILE --secret-file FILE --hub URL`."""

import argparse
import asyncio
import logging
from pathlib import Path

import uvicorn
import yaml
from aiosmtpd.smtp import SMTP
from pydantic import BaseModel, ConfigDict

from devices.contract.times import clock_of
from simulators.organisation.mail import Mailbox
from simulators.organisation.phones import Phone
from simulators.organisation.receiver import Organisation, build_app


class _OrganisationPart(BaseModel):
    """A part of the centre's file; what else stands in it is the importer's matter."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Contact(_OrganisationPart):
    channel: str


class _Account(_OrganisationPart):
    id: str
    role: str
    name: str
    name_en: str
    organisation: bool = False
    contacts: tuple[_Contact, ...] = ()


class _OrganisationCentre(_OrganisationPart):
    timezone: str


class PhoneOwners(_OrganisationPart):
    """What of the centre's file the phones want: who has one, and in which time zone they live."""

    centre: _OrganisationCentre
    accounts: tuple[_Account, ...]


def phones_of(file: PhoneOwners) -> dict[str, Phone]:
    """The phones of everybody in the centre's file who can be told by webhook, the organisation's people first."""
    reached = [one for one in file.accounts if any(contact.channel == "webhook" for contact in one.contacts)]
    reached.sort(key=lambda account: not account.organisation)
    return {one.id: Phone(one.id, one.name, one.name_en, one.role) for one in reached}


async def serve_organisation(arguments: argparse.Namespace) -> None:
    """Serve HTTP and SMTP on loopback until ended."""
    file = PhoneOwners.model_validate(yaml.safe_load(arguments.centre.read_text("utf-8")))
    organisation = Organisation(
        phones=phones_of(file),
        timezone=file.centre.timezone,
        secret=arguments.secret_file.read_text().strip(),
        hub_url=arguments.hub.rstrip("/"),
        clock=clock_of(),
    )
    loop = asyncio.get_running_loop()
    box = Mailbox(organisation.mail)
    smtp = await loop.create_server(
        lambda: SMTP(box, enable_SMTPUTF8=True, hostname="phones.example", loop=loop),
        arguments.host,
        arguments.smtp_port,
    )
    web = uvicorn.Server(
        uvicorn.Config(
            build_app(organisation, arguments.framed_by),
            host=arguments.host,
            port=arguments.http_port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    async with smtp:
        await web.serve()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m simulators.organisation", description=__doc__)
    parser.add_argument("--centre", type=Path, required=True, help="the centre's file")
    parser.add_argument("--secret-file", type=Path, required=True, help="the webhook's secret, whsec_…, mode 0600")
    parser.add_argument("--hub", required=True, help="the hub's address, the only one a tap is sent to")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--framed-by", action="append", default=[], help="an origin whose page may frame the phones")
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve_organisation(parser.parse_args()))


if __name__ == "__main__":
    main()
