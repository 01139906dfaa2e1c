"""What does the presser's device show?"""

from typing import assert_never

from devices.contract.messages import CueKind
from hub.kit.lines import LONGEST_NAME, join_lines


def cue_text(cue: CueKind, language: str, *, coming: str | None = None) -> str:
    """The words for a small screen or a voice; `coming` is how whoever comes is called, where that is known."""
    called = join_lines(coming)[:LONGEST_NAME] if coming is not None else None
    return _english_text(cue, called) if language == "en" else _chinese_text(cue, called)


def _chinese_text(cue: CueKind, coming: str | None) -> str:
    match cue:
        case CueKind.RECEIVED:
            return "听到了，有人来"
        case CueKind.COMING:
            return f"{coming or '工作人员'}正在赶来"
        case CueKind.ON_SCENE:
            return "有人到了"
        case CueKind.CLOSED:
            return "已经处理好了"
        case _:
            assert_never(cue)


def _english_text(cue: CueKind, coming: str | None) -> str:
    match cue:
        case CueKind.RECEIVED:
            return "We heard you, somebody is coming"
        case CueKind.COMING:
            return f"{coming or 'Somebody'} is on the way"
        case CueKind.ON_SCENE:
            return "Somebody is with you"
        case CueKind.CLOSED:
            return "All is well again"
        case _:
            assert_never(cue)
