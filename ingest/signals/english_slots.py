"""Slots: which of the times that we offered a reply takes. Anything unsure takes none."""

import re
from collections.abc import Iterable
from typing import Any

from ingest.signals.clauses import Clause
from pipeline.signals import LAST, Choice

_ORDINALS = {"first": 1, "1st": 1, "earliest": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
             "last": LAST, "latest": LAST}  # fmt: skip
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = {
    "mon": 0,
    "tue": 1,
    "tues": 1,
    "wed": 2,
    "thu": 3,
    "thur": 3,
    "thurs": 3,
    "fri": 4,
    "sat": 5,
    "sun": 6,
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

# A reply that takes a slot names one, or agrees to the only one.
NAMING = " ".join(
    (*_ORDINALS, *_NUMBERS, *_WEEKDAYS, *_SHORT, *_MONTHS, *"0123456789", "morning afternoon evening noon",
     "option number slot choice no")
)  # fmt: skip
AGREEING = "work works sounds see confirmed there that"

# All but one of them begin with a word: what stands within a word is passed over quickly.
_MENTION = re.compile(
    rf"\b(?:(?:the )?(?P<month>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"|the (?P<monthday>\d{{1,2}})(?:st|nd|rd|th)"
    rf"|(?:the )?(?P<ordinal>{'|'.join(_ORDINALS)})(?: (?:one|time|slot|option|choice))?"
    rf"|(?P<weekday>{'|'.join(_WEEKDAYS)}|{'|'.join(_SHORT)})"
    rf"|(?:at )?(?P<hour>\d{{1,2}})(?::(?P<minute>\d\d))? ?(?P<half>[ap])\.?m"
    rf"|(?:at )?(?P<hour2>\d{{1,2}}):(?P<minute2>\d\d)"
    rf"|at (?P<hour3>\d{{1,2}})(?: o'?clock)?"
    rf"|(?:in the )?(?P<part>morning|afternoon|evening)"
    rf"|(?P<noon>noon))\b\.?"
    rf"|(?:#|\b(?:option|number|slot|choice|no\.?) ?)(?P<number>\d|{'|'.join(_NUMBERS)})\b"
)
_WORDS = re.compile(r"[a-z0-9']+")
# Every other word of a clause that takes a slot has to be one of these.
_AGREEING = frozenset(
    """a absolutely am and as at be best better book booked can choose confirm confirmed definitely do does fine for
    go good great i i'd i'll in is it it's let's like love me my ok okay on one option our perfect perfectly pick
    please prefer pls see slot sounds sure take takes thank thanks that that's the then thx time to us want we we'd
    we'll will with work works would yeah yep yes you your""".split()
)
_DECLINING = re.compile(
    r"\b(?:not|don't|doesn't|can't|cannot|won't|isn't|unable|unavailable|no|never|neither)\b"
)
_ONLY = re.compile(
    r"(?:(?:yes|yep|yeah|sure|great|perfect)[ ,]+)?(?:(?:that |it |this )?(?:works|work)(?: (?:great|well|perfectly))?(?: for (?:me|us))?"
    r"|sounds (?:good|great|perfect)|see you then|confirmed|i'll be there|that time (?:works|is (?:good|fine|great)))"
)


def slot_choice(pieces: Iterable[tuple[Clause, bool]]) -> Choice | None:
    """What the clauses take together; None if none takes a slot, or if one is unsure about a time.

    A clause without any of NAMING and AGREEING may be left out; with each comes whether it has one of NAMING.
    """
    taken: dict[str, Any] = {}
    for piece, may_name in pieces:
        if _ONLY.fullmatch(piece.text):
            if not piece.asks:
                taken.setdefault("any", True)
            continue
        if not may_name or _DECLINING.search(piece.text):
            continue
        named, rest = _named(piece.text)
        if not named:
            continue
        if piece.asks or not rest <= _AGREEING:
            return None
        if any(taken.get(field, value) != value for field, value in named.items()):
            return None
        taken.update(named)
    if len(taken) > 1:
        taken.pop("any", None)
    return Choice(**taken) if taken else None


def _named(text: str) -> tuple[dict[str, Any], set[str]]:
    """What a clause names of a time, and the words around it; a mere digit counts only if it stands alone."""
    if text in ("1", "2", "3", "4", "5"):
        return {"ordinal": int(text)}, set()
    named: dict[str, Any] = {}
    mentions = []

    def without(found: re.Match[str]) -> str:
        mentions.append(_read(found))
        return " "

    rest = set(_WORDS.findall(_MENTION.sub(without, text.removeprefix("but ").removeprefix("and "))))
    for mention in mentions:
        for field, value in mention.items():
            if named.setdefault(field, value) != value:
                return named, {"two times"}
    return named, rest


def _read(found: re.Match[str]) -> dict[str, Any]:
    if found["month"]:
        return {"month": _MONTHS.index(found["month"]) + 1, "day": int(found["day"])}
    if found["monthday"]:
        return {"day": int(found["monthday"])}
    if found["ordinal"]:
        return {"ordinal": _ORDINALS[found["ordinal"]]}
    if found["number"]:
        return {"ordinal": _NUMBERS.get(found["number"]) or int(found["number"])}
    if found["weekday"]:
        name = found["weekday"]
        return {"weekday": _SHORT[name] if name in _SHORT else _WEEKDAYS.index(name)}
    if found["part"]:
        return {"part": found["part"]}
    return _clock(found)


def _clock(found: re.Match[str]) -> dict[str, Any]:
    if found["noon"]:
        return {"hour": 12, "minute": 0}
    hour = int(found["hour"] or found["hour2"] or found["hour3"])
    minute = int(found["minute"] or found["minute2"] or 0)
    if hour > 23 or minute > 59:
        return {}
    if found["half"]:
        return {"hour": hour % 12 + (12 if found["half"] == "p" else 0), "minute": minute}
    return {"hour": hour, "minute": minute, "half_day_known": hour == 0 or hour > 12}
