"""Adoption: whichever came first, an appointment that a CRM noted and a provider names is one (RULES 22)."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from pipeline.adoption import aliases, packed, unpacked
from pipeline.book import Book, compute, enter
from pipeline.legacy import observations_from
from pipeline.observation import AppointmentKey, Description, Observation, Schedule, StatusWord
from pipeline.words import Provider, Source, Status
from tests.statements import NOON, at

LEAD = UUID(int=7)
EVENT = "https://api.calendly.com/scheduled_events/"
STARTS = [at(24), at(24) + timedelta(seconds=60), at(24) + timedelta(seconds=61), at(48)]


@st.composite
def told(draw: st.DrawFn) -> list[Observation]:
    """A legacy row with an event, a start or both, and what Calendly says of up to three invitees."""
    said = {"appointment_provider": "calendly", "appointment_status": "confirmed"}
    if draw(st.booleans()):
        said["calendly_scheduled_event_uri"] = EVENT + draw(st.sampled_from("ef"))
    said["appointment_start_at"] = draw(st.sampled_from(STARTS)).isoformat()
    real = [
        Observation(
            provider=Provider.CALENDLY,
            external_id=draw(st.sampled_from("abc")),
            source=Source.WEBHOOK,
            observed_at=at(hour),
            version_at=at(hour),
            schedule=Schedule(start_at=draw(st.sampled_from(STARTS))) if draw(st.booleans()) else None,
            status=StatusWord(word=draw(st.sampled_from([Status.CONFIRMED, Status.CANCELED]))),
            description=Description(
                calendly_scheduled_event_uri=draw(st.sampled_from([None, EVENT + "e", EVENT + "f"]))
            ),
        )
        for hour in range(draw(st.integers(0, 3)))
    ]
    return [*observations_from(LEAD, said), *real]


@given(st.data(), told())
def test_adoption_does_not_depend_on_what_came_first(data: st.DataObject, said: list[Observation]) -> None:
    straight = enter(Book(), said)
    mixed = Book()
    for one in data.draw(st.permutations(said)):
        mixed = enter(mixed, [one])
    assert compute(mixed, NOON) == compute(straight, NOON)


@given(told())
def test_a_note_is_adopted_by_one_or_stays_by_itself(said: list[Observation]) -> None:
    folded = enter(Book(), said).folded
    (note,) = [key for key in folded if key.external_id.startswith("legacy:")]
    there = compute(Book(folded=folded), NOON).appointments
    assert (note in there) == (note not in aliases(folded))
    assert len(there) == len(folded) - len(aliases(folded))
    real = [one for key, one in folded.items() if key != note]
    event = folded[note].calendly_scheduled_event_uri
    same = [one for one in real if event and one.calendly_scheduled_event_uri == event]
    assert len(same) != 1 or aliases(folded) == {note: same[0].key}
    assert len(same) < 2 or aliases(folded) == {}


@given(told())
def test_what_is_packed_into_rows_is_unpacked_as_it_was(said: list[Observation]) -> None:
    folded = enter(Book(), said).folded
    rows = packed(folded)
    assert {one.key: one for row in rows.values() for one in unpacked(row)} == folded
    assert rows.keys() == compute(Book(folded=folded), NOON).appointments.keys()


def test_a_minute_apart_is_the_same_start_and_more_is_not() -> None:
    note = observations_from(LEAD, {"appointment_provider": "calendly", "booked_slot": at(24).isoformat()})
    for seconds, found in ((60, 1), (-60, 1), (61, 0)):
        start = at(24) + timedelta(seconds=seconds)
        real = Observation(provider=Provider.CALENDLY, external_id="a", source=Source.WEBHOOK, observed_at=NOON,
                           schedule=Schedule(start_at=start))  # fmt: skip
        assert len(aliases(enter(Book(), [*note, real]).folded)) == found


def test_a_shared_note_is_adopted_by_exactly_what_it_names() -> None:
    said = {
        "appointment_provider": "ghl",
        "ghl_appointment_id": "x",
        "appointment_start_at": at(24).isoformat(),
    }
    note = observations_from(LEAD, said, shared={"ghl:x"})
    other = Observation(provider=Provider.GHL, external_id="y", source=Source.WEBHOOK, observed_at=NOON,
                        schedule=Schedule(start_at=at(24)))  # fmt: skip
    book = enter(Book(), [*note, other])
    assert aliases(book.folded) == {}
    assert (
        compute(Book(folded={note[0].key: book.folded[note[0].key]}), NOON).rollup.ghl_appointment_id == "x"
    )
    named = other.but(external_id="x")
    assert aliases(enter(book, [named]).folded) == {note[0].key: AppointmentKey(Provider.GHL, "x")}
