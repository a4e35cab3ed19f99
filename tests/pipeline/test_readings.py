"""Words and instants as they are read: the table of statuses, zones, and what is refused (RULES 13, 14 and 16)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.instants import NoZone, TimeOutOfRange, UnreadableTime, read_instant, zone_named
from pipeline.words import Status, is_removal, status_from

TABLE = {
    Status.PENDING: "new pending",
    Status.CONFIRMED: "booked active confirmed rescheduled",
    Status.SHOWED: "showed show attended completed",
    Status.NO_SHOW: "noshow no-show no_show",
    Status.CANCELED: "cancelled canceled deleted",
    Status.INVALID: "invalid",
}


@pytest.mark.parametrize(("status", "spellings"), TABLE.items(), ids=str)
def test_rule_13_every_spelling_has_its_word(status: Status, spellings: str) -> None:
    for spelling in spellings.split():
        for written in (spelling, spelling.upper(), spelling.title(), f" {spelling}\n"):
            assert status_from(written) is status


def test_rule_13_no_show_in_two_words_and_deleted_is_a_removal() -> None:
    assert status_from("No Show") is Status.NO_SHOW
    assert is_removal("Deleted")
    assert not is_removal("canceled")


@given(st.text())
@example("ongoing")
@example("")
def test_rule_13_any_other_word_is_pending(word: str) -> None:
    known = {
        spelling.replace("-", "").replace("_", "") for words in TABLE.values() for spelling in words.split()
    }
    folded = word.strip().casefold().replace("-", "").replace("_", "").replace(" ", "")
    assert folded in known or status_from(word) is Status.PENDING


@pytest.mark.parametrize(
    ("text", "zones", "utc"),
    [
        ("2026-05-11T13:00:00Z", (), "2026-05-11T13:00"),
        ("2026-05-11T13:00:00.000001+05:30", ("Asia/Tokyo",), "2026-05-11T07:30:00.000001"),
        ("2026-05-11 13:00", ("Asia/Tokyo", "UTC"), "2026-05-11T04:00"),
        ("2026-05-11 13:00:00", (None, "", "Asia/Tokyo"), "2026-05-11T04:00"),
        ("2026-03-29T02:30:00", ("Europe/Berlin",), "2026-03-29T01:30"),  # in the gap: shifted forward
        ("2026-10-25T02:30:00", ("Europe/Berlin",), "2026-10-25T00:30"),  # in the overlap: the first
        ("2026-11-01T01:30:00", ("America/New_York",), "2026-11-01T05:30"),
    ],
)
def test_rule_14_a_time_is_read_in_its_own_offset_or_the_first_zone_named(
    text: str, zones: tuple[str | None, ...], utc: str
) -> None:
    assert read_instant(text, *zones) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("zones", [(), (None, ""), ("Mars/Olympus",), ("Mars/Olympus", "UTC"), ("../etc",)])
def test_rule_14_a_wall_time_without_a_zone_that_is_known_is_not_guessed(
    zones: tuple[str | None, ...],
) -> None:
    with pytest.raises(NoZone):
        read_instant("2026-05-11T13:00:00", *zones)


@pytest.mark.parametrize(
    "text",
    ["2026-05-11", "Thursday, March 6, 2026 1:00 PM", "", "13:00", "2026-02-30T10:00Z", "2026-05-11T13:00\0"],
)
def test_rule_14_a_date_or_a_sentence_is_no_instant(text: str) -> None:
    """G4: a date alone is not midnight, and a sentence for people is not UTC."""
    with pytest.raises(UnreadableTime):
        read_instant(text, "UTC")


@pytest.mark.parametrize(
    "text", ["1989-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59Z"]
)
def test_rule_16_a_time_outside_1990_to_2100_is_refused(text: str) -> None:
    with pytest.raises(TimeOutOfRange):
        read_instant(text)


ALPHABET = st.sampled_from("0123456789-:TZ+. ,²٣\0\ud800")


@given(
    st.text(ALPHABET, max_size=35) | st.text(max_size=20),
    st.sampled_from(["UTC", "Europe/Berlin", "", "\0", "x" * 999]),
)
@example("0001-01-01T00:00+14:00", "UTC")
@example("9999-12-31T23:59-14:00", "UTC")
def test_junk_raises_nothing_but_the_errors_of_this_module(text: str, zone: str) -> None:
    try:
        instant = read_instant(text, zone)
    except (UnreadableTime, NoZone, TimeOutOfRange):
        return
    assert instant.utcoffset() == UTC.utcoffset(None)


@given(st.text(max_size=12) | st.sampled_from(["/", "..", "America", "Europe/Berlin/", "\ud800", "\0", "."]))
def test_a_zone_that_nobody_knows_is_none_and_never_an_error(name: str) -> None:
    zone = zone_named(name)
    assert zone is None or str(zone) == name


WALLS = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30))  # noqa: DTZ001  a wall has no zone
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


@given(WALLS, ZONES)
@example(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")  # noqa: DTZ001
@example(datetime(2026, 4, 5, 1, 45), "Australia/Lord_Howe")  # noqa: DTZ001
def test_rule_14_a_wall_time_is_what_a_clock_there_shows_or_in_a_gap_would_soon(
    wall: datetime, zone: str
) -> None:
    instant = read_instant(wall.isoformat(timespec="microseconds"), zone)
    shown = instant.astimezone(ZoneInfo(zone))
    ahead = shown.replace(tzinfo=None) - wall
    assert ahead in (timedelta(0), timedelta(minutes=30), timedelta(hours=1))
    assert shown.fold == 0
