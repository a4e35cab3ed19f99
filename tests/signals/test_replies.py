"""The labelled replies: what each means. They were written down before there was a rule to read them."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingest.signals import Rules
from pipeline.signals import SAID_BY_CHANNELS, Signal, SignalKind, chosen

ZONE = ZoneInfo("America/New_York")
SAID_AT = datetime(2026, 3, 10, 11, 0, tzinfo=ZONE)
OFFERED = [
    datetime(2026, 3, 12, 14, 0, tzinfo=UTC),
    datetime(2026, 3, 12, 18, 0, tzinfo=UTC),
    datetime(2026, 3, 13, 15, 0, tzinfo=UTC),
]


def labelled(name: str) -> list[tuple[set[str], str]]:
    lines = (Path(__file__).parent / name).read_text().splitlines()
    rows = (line.split("\t", 1) for line in lines if line and not line.startswith("#"))
    return [(set(labels.split(",")) - {"-"}, text.replace("\\n", "\n")) for labels, text in rows]


def label_of(signal: Signal) -> str | None:
    if signal.kind is SignalKind.SLOT_ACCEPTED:
        assert signal.choice is not None
        slot = chosen(signal.choice, OFFERED, ZONE)
        return f"slot_accepted:{OFFERED.index(slot) + 1}" if slot else None
    detail = signal.until or signal.zone
    return f"{signal.kind}:{detail}" if detail else signal.kind


def read(text: str) -> set[str]:
    return {label for signal in Rules().read(text, SAID_AT) if (label := label_of(signal))}


@pytest.mark.parametrize(("labels", "text"), labelled("replies.tsv"), ids=range(len(labelled("replies.tsv"))))
def test_a_labelled_reply_means_what_its_label_says(labels: set[str], text: str) -> None:
    assert read(text) == labels


def test_the_table_is_as_large_and_as_wide_as_promised() -> None:
    rows = labelled("replies.tsv")
    kinds = {label.partition(":")[0] for labels, _ in rows for label in labels}
    assert len(rows) >= 200
    assert kinds == set(SignalKind) - SAID_BY_CHANNELS


def test_a_date_is_seen_from_the_day_of_the_reply() -> None:
    (signal,) = Rules().read("Check back next week", datetime(2027, 12, 29, tzinfo=UTC))
    assert signal.until == date(2028, 1, 5)


def test_markup_is_no_word() -> None:
    assert read("<div>Stop<br></div><blockquote>Does <b>Friday</b> work?</blockquote>") == {
        SignalKind.OPT_OUT
    }
