"""Is a change said at once, and a tremble not?"""

from devices.sensor import is_reportable


def test_the_first_value_is_news() -> None:
    assert is_reportable({}, {"temperature": 21.4})


def test_half_a_degree_is_news_and_less_is_not() -> None:
    assert is_reportable({"temperature": 21.4}, {"temperature": 21.9})
    assert not is_reportable({"temperature": 21.4}, {"temperature": 21.7})
