"""What the organisation's phones and the simulated centre say of themselves."""

from datetime import datetime

from pydantic import BaseModel

from simulators.organisation.phones import Standing


class Shown(BaseModel):
    """One message on a phone of the organisation, as its page gets it."""

    notification_id: str
    alarm_id: str
    number: str
    priority: str
    text: dict[str, str]
    urgent: bool
    received_at: datetime
    standing: Standing
    count: int
    can_take: bool
    can_confirm: bool
    answer: dict[str, str] | None


class Phone(BaseModel):
    account_id: str
    shown: list[Shown]


class Phones(BaseModel):
    phones: list[Phone]


class Light(BaseModel):
    """What the light of a simulated button does, and its text."""

    light: str
    text: str


class Simulated(BaseModel):
    """What the simulated centre says of itself."""

    buttons: dict[str, Light]
    sirens: dict[str, str]
    hot: list[str]
    dark: list[str]
    line_cut: bool
    connected: int
    seniors: dict[str, str | None]
