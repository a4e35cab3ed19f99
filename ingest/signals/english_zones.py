"""Zones as English speakers name them, and only where they speak of themselves."""

import re

_BY_NAME = {
    "pacific": "America/Los_Angeles", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "mountain": "America/Denver", "mst": "America/Denver", "mdt": "America/Denver",
    "central": "America/Chicago", "cst": "America/Chicago", "cdt": "America/Chicago",
    "eastern": "America/New_York", "est": "America/New_York", "edt": "America/New_York",
    "gmt": "Europe/London", "bst": "Europe/London", "cet": "Europe/Berlin", "cest": "Europe/Berlin",
    "aest": "Australia/Sydney", "aedt": "Australia/Sydney",
}  # fmt: skip
_BY_PLACE = {
    "los angeles": "America/Los_Angeles", "la": "America/Los_Angeles", "san francisco": "America/Los_Angeles",
    "seattle": "America/Los_Angeles", "california": "America/Los_Angeles", "las vegas": "America/Los_Angeles",
    "denver": "America/Denver", "colorado": "America/Denver", "utah": "America/Denver",
    "phoenix": "America/Phoenix", "arizona": "America/Phoenix",
    "chicago": "America/Chicago", "dallas": "America/Chicago", "houston": "America/Chicago", "austin": "America/Chicago",
    "texas": "America/Chicago", "minneapolis": "America/Chicago", "nashville": "America/Chicago",
    "new york": "America/New_York", "boston": "America/New_York", "miami": "America/New_York",
    "atlanta": "America/New_York", "florida": "America/New_York", "toronto": "America/Toronto",
    "vancouver": "America/Vancouver", "hawaii": "Pacific/Honolulu", "honolulu": "Pacific/Honolulu",
    "london": "Europe/London", "england": "Europe/London", "the uk": "Europe/London", "uk": "Europe/London",
    "ireland": "Europe/Dublin", "dublin": "Europe/Dublin", "paris": "Europe/Paris", "france": "Europe/Paris",
    "berlin": "Europe/Berlin", "germany": "Europe/Berlin", "munich": "Europe/Berlin", "madrid": "Europe/Madrid",
    "spain": "Europe/Madrid", "amsterdam": "Europe/Amsterdam", "rome": "Europe/Rome", "italy": "Europe/Rome",
    "dubai": "Asia/Dubai", "india": "Asia/Kolkata", "mumbai": "Asia/Kolkata", "singapore": "Asia/Singapore",
    "tokyo": "Asia/Tokyo", "japan": "Asia/Tokyo", "sydney": "Australia/Sydney", "melbourne": "Australia/Melbourne",
    "brisbane": "Australia/Brisbane", "perth": "Australia/Perth", "auckland": "Pacific/Auckland",
    "new zealand": "Pacific/Auckland",
}  # fmt: skip

WORDS = " ".join((*_BY_NAME, *(name.removeprefix("the ") for name in _BY_PLACE)))
_NAMES = "|".join(_BY_NAME)
_PLACES = "|".join(sorted(_BY_PLACE, key=len, reverse=True))
_ME = r"\b(?:i'm|i am|we're|we are|i live|we live|based|located|living)"
_NAMED = re.compile(
    rf"\b(?P<a>pacific|mountain|central|eastern) (?:standard |daylight )?time\b"
    rf"|{_ME} (?:(?:on|in) )(?:the )?(?P<b>{_NAMES})\b"
    rf"|^(?P<c>{_NAMES})(?: please| time)?$"
)
_PLACED = re.compile(rf"{_ME} (?:out )?(?:based )?in (?P<place>{_PLACES})\b")


def zone_named_in(clause: str) -> str | None:
    """The IANA zone that a person says is theirs; None if they say none."""
    if named := _NAMED.search(clause):
        return _BY_NAME[named["a"] or named["b"] or named["c"]]
    placed = _PLACED.search(clause)
    return _BY_PLACE[placed["place"]] if placed else None
