"""Which version of a row does a page know, and is it the one that stands (RFC 9110, 8.8.3 and 13.1.1)?"""

import re

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def etag_of(version: int) -> str:
    """The strong entity tag of a row's version, with its quotes: `"7"`."""
    return f'"{version}"'


def is_matched(if_match: str | None, version: int) -> bool:
    """Whether a change may be made to this version: no condition, `*`, or a list that has its tag.

    A weak tag matches nothing, and neither does a header that is no list of tags.
    """
    if if_match is None or if_match.strip() == "*":
        return True
    return etag_of(version) in {match[0] for match in _TAG.finditer(if_match) if match[1] is None}
