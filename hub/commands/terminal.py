"""How does a command speak? Settings or a refusal in, lines for a person out."""

import os
from typing import NoReturn

import typer
from rich.console import Console

from hub.settings import BadSettings, BrokerChoice, Settings, find_unknown_settings, read_settings

WRONG_SETTINGS = 2

screen = Console()
_errors = Console(stderr=True)


def read_settings_or_exit(**options: str | bool | BrokerChoice | None) -> Settings:
    """The installation's settings, with the options of a command over them.

    Each wrong one is a line, and ends the command; a misspelt one is only a line. A simulated centre is served by the
    command that says so, never because of the environment: nothing of it is mounted in a real one.
    """
    for line in find_unknown_settings(os.environ):
        _errors.print(line, style="yellow", highlight=False, soft_wrap=True, markup=False)
    try:
        settings = read_settings(**options)
    except BadSettings as error:
        exit_with_setting_errors(error.lines)
    if settings.simulation != options.get("simulation"):
        exit_with_setting_errors([f"ANLING_SIMULATION={settings.simulation!r}: only its own command sets it: unset it"])
    return settings


def exit_with_setting_errors(lines: list[str]) -> NoReturn:
    """End the command with one line for each wrong setting."""
    for line in lines:
        _errors.print(line, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(WRONG_SETTINGS)


def print_line(line: str) -> None:
    """Tell the person one line, as it is."""
    screen.print(line, highlight=False, soft_wrap=True, markup=False)


def exit_with_error(line: str) -> NoReturn:
    """End the command with a line that says what was attempted and what to do."""
    _errors.print(line, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(1)
