"""Does a provider's answer say that it has taken the message? Many answer 200 to what they refuse, in many shapes."""

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, TypeAlias

LONGEST_ANSWER: Final = 64 * 1024
"""Bytes. What is longer is judged by its beginning."""
_DEEPEST: Final = 8
_MOST_FIELDS: Final = 2000

_FLAGS: Final = frozenset({"success", "ok", "succeeded", "issuccess", "successful", "delivered", "accepted"})
_CODES: Final = frozenset(
    {
        *("code", "errcode", "errno", "errorcode", "statuscode", "retcode", "returncode", "rc", "ret", "err", "rtn"),
        *("resultcode", "respcode", "responsecode", "bizcode", "subcode", "httpcode", "httpstatus", "resultstatus"),
    }
)
_WORDS: Final = frozenset({"status", "result", "state", "outcome", "returnstatus"})
_ERRORS: Final = frozenset(
    {"error", "errors", "exception", "fault", "failure", "failures", "failed", "failcount", "faultstring"}
)
_SENTENCES: Final = frozenset(
    {"message", "msg", "errmsg", "errormsg", "errormessage", "description", "errordescription", "detail", "reason"}
    | {"statusmessage", "statusmsg", "returnmsg", "respmsg", "info", "tip"}
)
_YES: Final = frozenset({"true", "ok", "success", "succeed", "succeeded", "successful", "yes", "y", "成功"})
_NO: Final = frozenset({"false", "no", "n", "fail", "failed", "faild", "failure", "error", "ko", "nok", "失败", "错误"})
_NOTHING: Final = frozenset(
    {"", "none", "null", "nil", "no", "false", "ok", "success", "noerror", "无", "0", "[]", "{}"}
)
_LIMITS: Final = frozenset({"429", "45009", "130101", "11232", "9499", "99991400"})
"""Too many messages: HTTP's code, WeCom's, DingTalk's, and Feishu's three."""
_NO_FAILURE: Final = re.compile(
    r"\b(?:no|0|zero|without(?: any)?) (?:error|failure|fail|exception)s?\b|\b(?:errors?|fail(?:ed|ures?)?)\s*[:=]\s*"
    r"(?:0|none|null|false|no)\b|\b0 failed\b|(?:没有|无|未)(?:任何)?(?:错误|失败|异常)",
    re.IGNORECASE,
)
_FAILURE: Final = re.compile(
    r"\b(?:error|errors|fail|fails|failed|failure|denied|forbidden|invalid|unauthori[sz]ed|refused|rejected|exception"
    r"|expired|unavailable|not (?:found|allowed|permitted|delivered|sent|accepted|authori[sz]ed)|no such|unable|cannot"
    r"|could not|couldn't|limit exceeded|exceeded|too many|missing|bad request|unknown|unsupported|blocked)\b"
    r"|失败|错误|无效|拒绝|异常|未授权|不存在|不正确|超限|过期|禁止|频繁|不合法|非法",
    re.IGNORECASE,
)
_TOO_MANY: Final = re.compile(r"\b429\b|too many|rate.?limit|频繁|限流|流控", re.IGNORECASE)
_PAGE: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)
_PAIR: Final = re.compile(
    r"""["']?([A-Za-z_][\w.-]{0,40})["']?\s*[:=]\s*(?:"([^"\\]{0,80})"|'([^'\\]{0,80})'|([^\s,;&<>{}\[\]"']{1,80}))"""
)
_ELEMENT: Final = re.compile(r"<([A-Za-z_][\w.:-]{0,40})(?:\s[^>]{0,200})?>\s*([^<]{0,80}?)\s*</")

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class AnswerVerdict(StrEnum):
    """What an answer with a status of success says."""

    TAKEN = "taken"
    REFUSED = "refused"
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict; `code` is the number that the provider gave for a refusal, when it is one."""

    verdict: AnswerVerdict
    code: str = ""


_TAKEN: Final = Judged(AnswerVerdict.TAKEN)


def judge_answer(answer: bytes) -> Judged:
    """Judge the body of a 2xx answer. What says nothing of a failure, such as a bare `ok` or nothing, is taken.

    Looked at, at any depth: flags (`success`, `ok`), codes (`code`, `errcode`, `errno`: 0, 200 to 299 and zeros are
    success), words (`status: "failed"`) and what is named `error`; sentences where nothing else in their object
    speaks of success. A web page is no answer of a receiver: a portal or a login page says it of everything.
    """
    text = decode_text(answer)
    if _PAGE.match(text):
        return Judged(AnswerVerdict.REFUSED)
    parsed = parse_answer(text)
    if parsed is None:
        return _judge_text(text)
    return next((found for found in _judge_value(parsed.value, [_MOST_FIELDS], 0) if found), _TAKEN)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The JSON of an answer."""

    value: Json


def parse_answer(text: str) -> Parsed | None:
    """The JSON in an answer; None when it is none. Of two keys of one name the last one counts."""
    try:
        return Parsed(json.loads(text))
    except (ValueError, RecursionError):
        return None


def decode_text(answer: bytes) -> str:
    """The answer's text: UTF-8 with or without a mark at its beginning, else GB 18030, which reads all of GBK."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return answer.decode(encoding)
        except UnicodeDecodeError:
            continue
    return answer.decode("utf-8-sig", "replace")


def unpack_answer(encoding: str, answer: bytes) -> bytes | None:
    """Undo a `Content-Encoding`; None when that cannot be done. At most `LONGEST_ANSWER` bytes come out of it."""
    match encoding.strip().lower():
        case "" | "identity":
            return answer
        case "gzip" | "x-gzip" | "deflate":
            try:
                return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(answer, LONGEST_ANSWER)
            except zlib.error:
                return None
        case _:
            return None


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds until a provider wants to be asked again (RFC 9110, 10.2.3: seconds or a date); None: it did not say."""
    if value is None:
        return None
    if re.fullmatch(r"\s*\d{1,9}(?:\.\d{1,9})?\s*", value, re.ASCII):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        return None if at.tzinfo is None else max(0.0, (at - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _judge_value(value: Json, left: list[int], depth: int) -> Iterator[Judged | None]:
    """The refusals in a value and in what it holds, outermost first; `left` is how many fields are still looked at."""
    if depth > _DEEPEST or left[0] <= 0:
        return
    left[0] -= 1
    match value:
        case dict():
            yield _judge_object(value)
            for inner in value.values():
                if isinstance(inner, dict | list):
                    yield from _judge_value(inner, left, depth + 1)
        case list():
            for inner in value:
                if isinstance(inner, dict | list):
                    yield from _judge_value(inner, left, depth + 1)
        case bool() if depth == 0:
            yield None if value else Judged(AnswerVerdict.REFUSED)
        case int() | float() if depth == 0:
            yield _judge_number(value)
        case str() if depth == 0:
            yield _judge_text(value)


def _judge_number(value: float) -> Judged | None:
    """A bare number: gateways answer a negative one to what they refuse, and the message's own to what they take."""
    if value < 0 or 400 <= value < 600:
        code = str(int(value)) if abs(value) < 1e6 else ""
        return Judged(AnswerVerdict.TOO_MANY if code in _LIMITS else AnswerVerdict.REFUSED, code)
    return None


def _judge_object(fields: Mapping[str, Json]) -> Judged | None:
    """What the fields of one object say, not what is within them."""
    return _judge_fields(_Fields.of(fields.items()))


@dataclass(frozen=True, slots=True)
class _Fields:
    """Names without signs and capitals, each with its value; what was said in those that have a meaning."""

    named: tuple[tuple[str, Json], ...]
    codes: tuple[str, ...]
    flags: tuple[str, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Json]]) -> "_Fields":
        named = tuple((re.sub(r"[^a-z]", "", name.lower()), value) for name, value in pairs)
        plain = [
            (name, str(value).strip().lower()) for name, value in named if isinstance(value, bool | int | float | str)
        ]
        return cls(
            named,
            codes=tuple(said for name, said in plain if name in _CODES and said),
            flags=tuple(said for name, said in plain if name in _FLAGS),
            words=tuple(said for name, said in plain if name in _WORDS),
        )

    @property
    def speak_of_success(self) -> bool:
        return bool(self.codes) or any(said in _YES or said == "1" for said in (*self.flags, *self.words))


def _judge_fields(fields: _Fields) -> Judged | None:
    refused = [code for code in fields.codes if not _is_success_code(code)]
    if refused or any(flag in _NO or flag == "0" for flag in fields.flags) or any(map(_is_refusing_word, fields.words)):
        return _describe_refusal(refused, fields)
    if any(_is_error(value) for name, value in fields.named if name in _ERRORS):
        return _describe_refusal([], fields)
    sentences = [str(value) for name, value in fields.named if name in _SENTENCES]
    if not fields.speak_of_success and any(map(_is_failure, sentences)):
        return _describe_refusal([], fields)
    return None


def _describe_refusal(codes: list[str], fields: _Fields) -> Judged:
    numbers = [code for code in codes if re.fullmatch(r"-?\d{1,9}", code, re.ASCII)]
    said = [str(value) for name, value in fields.named if name in _SENTENCES | _ERRORS]
    too_many = any(number in _LIMITS for number in numbers) or any(map(_TOO_MANY.search, said))
    return Judged(AnswerVerdict.TOO_MANY if too_many else AnswerVerdict.REFUSED, numbers[0] if numbers else "")


def _is_success_code(code: str) -> bool:
    """0 in any number of zeros, HTTP's 200 to 299, a word of success. `True` as a code is one, too."""
    return bool(re.fullmatch(r"0+(?:\.0+)?|2\d\d(?:\.0)?", code)) or code.lower() in _YES


def _is_refusing_word(word: str) -> bool:
    if re.fullmatch(r"-?\d+", word, re.ASCII):
        return word.startswith("-") or (len(word) == 3 and word[0] in "45")
    return word in _NO or _is_failure(word)


def _is_error(value: Json) -> bool:
    """Whether what is named an error is one: an empty one, 0, `false` and `none` are none."""
    if isinstance(value, str):
        return re.sub(r"[\s_-]", "", value.lower()) not in _NOTHING
    if isinstance(value, dict):
        codes = _Fields.of(value.items()).codes
        return bool(value) and not (codes and all(map(_is_success_code, codes)))
    return bool(value)


def _is_failure(sentence: str) -> bool:
    return _FAILURE.search(_NO_FAILURE.sub(" ", sentence)) is not None


def _judge_text(text: str) -> Judged:
    """What is no JSON: pairs and elements in it are read as fields, and the rest as a sentence."""
    said = text.strip().strip("\"'").lower()
    if said in _NO or re.fullmatch(r"-\d{1,9}", said, re.ASCII):
        return Judged(AnswerVerdict.REFUSED, said if said.startswith("-") else "")
    text = _NO_FAILURE.sub(" ", text)
    pairs = [(name, quoted or single or bare) for name, quoted, single, bare in _PAIR.findall(text)]
    pairs += [(name.rpartition(":")[2], value) for name, value in _ELEMENT.findall(text)]
    fields = _Fields.of(pairs[:_MOST_FIELDS])
    found = _judge_fields(fields)
    if found is None and not fields.speak_of_success and _is_failure(text):
        found = Judged(AnswerVerdict.REFUSED)
    if found is None:
        return _TAKEN
    return Judged(AnswerVerdict.TOO_MANY, found.code) if _TOO_MANY.search(text) else found
