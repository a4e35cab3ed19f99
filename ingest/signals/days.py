"""Days: which date a phrase like "in two weeks", "back on Monday" or "not until March" names."""

import re
from datetime import date, datetime, timedelta

import dateparser

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec"
)
_WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "a couple of": 2, "couple of": 2, "three": 3, "a few": 3, "four": 4,
          "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12}  # fmt: skip
_SEASONS = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12, "new year": 1}
_DAYS_IN = {"day": 1, "week": 7}
_MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}

_EXACT = re.compile(
    rf"(?P<iso>\b\d{{4}}-\d\d-\d\d\b)"
    rf"|(?P<slash>\b\d{{1,2}}/\d{{1,2}}(?:/(?:\d{{4}}|\d\d))?\b)"
    rf"|\b(?P<month>{_MONTHS})\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>20\d\d))?"
    rf"|\b(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month2>{_MONTHS})\b(?:,? (?P<year2>20\d\d))?"
    rf"|\b(?P<first>first) of (?P<month3>{_MONTHS})\b"
)
_LOOSE = re.compile(
    rf"\bin (?P<count>\d{{1,3}}|{'|'.join(_WORDS)}) (?P<unit>day|week|month|quarter|year)s?\b"
    rf"|\bnext (?P<next>week|month|quarter|year)\b"
    rf"|\b(?P<tomorrow>tomorrow)\b"
    rf"|\bq(?P<quarter>[1-4])\b"
    rf"|\b(?P<season>spring|summer|fall|autumn|winter|new year)\b"
    rf"|\b(?P<weekday>{_WEEKDAYS})\b"
    rf"|\b(?P<whole>(?:in|until|till|til|after|before|by|around|early|mid|late|of)\b[ -]?(?:the )?)(?P<bare>{_MONTHS})\b"
)


def day_named(text: str, said_at: datetime) -> date | None:
    """The first date that a text names, as seen from `said_at`; always in the future, or None."""
    today = said_at.date()
    if exact := _EXACT.search(text):
        return _exact_day(exact, said_at)
    loose = _LOOSE.search(text)
    if loose is None:
        return None
    if loose["count"]:
        count = int(loose["count"]) if loose["count"].isdigit() else _WORDS[loose["count"]]
        return _later(today, count, loose["unit"])
    if loose["next"]:
        return _next(today, loose["next"])
    if loose["tomorrow"]:
        return today + timedelta(days=1)
    if loose["quarter"]:
        return _month_ahead(today, int(loose["quarter"]) * 3 - 2)
    if loose["season"]:
        return _month_ahead(today, _SEASONS[loose["season"]])
    if loose["weekday"]:
        ahead = (_WEEKDAYS.split("|").index(loose["weekday"]) - today.weekday() - 1) % 7 + 1
        return today + timedelta(days=ahead)
    return _month_ahead(today, [name[:3] for name in _MONTHS.split("|")[:12]].index(loose["bare"][:3]) + 1)


def _month_ahead(today: date, month: int) -> date:
    return date(today.year + (month <= today.month), month, 1)


def _exact_day(exact: re.Match[str], said_at: datetime) -> date | None:
    text = exact[0] if not exact["first"] else f"1 {exact['month3']}"
    read = dateparser.parse(
        text,
        languages=["en"],
        settings={
            "RELATIVE_BASE": said_at.replace(tzinfo=None),
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": "MDY",
            "REQUIRE_PARTS": ["day", "month"],
        },
    )
    return read.date() if read is not None and read.date() > said_at.date() else None


def _later(today: date, count: int, unit: str) -> date:
    if unit in _DAYS_IN:
        return today + timedelta(days=count * _DAYS_IN[unit])
    months = today.month - 1 + count * _MONTHS_IN[unit]
    year, month = today.year + months // 12, months % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(today.day, last))


def _next(today: date, unit: str) -> date:
    if unit == "week":
        return today + timedelta(days=7)
    if unit == "month":
        return _later(today.replace(day=1), 1, "month")
    if unit == "quarter":
        return _later(today.replace(day=1, month=(today.month - 1) // 3 * 3 + 1), 1, "quarter")
    return date(today.year + 1, 1, 1)
