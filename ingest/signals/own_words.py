"""A reply's own words: without markup, what it quotes, its signature and its footers."""

import html
import re
from collections.abc import Sequence

LONGEST = 4_000
"""So much of a reply is read."""
LONGEST_MARKED = 200_000
"""So much of one in HTML: a mail's own words stand at its top."""

# Each stops where the next of its kind begins, or a mail of such beginnings would be searched for hours.
_UNSEEN = re.compile(
    r"<(script|style)\b[^<]*(?:<(?!/?(?:script|style)\b)[^<]*)*(?:</(?:script|style)>)?", re.IGNORECASE
)
_TAGS = re.compile(r"<[^<>\n]{1,2000}>")
_BREAKS = re.compile(r"<(?:br ?/?|/(?:p|div|li|tr))>", re.IGNORECASE)
_BLOCKQUOTE = re.compile(r"<blockquote\b.*", re.DOTALL | re.IGNORECASE)
# From this line on the words are somebody else's, or a signature's.
_ENDS = re.compile(
    r"on\b.{4,200}\bwrote:|-{2,} ?original message|_{10,}|from:.{1,200}|-{5,} ?forwarded|le\b.{4,200}a écrit ?:"
    r"|am\b.{4,200}schrieb\b.{0,100}:|el\b.{4,200}escribió:|--$|sent from my |get outlook for "
)
_FOOTER = re.compile(
    r"to unsubscribe\b|if you (?:no longer wish|don't want|do not want)\b|unsubscribe ?\||click here to unsubscribe"
    r"|.*\b(?:reply|text) stop to\b"
)
_FIRST = frozenset("o-_flaesg")
"""What a line that ends the words begins with: most need not be matched."""
_QUOTES = (">", "|")
_FOOTER_WORDS = ("unsubscribe", "longer wish", "want", "stop to")
_BLANKS = re.compile(r"[^\S\n ]+|\u200b+| {2,}")
_PLAIN_MARKS = str.maketrans("‘’", "''")


def own_words(text: str) -> str:
    """Cut a reply down to what its author wrote just now, in lower case with plain apostrophes."""
    if "<" in text:
        text = _without_markup(text[:LONGEST_MARKED])
    text = text[:LONGEST].lower()
    if not text.isascii():
        text = text.translate(_PLAIN_MARKS)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(_own_lines(text.split("\n")))
    if any(word in text for word in _FOOTER_WORDS):
        text = "\n".join(line for line in text.split("\n") if not _FOOTER.match(line))
    if not _is_plain(text):
        text = _BLANKS.sub(" ", text)
    return text.strip()


def _is_plain(text: str) -> bool:
    """Whether single blanks and ends of lines are all that stands between words; nearly always."""
    return "  " not in text and text.isascii() and text.replace("\n", " ").isprintable()


def _own_lines(lines: Sequence[str]) -> list[str]:
    """Up to where others speak; what ends a reply is no first line of one."""
    own: list[str] = []
    for line in lines:
        if line.lstrip()[:1] in _QUOTES:
            continue
        if own and line[:1] in _FIRST and _ENDS.match(line.rstrip()):
            break
        own.append(line)
    return own


def _without_markup(text: str) -> str:
    text = _UNSEEN.sub(" ", _BLOCKQUOTE.sub("", text))
    return html.unescape(_TAGS.sub(" ", _BREAKS.sub("\n", text)))
