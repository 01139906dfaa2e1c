"""What an answer of a provider means, where mail goes out, and when a channel has failed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.kit.ids import AccountId, AlarmId, CentreId, OrganisationId
from hub.notifications.channels import AcceptUrls, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.channels.email import Mailserver, build_mail, parse_mailserver
from hub.notifications.channels.webhook import build_body, classify_answer, classify_status
from hub.notifications.model import LeasedNotification, Recipient, Template
from hub.notifications.retries import next_try
from tests.unit.notifications.test_texts import FACTS, TAKEN

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OUTGOING = LeasedNotification(
    id="n-1",
    centre_id=CentreId("jiuquan-road"),
    alarm_id=AlarmId("a-1"),
    n=3,
    channel="email",
    template=Template.ALARM,
    facts=FACTS,
    to=Recipient(AccountId("zhou"), OrganisationId("hongtai"), "周敏", "13893100000", "zh-CN", "zhou@example.org"),
    tries=1,
    made_at=NINE,
    token="t",
)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (b'{"code":0,"provider_id":"m-7"}', SendAccepted("m-7")),
        (b'{"code":0,"provider_id":"m 7"}', SendAccepted()),
        (b'{"code":0,"provider_id":"' + b"7" * 129 + b'"}', SendAccepted()),
        (b'{"code":0,"provider_id":"m-7\\n"}', SendAccepted()),
        (b"", SendAccepted()),
        (b"ok", SendAccepted()),
        (b'{"errcode":93000,"errmsg":"invalid webhook url"}', SendRefused("refused-93000")),
        (b'{"errcode":45009,"errmsg":"api freq out of limit"}', SendRetry("refused-45009")),
        (b'{"code":-1}', SendRefused("refused-minus-1")),
        (b'{"success":false}', SendRefused("refused")),
    ],
)
def test_the_answer_inside_a_success_decides_and_its_number_is_the_reason(answer: bytes, meaning: Result) -> None:
    assert classify_answer(answer) == meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (302, SendRefused("http-302")),
        (401, SendRefused("http-401")),
        (404, SendRefused("http-404")),
        (408, SendRetry("http-408")),
        (429, SendRetry("http-429")),
        (500, SendRetry("http-500")),
        (503, SendRetry("http-503")),
    ],
)
def test_a_status_that_is_no_success_decides_whatever_the_body_says(status: int, meaning: Result) -> None:
    assert classify_status(status) == meaning


def test_an_organisation_gets_ids_names_and_words() -> None:
    assert build_body(OUTGOING, AcceptUrls.of("https://hub.example", "t"), NINE) == {
        "type": "alarm.notification",
        "timestamp": "2026-11-23T09:00:00.000Z",
        "data": {
            "notification_id": "n-1",
            "to": {"account_id": "zhou", "name": "周敏", "phone": "13893100000"},
            "alarm": {
                "id": "a-1",
                "number": "23-07",
                "priority": "P1",
                "klass": "help",
                "state": "open",
                "owner": {},
            },
            "n": 3,
            "text": {
                "zh-CN": "【紧急】王奶奶在健身室按了呼叫，请接手。 #23-07·3",
                "en": "EMERGENCY: Grandma Wang pressed for help (Gym). Please take it. #23-07·3",
            },
            "urgent": True,
            "accept_url": "https://hub.example/api/a/t",
        },
    }


def test_a_mail_says_it_in_both_languages_the_readers_first_and_keeps_its_id_when_repeated() -> None:
    mail = build_mail(OUTGOING, AcceptUrls.of("https://hub.example", "t"), "anling@example.org", NINE)

    chinese, english = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert mail["Subject"] == "【紧急】王奶奶在健身室按了呼叫 #23-07"
    assert mail["Message-ID"] == "<n-1@example.org>"
    assert (chinese["Content-Language"], english["Content-Language"]) == ("zh-CN", "en")
    assert "我来处理: https://hub.example/#take/t" in chinese.get_content()
    assert "I'll take it: https://hub.example/#take/t" in english.get_content()


def test_whoever_is_asked_whether_she_still_comes_is_asked_urgently_and_can_answer() -> None:
    asked = replace(OUTGOING, template=Template.PRESSED_AGAIN, facts=replace(TAKEN, times_pressed=2))
    accept = AcceptUrls.of("https://hub.example", "t")

    told, mail = build_body(asked, accept, NINE), build_mail(asked, accept, "anling@example.org", NINE)

    data = told["data"]
    assert isinstance(data, dict)
    assert told["type"] == "alarm.notification"
    assert (data["urgent"], data["accept_url"]) == (True, "https://hub.example/api/a/t")
    chinese, english = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert mail["Importance"] == "high"
    assert "我还在路上: https://hub.example/#take/t" in chinese.get_content()
    assert "I'm still on my way: https://hub.example/#take/t" in english.get_content()


def test_who_is_told_that_it_was_pressed_again_and_has_not_taken_it_is_asked_nothing_whatever_her_name() -> None:
    facts = replace(TAKEN, times_pressed=2)
    namesake = replace(OUTGOING.to, account_id=AccountId("lead"))
    told = replace(OUTGOING, template=Template.PRESSED_AGAIN, facts=facts, to=namesake, token=None)

    update, mail = build_body(told, None, NINE), build_mail(told, None, "anling@example.org", NINE)

    data = update["data"]
    assert isinstance(data, dict)
    assert update["type"] == "alarm.update"
    assert (data["urgent"], data["accept_url"]) == (False, None)
    assert "请周敏一分钟内回应" in data["text"]["zh-CN"]
    assert mail["Importance"] is None


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://127.0.0.1:2525", Mailserver("127.0.0.1", 2525, False, None, "anling@127.0.0.1")),
        ("smtp://mail.example.org", Mailserver("mail.example.org", 25, False, None, "anling@mail.example.org")),
        (
            "smtp://anling:p%40ss@mail.example.org:587?from=help@example.org",
            Mailserver("mail.example.org", 587, False, True, "help@example.org", "anling", "p@ss"),
        ),
        (
            "smtp://mail.example.org?from=anling+hub@example.org",
            Mailserver("mail.example.org", 25, False, None, "anling+hub@example.org"),
        ),
        (
            "smtps://anling:secret@mail.example.org",
            Mailserver("mail.example.org", 465, True, False, "anling@mail.example.org", "anling", "secret"),
        ),
        (
            "smtp://anling:secret@localhost:25",
            Mailserver("localhost", 25, False, None, "anling@localhost", "anling", "secret"),
        ),
    ],
)
def test_a_password_never_leaves_this_machine_in_clear(url: str, server: Mailserver) -> None:
    assert parse_mailserver(url) == server
    assert "secret" not in repr(parse_mailserver(url))


@pytest.mark.parametrize("url", ["http://mail.example.org", "mail.example.org:25", "smtp://"])
def test_what_is_no_mailserver_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="should be a URL such as smtps://"):
        parse_mailserver(url)


def test_a_channel_is_tried_four_times_in_seven_seconds() -> None:
    waits = [next_try(tries, NINE) for tries in (1, 2, 3, 4)]

    assert waits == [NINE + timedelta(seconds=1), NINE + timedelta(seconds=2), NINE + timedelta(seconds=4), None]


def test_a_summary_of_two_lines_makes_a_subject_of_one() -> None:
    facts = replace(FACTS, summary={"zh-CN": "健身室 33 °C\n请开窗\n", "en": "Gym 33 °C"})

    mail = build_mail(replace(OUTGOING, facts=facts), None, "anling@example.org", NINE)

    assert mail["Subject"] == "【紧急】健身室 33 °C 请开窗 #23-07"
