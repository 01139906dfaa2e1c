"""In which languages does Anling speak to people?"""

from enum import StrEnum


class Language(StrEnum):
    """The language of an account, as a tag of RFC 5646."""

    CHINESE = "zh-CN"
    ENGLISH = "en"
