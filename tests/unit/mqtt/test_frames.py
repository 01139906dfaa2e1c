"""Whatever pieces the bytes between broker and telemetry come in, what was written is what is read."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hub.mqtt import frames
from hub.mqtt.frames import HandedReport, MessageForDevice, ReplyReader, ReportReader, Settled

TOPICS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=80)
IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=32)
REPORTS = st.builds(
    HandedReport, number=st.integers(0, 2**63), topic=TOPICS, publisher=IDS, qos=st.integers(0, 1),
    payload=st.binary(max_size=300), came_at=st.floats(0, 1e9),
)  # fmt: skip
REPLIES = st.builds(Settled, st.lists(st.integers(0, 2**63), max_size=20).map(tuple)) | st.builds(
    MessageForDevice, TOPICS, st.binary(max_size=300)
)


def pieces(written: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(written), *(cut % (len(written) + 1) for cut in cuts)})
    return [written[begin:end] for begin, end in pairwise(places)]


@given(st.lists(REPORTS, max_size=8), st.lists(st.integers(0, 5000), max_size=8))
def test_reports_are_read_as_they_were_written(reports: list[HandedReport], cuts: list[int]) -> None:
    written = b"".join(
        frames.encode_report(
            one.number, one.came_at, one.qos, frames.encode_label(one.topic, one.publisher), one.payload
        )
        for one in reports
    )
    reader = ReportReader()

    assert [one for piece in pieces(written, cuts) for one in reader.read(piece)] == reports


@given(st.lists(REPLIES, max_size=8), st.lists(st.integers(0, 5000), max_size=8))
def test_replies_are_read_as_they_were_written(replies: list[Settled | MessageForDevice], cuts: list[int]) -> None:
    written = b"".join(
        frames.encode_settled(one.numbers)
        if isinstance(one, Settled)
        else frames.encode_message(one.topic, one.payload)
        for one in replies
    )
    reader = ReplyReader()

    assert [one for piece in pieces(written, cuts) for one in reader.read(piece)] == replies
