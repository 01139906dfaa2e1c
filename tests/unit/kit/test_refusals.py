"""How often was a password refused, and what of that is still to be written?"""

from hub.kit.refusals import Refusals, RefusedPasswords


def test_what_was_written_is_not_written_again_and_what_failed_is() -> None:
    refusals = Refusals("broker")
    refusals.count("device:b-01", ("device", "b-01"))
    refusals.count("device:b-01", ("device", "b-01"))
    refusals.count_unknown()

    written = refusals.unwritten(3.0)
    assert written == refusals.unwritten(3.0), "a write that failed loses nothing"
    assert written == [
        RefusedPasswords("device:b-01", ("device", "b-01"), 2, 2),
        RefusedPasswords("broker", ("subject", "broker"), 1, 1),
    ]

    refusals.count("device:b-01", ("device", "b-01"))
    refusals.wrote(written)
    assert [(one.subject, one.times, one.last_minute) for one in refusals.unwritten(4.0)] == [("device:b-01", 1, 3)]
    assert refusals.total == 4


def test_ten_within_a_minute_are_noticed_and_nine_are_not() -> None:
    refusals = Refusals("sign-in")
    for _ in range(9):
        refusals.count("account:zhou", ("person", "x"))
    assert not refusals.unwritten(5.0)[0].is_noticed

    refusals.count("account:zhou", ("person", "x"))

    assert refusals.unwritten(60.0)[0].is_noticed
    assert not refusals.unwritten(65.0)[0].is_noticed, "nine of the ten are older than a minute"


def test_names_without_number_are_counted_together() -> None:
    refusals = Refusals("broker")
    for number in range(3000):
        refusals.count(f"device:{number}", ("device", str(number)))

    unwritten = refusals.unwritten(1.0)

    assert len(unwritten) <= 501
    assert sum(one.times for one in unwritten) == 3000
    refusals.wrote(unwritten)
    refusals.wrote(refusals.unwritten(100.0))
    refusals.count("device:b-01", ("device", "b-01"))
    assert [one.subject for one in refusals.unwritten(100.0)] == ["device:b-01"], "what was long ago is forgotten"
