"""Which variables does a process that we start inherit? Those that are named here, and no other."""

import os
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from hub.settings import PREFIX, Settings

_OF_THE_SYSTEM: Final = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "PYTHONUNBUFFERED"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),  # where OpenSSL looks for the authorities that this machine trusts
    }
)


def common_environment(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What every program gets: where programs, libraries and certificates are, the language and the time zone."""
    return {name: value for name, value in inherited.items() if name in _OF_THE_SYSTEM or name.startswith("LC_")}


def hub_environment(settings: Settings) -> dict[str, str]:
    """What a process gets that has exactly these settings; whoever gives them to it takes out what it must not know.

    A password in them is in no command line.
    """
    fields = Settings.model_fields
    told = {name: value for name, value in settings if value != fields[name].get_default()}
    return common_environment() | {f"{PREFIX}{name.upper()}": _as_text(value) for name, value in told.items()}


def simulator_environment(settings: Settings) -> dict[str, str]:
    """What simulated devices get besides: the clock that a test winds."""
    return hub_environment(Settings.model_construct(clock_file=settings.clock_file))


def _as_text(value: object) -> str:
    """A setting as its variable has it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
