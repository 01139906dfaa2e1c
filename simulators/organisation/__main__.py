"""Runs the organisation's phones: `python -m simulators.organisation --centre FILE --secret-file FILE --hub URL`."""

import argparse
import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from aiosmtpd.smtp import SMTP

from devices.contract.times import clock_of
from simulators.organisation.mail import Mailbox
from simulators.organisation.phones import Phone
from simulators.organisation.receiver import Organisation, build


def phones_of(centre: Mapping[str, Any]) -> dict[str, Phone]:
    """The phones of everybody in the centre's file who can be told by webhook, the organisation's people first."""
    reached = [
        account
        for account in centre["accounts"]
        if any(contact["channel"] == "webhook" for contact in account.get("contacts", ()))
    ]
    reached.sort(key=lambda account: not account.get("organisation", False))
    return {
        account["id"]: Phone(account["id"], account["name"], account["name_en"], account["role"]) for account in reached
    }


async def serve(arguments: argparse.Namespace) -> None:
    """Serve HTTP and SMTP on loopback until ended."""
    centre = yaml.safe_load(arguments.centre.read_text("utf-8"))
    organisation = Organisation(
        phones=phones_of(centre),
        timezone=centre["centre"]["timezone"],
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
            build(organisation, arguments.framed_by),
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
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
