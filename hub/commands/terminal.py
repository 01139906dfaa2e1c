"""How does a command speak? Settings or a refusal in, lines for a person out."""

import os
from typing import NoReturn

import typer
from rich.console import Console

from hub.settings import BadSettings, Broker, Settings, read_settings, unknown

WRONG_SETTINGS = 2

screen = Console()
_errors = Console(stderr=True)


def settings_or_refuse(**options: bool | Broker | None) -> Settings:
    """The installation's settings, with the options of a command over them.

    Each wrong one is a line, and ends the command; a misspelt one is only a line.
    """
    for line in unknown(os.environ):
        _errors.print(line, style="yellow", highlight=False, soft_wrap=True, markup=False)
    try:
        return read_settings(**options)
    except BadSettings as error:
        refuse_settings(error.lines)


def refuse_settings(lines: list[str]) -> NoReturn:
    """End the command with one line for each wrong setting."""
    for line in lines:
        _errors.print(line, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(WRONG_SETTINGS)


def say(line: str) -> None:
    """Tell the person one line, as it is."""
    screen.print(line, highlight=False, soft_wrap=True, markup=False)


def refuse(line: str) -> NoReturn:
    """End the command with a line that says what was attempted and what to do."""
    _errors.print(line, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(1)
