"""English: what says that somebody asks for a meeting, a call or information, clause by clause."""

from ingest.signals.rules import Rule
from pipeline.signals import SignalKind

_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"

REQUESTS = (
    Rule(
        SignalKind.MEETING_REQUESTED,
        "meeting",
        (
            (
                "meet book schedule set arrange reschedule chat",
                (
                    r"\b(?:can|could|shall|let's|want to|like to|love to|happy to|we) (?:we |us )?"
                    r"(?:meet|book|schedule|set up|arrange|reschedule|chat)\b"
                ),
            ),
            ("available", r"\bavailable to (?:meet|talk|chat)\b"),
            ("link", r"\b(?:calendar|booking|scheduling) link\b"),
            ("calendly calendar", r"\b(?:your|the) (?:calendly|calendar)\b"),
            (
                "meeting appointment demo consult zoom session time slot",
                (
                    r"\b(?:book|schedule|set up|arrange|move|reschedule|change) (?:a|an|our|my|the|another) "
                    r"(?:meeting|appointment|demo|consult\w*|zoom|session|time|slot)\b"
                ),
            ),
            ("something", r"\bset something up\b"),
            ("any", r"\bany (?:openings?|availability|slots?|times)\b"),
            (
                "have",
                (
                    r"\bdo you have (?:anything|something|any|other|another|more)\b.{0,20}"
                    rf"\b(?:{_DAYS}|times?|slots?|week)\b"
                ),
            ),
            ("time", r"\bwhat times?\b"),
            ("times", r"\bother times\b"),
            ("availability", r"\byour availability\b"),
            (
                "meeting meet call demo zoom chat time",
                (
                    r"\b(?:set up|setup|schedule|arrange|book|find|pick|plan|do) (?:a |an |some |another )"
                    r"(?:quick |short |brief )?(?:meeting|call|demo|zoom|chat|time to (?:meet|talk|chat))\b"
                ),
            ),
            (
                "meet talk chat connect sit",
                r"\b(?:when|where) (?:can|could|should) (?:we|i) (?:meet|talk|chat|connect|sit down)\b",
            ),
            ("available free", r"\b(?:when|what days?) are you (?:available|free)\b"),
            (
                "earlier later sooner",
                r"\b(?:something|anything) (?:a bit |a little )?(?:earlier|later|sooner)$",
            ),
        ),
        r"\b(?:don't|do not|had|was|were|no need)\b",
    ),
    Rule(
        SignalKind.CALL_REQUESTED,
        "call",
        (
            (
                "call phone ring",
                (
                    r"^(?:please |pls )?(?:can you |could (?:you|someone|somebody) |would you |feel free to )?"
                    r"(?:call|phone|ring) (?:me|us)\b(?! (?:bob|mr|ms|after|in a|in \w+ (?:days|weeks|months)|next))"
                ),
            ),
            (
                "call phone ring",
                r"\b(?:could|can) (?:someone|somebody|you|u|ya) (?:call|phone|ring) (?:me|us)\b",
            ),
            (
                "call ring buzz",
                r"\b(?:(?:give (?:me|us)|gimme) a|hop on a(?: quick)?|jump on a(?: quick)?) (?:call|ring|buzz)\b",
            ),
            ("phone", r"\btalk on the phone\b"),
        ),
        r"\b(?:don't|do not|never|missed|they)\b",
    ),
    Rule(
        SignalKind.INFORMATION_REQUESTED,
        "information",
        (
            ("how", r"\bhow much\b"),
            (
                "price cost rate fee fees",
                r"\bwhat(?:'s| is| are)? (?:the |your )?(?:pric\w+|cost|rates?|fees?)\b",
            ),
            ("what", r"\bwhat (?:do you charge|does it cost|exactly do you)\b"),
            (
                "info information details pricing brochure case deck",
                r"\b(?:send|share|give)\b.{0,20}\b(?:info|information|details|pricing|brochure|case studies|deck)\b",
            ),
            ("more", r"\b(?:tell me|learn|know|hear) more\b"),
            (
                "brochure case examples pricing website deck references testimonials reviews samples",
                r"\bdo you have (?:a |any |some )?(?:brochure|case studies|examples|pricing|website|deck|references|testimonials|reviews|samples)\b",
            ),
            ("how", r"\bhow does (?:it|this|that) work\b"),
            ("what", r"\bwhat (?:exactly )?do you (?:offer|do|sell)\b"),
            ("what", r"\bwhat (?:exactly )?is it (?:that )?you\b"),
            ("what", r"\bwhat it costs\b"),
            ("included", r"\bwhat's included\b"),
            (
                "overview one-pager website link testimonials references samples quote proposal list",
                (
                    r"\b(?:send|share|give|shoot|e-?mail|text)\b.{0,20}\b(?:overview|one-pager|website|testimonials|references"
                    r"|samples|quote|proposal|price list)\b"
                ),
            ),
            ("ballpark", r"\bballpark\b"),
            ("price pricing cost", r"^(?:so )?(?:the )?(?:price|pricing|cost)s?$"),
            ("what", r"\bwhat (?:would|will|does) (?:it|this|that) (?:run|cost|include)\b"),
            ("what", r"\bwhat (?:do you guys|is it you guys) (?:offer|do|sell|charge)\b"),
            ("about", r"\bwhat(?:'s| is) (?:this|it|that) (?:all )?about\b"),
            ("how", r"\bhow (?:do|does|would) (?:you|it|this|that) (?:guys )?work\b"),
        ),
        r"\b(?:don't|do not|no)\b",
    ),
)
