"""Which variables does a process that we start inherit? Those that are named here, and no other."""

import os
from collections.abc import Mapping
from typing import Final

from hub.settings import Settings

_OF_THE_SYSTEM: Final = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "PYTHONUNBUFFERED"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),  # where OpenSSL looks for the authorities that this machine trusts
    }
)
ADMINISTRATORS: Final = frozenset({"ANLING_DATABASE_URL", "ANLING_DATABASE_PASSWORD_FILE"})
"""They lead to the account that makes logins: set-up's alone."""
_OF_THE_HUB: Final = frozenset(f"ANLING_{name.upper()}" for name in Settings.model_fields) - ADMINISTRATORS


def of_any(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What every program gets: where programs, libraries and certificates are, the language and the time zone."""
    return {name: value for name, value in inherited.items() if name in _OF_THE_SYSTEM or name.startswith("LC_")}


def of_the_hub(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the hub's own processes get besides: its settings, without the administrator of the database."""
    return of_any(inherited) | {name: value for name, value in inherited.items() if name.upper() in _OF_THE_HUB}


def of_the_simulators(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What simulated devices get besides: the clock that a test winds."""
    return of_any(inherited) | {name: value for name, value in inherited.items() if name == "ANLING_CLOCK_FILE"}
