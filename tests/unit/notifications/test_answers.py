"""What an answer of status 200 says: taken, refused or too many, in the shapes that back ends have."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.notifications.answers import (
    LONGEST_ANSWER,
    AnswerVerdict,
    Judged,
    judge_answer,
    read_retry_after,
    unpack_answer,
)

NINE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

TAKEN = [
    *("", "ok", "OK: no errors", "success", "true", "null", "[]", "{}", "0", "1733040000123", '"done"', "发送成功"),
    *('{"code":0}', '{"code":200,"msg":"success"}', '{"code":"200"}', '{"code":"00000","message":"一切正常"}'),
    *('{"errcode":0,"errmsg":"ok"}', '{"errno":0,"error":""}', '{"Code":"OK","Message":"OK"}'),
    *('{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}', '{"status":200}'),
    *('{"success":true,"message":"no error"}', '{"success":"true","error":"none"}', '{"ok":true,"result":{"id":1}}'),
    *('{"status":"queued"}', '{"result":"accepted"}', '{"data":{"error":null,"errors":[]}}', '{"error":false}'),
    *('{"success":1,"failure":0,"results":[{"message_id":"1"}]}', '{"error":{"code":0,"message":"success"}}'),
    *('{"code":0,"message":"Your message has been sent; failed calls are tried again"}', '{"text":"3 failed presses"}'),
    *("errors: 0", "Message sent. 0 failed", "没有错误", "<Response><Code>0</Code></Response>", "code=0&msg=ok"),
    *("\ufeff" + '{"code":0}', '{"message":"accepted"}', '{"id":"evt_1","object":"event"}'),
]
REFUSED = [
    *('{"success":false,"message":"no such user"}', '{"success":"false"}', '{"success":0}', '{"ok":false}'),
    *('{"isSuccess":false}', '{"errno":1001,"errmsg":"limit"}', '{"error_code":5}', '{"retCode":"-1"}'),
    *('{"code":19021,"msg":"sign match fail"}', '{"code":"A0001"}', '{"code":400}', '{"StatusCode":1}'),
    *('{"status":"error"}', '{"status":"FAILED"}', '{"status":500}', '{"result":"fail"}', '{"state":"rejected"}'),
    *('{"error":"invalid token"}', '{"error":{"message":"x"}}', '{"errors":["x"]}', '{"exception":"NullPointer"}'),
    *('{"message":"Invalid token"}', '{"msg":"用户不存在"}', '{"detail":"Not found"}', '{"description":"Forbidden"}'),
    *(
        '{"data":{"success":false}}',
        '[{"ok":false}]',
        '{"response":{"header":{"code":7}}}',
        '{"code":0,"data":[{"errno":3}]}',
    ),
    *('{"Response":{"Error":{"Code":"AuthFailure","Message":"x"},"RequestId":"r"}}', '{"BaseResp":{"StatusCode":10}}'),
    *(
        "fail",
        "error",
        "false",
        "Error 500: internal",
        "发送失败",
        "余额不足，发送失败",
        "Access denied",
        "-3",
        '"failed"',
    ),
    *('cb({"success":false})', "success=false&x=1", "code=3, msg=sign", "status: error", '{"success":false,"trace":"'),
    *(
        "<returnsms><returnstatus>Faild</returnstatus></returnsms>",
        "<soap:Fault><faultstring>x</faultstring></soap:Fault>",
    ),
    *("<!DOCTYPE html><html><body>Please sign in</body></html>", "\n <html><head>", '<?xml version="1.0"?><html>'),
]
TOO_MANY = [
    *('{"ok":false,"error_code":429}', '{"errcode":45009,"errmsg":"api freq out of limit"}', '{"errcode":130101}'),
    *('{"code":11232,"msg":"frequency limited"}', '{"success":false,"message":"Too many requests"}'),
    *("Webhook message delivery failed with error: endpoint returned HTTP error 429", '{"message":"发送过于频繁"}'),
]


@pytest.mark.parametrize("answer", TAKEN)
def test_what_says_nothing_of_a_failure_is_taken(answer: str) -> None:
    assert judge_answer(answer.encode()).verdict is AnswerVerdict.TAKEN


@pytest.mark.parametrize("answer", REFUSED)
def test_a_refusal_is_one_in_any_shape(answer: str) -> None:
    assert judge_answer(answer.encode()).verdict is AnswerVerdict.REFUSED


@pytest.mark.parametrize("answer", TOO_MANY)
def test_too_many_is_asked_again(answer: str) -> None:
    assert judge_answer(answer.encode()).verdict is AnswerVerdict.TOO_MANY


def test_chinese_in_another_encoding_is_read_too() -> None:
    assert judge_answer("发送失败".encode("gbk")).verdict is AnswerVerdict.REFUSED
    assert judge_answer("发送成功".encode("gbk")).verdict is AnswerVerdict.TAKEN


def test_the_providers_number_is_kept_and_its_words_are_not() -> None:
    assert judge_answer(b'{"errcode":93000,"errmsg":"x"}') == Judged(AnswerVerdict.REFUSED, "93000")
    assert judge_answer(b'{"code":"no such thing"}') == Judged(AnswerVerdict.REFUSED, "")


@given(st.binary(max_size=300))
def test_no_bytes_raise(answer: bytes) -> None:
    assert judge_answer(answer).verdict in AnswerVerdict


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@given(JSON)
def test_a_flag_of_refusal_is_found_beside_and_around_anything(other: object) -> None:
    beside, inside, last = (
        {"success": False, "zz": other},
        {"zz": {"success": False}, "zzz": other},
        [other, {"ok": False}],
    )

    verdicts = {judge_answer(json.dumps(answer).encode()).verdict for answer in (beside, inside, last)}

    assert AnswerVerdict.TAKEN not in verdicts


def test_what_is_packed_is_unpacked_and_never_to_more_than_is_judged() -> None:
    assert unpack_answer("gzip", gzip.compress(b"ok")) == b"ok"
    assert unpack_answer("", b"ok") == b"ok"
    assert unpack_answer("gzip", b"not gzip") is None
    assert unpack_answer("br", b"x") is None
    bomb = unpack_answer("gzip", gzip.compress(b" " * 50_000_000))
    assert bomb is not None
    assert len(bomb) == LONGEST_ANSWER


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 7 ", 7.0),
        ("Tue, 01 Dec 2026 09:01:00 GMT", 60.0),
        ("Tue, 01 Dec 2026 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("Tue, 01 Dec 2026 09:01:00", None),
        ("9" * 400, None),
    ],
)
def test_a_pause_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NINE) == seconds
