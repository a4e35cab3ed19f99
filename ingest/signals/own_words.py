"""A reply's own words: without markup, what it quotes, its signature and its footers."""

import html
import re

LONGEST = 4_000

_TAGS = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)>|<br ?/?>|</(?:p|div|li|tr)>|<[^>\n]{1,2000}>",
    re.DOTALL | re.IGNORECASE,
)
_BREAKS = re.compile(r"<br ?/?>|</(?:p|div|li|tr)>", re.IGNORECASE)
_BLOCKQUOTE = re.compile(r"<blockquote\b.*", re.DOTALL | re.IGNORECASE)
# From here on the words are somebody else's.
_QUOTE_BEGINS = re.compile(
    r"^(?:on\b.{4,200}\bwrote:|-{2,} ?original message|_{10,}|from:.{1,200}|-{5,} ?forwarded|le\b.{4,200}a écrit ?:"
    r"|am\b.{4,200}schrieb\b.{0,100}:|el\b.{4,200}escribió:)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNATURE_BEGINS = re.compile(r"^(?:-- ?|sent from my .*|get outlook for .*)$", re.IGNORECASE | re.MULTILINE)
_FOOTER = re.compile(
    r"^(?:to unsubscribe\b|if you (?:no longer wish|don't want|do not want)\b|unsubscribe ?\||click here to unsubscribe).*$"
    r"|^.*\b(?:reply|text) stop to\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(r"^\s*[>|].*$", re.MULTILINE)
_BLANKS = re.compile(r"[ \t\u00a0\u200b]+")


def own_words(text: str) -> str:
    """Cut a reply down to what its author wrote just now, in lower case with plain apostrophes."""
    if "<" in text:
        text = _BLOCKQUOTE.sub("", text)
        text = _TAGS.sub(lambda tag: "\n" if _BREAKS.fullmatch(tag[0]) else " ", text)
        text = html.unescape(text)
    text = _QUOTED.sub("", text[:LONGEST].replace("\r\n", "\n"))
    for begins in (_QUOTE_BEGINS, _SIGNATURE_BEGINS):
        if (found := begins.search(text)) and found.start() > 0:
            text = text[: found.start()]
    text = _FOOTER.sub("", text)
    return _BLANKS.sub(" ", text.replace("’", "'").replace("‘", "'")).strip().lower()
