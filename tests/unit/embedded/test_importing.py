"""Is whoever imports a centre told that at night nobody will be woken?"""

import pytest

from hub.embedded.importing import explain_unreachable_responders, explain_webhooks_not_sent
from hub.importing.file import parse_centre_file
from hub.importing.parts import CentreFile

CENTRE = """\
schema: anling.centre/1
organisation: {id: longyuan, name: 陇原, name_en: Longyuan}
centre: {id: c, name: 中心, name_en: Centre, address: 路, timezone: Asia/Shanghai, opens: "08:00", closes: "18:00"}
rooms:
  - {id: gym, name: 健身室, name_en: Gym, type: gym, plan_column: 0, plan_row: 0}
accounts:
"""
WEBHOOK = '{channel: webhook, address: "https://longyuan.example/hooks"}'
EMAIL = '{channel: email, address: "sun.li@longyuan.example"}'


def centre_of(role: str, *contacts: str) -> CentreFile:
    """A centre with one account that has these contacts."""
    account = f"  - {{id: one, role: {role}, name: 孙丽, name_en: Sun Li, phone: '13893100000', contacts: "
    return parse_centre_file(f"{CENTRE}{account}[{', '.join(contacts)}]}}\n")


@pytest.mark.parametrize(
    ("role", "contacts", "has_mailserver"),
    [("social_worker", [WEBHOOK], False), ("staff", [EMAIL], True), ("lead", [EMAIL, WEBHOOK], False)],
)
def test_a_contact_over_a_channel_that_is_set_up_wakes_somebody(
    role: str, contacts: list[str], has_mailserver: bool
) -> None:
    assert explain_unreachable_responders(centre_of(role, *contacts), has_mailserver=has_mailserver) is None


@pytest.mark.parametrize("has_mailserver", [False, True])
@pytest.mark.parametrize(("role", "contacts"), [("social_worker", []), ("family", [WEBHOOK]), ("auditor", [WEBHOOK])])
def test_without_a_contact_of_somebody_who_answers_alarms_nobody_is_woken(
    role: str, contacts: list[str], has_mailserver: bool
) -> None:
    assert explain_unreachable_responders(centre_of(role, *contacts), has_mailserver=has_mailserver) == (
        "No phone channel is set up: at night nobody will be woken. Give accounts contacts in the file."
    )


def test_mail_alone_wakes_nobody_without_a_mailserver() -> None:
    assert explain_unreachable_responders(centre_of("social_worker", EMAIL), has_mailserver=False) == (
        "No phone channel is set up: at night nobody will be woken. Contacts are by e-mail alone: set ANLING_SMTP_URL."
    )


def test_webhooks_without_https_are_named_with_the_setting_that_allows_them() -> None:
    plain = '{channel: webhook, address: "http://192.168.1.9:8090/hooks"}'

    said = explain_webhooks_not_sent(centre_of("staff", plain, WEBHOOK), ("phones.lan",))

    assert said is not None
    assert "192.168.1.9:8090" in said
    assert "ANLING_WEBHOOK_HOSTS=phones.lan,192.168.1.9:8090" in said
    assert explain_webhooks_not_sent(centre_of("staff", plain, WEBHOOK), ("192.168.1.9",)) is None
    assert explain_webhooks_not_sent(centre_of("staff", WEBHOOK), ()) is None
