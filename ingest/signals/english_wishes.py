"""English: what a person wants of us, clause by clause. Beside each phrase the words that it cannot do without."""

import re

from ingest.signals.rules import SURE, Rule
from pipeline.signals import SignalKind

POLITE = re.compile(
    r"\b(?:please|pls|plz|kindly|thanks?(?: you)?|thank you|thx|just|now|immediately|asap|hi|hello|hey|yes|ok|sir|all ready|already)\b"
)
_NEGATED = r"(?<!why )(?<!can you )\b(?:don't|dont|do not|no need to|never|not|didn't|won't|can't|cannot)\b"

KEYWORDS = "stop unsubscribe unsub quit cancel end opt optout revoke remove"
WHOLE_OPT_OUT = re.compile(
    r"(?:stopp?(?: ?all| it| this)?|unsubscribe(?: me)?|unsub|quit|cancel|end|opt[ -]?out|revoke|remove(?: me)?)"
)
CLAUSE_OPT_OUT = re.compile(r"(?:stopp?(?: ?all| it| this)?|unsubscribe(?: me)?|unsub|opt[ -]?out|remove me)")

_MINE = r"my (?:e-?mail|name|number|phone|address|contact|info|data|details)|this (?:number|e-?mail|address)"

OPT_OUT = (
    Rule(
        SignalKind.OPT_OUT,
        "unsubscribe",
        (
            ("unsubscribe", r"\bunsubs?c?r?i?b\w*"),
            ("opt", r"\bopt (?:me |us )?out\b"),
            (
                "off",
                (
                    r"\b(?:take|get|pull|drop|want|like|be) .{0,25}\boff (?:of )?(?:your|this|the|all) "
                    r"(?:mailing |e-?mail(?:ing)? |text |contact |call(?:ing)? |distribution )?lists?\b"
                ),
            ),
        ),
        _NEGATED,
        SURE,
    ),
    Rule(
        SignalKind.OPT_OUT,
        "remove_me",
        (
            ("remove delete erase drop", rf"\b(?:remove|delete|erase|drop) (?:me|us|{_MINE})"),
            (
                "take get",
                r"\b(?:take|get) (?:me|us|my .{1,20}|this (?:number|e-?mail|address)) (?:off|out of)\b",
            ),
            ("list", r"\bdo[ -]not[ -](?:call|contact|text|e-?mail) list\b"),
            (
                "remove delete erase purge",
                (
                    r"\b(?:remove|delete|erase|purge) (?:all |any )?(?:of )?(?:my|our) (?:personal |contact )?"
                    r"(?:data|info|information|details|records?|number|e-?mail)\b"
                ),
            ),
        ),
        _NEGATED,
        SURE,
    ),
    Rule(
        SignalKind.OPT_OUT,
        "stop_sending",
        (
            (
                "stop",
                (
                    r"\bstop (?:texting|e-?mailing|messaging|contacting|sending(?! (?:it|that|them) to)|spamming|bothering"
                    r"|writing|harassing|pestering|sms|reaching out)"
                ),
            ),
            ("stop quit", r"\b(?:stop|quit) calling(?! (?:it|this|that|him|her|them))"),
            ("quit", r"\bquit (?:texting|e-?mailing|messaging|contacting)"),
            ("stop", r"\bmake (?:it|this|these|them) stop\b"),
            (
                "cease",
                r"\bcease (?:and desist|(?:all |any )?(?:further )?(?:communications?|contact|messages|e-?mails|texts|calls))\b",
            ),
            ("cancel", r"\bcancel my subscription\b"),
            (
                "stop quit enough",
                (
                    r"\b(?:stop|quit|enough) (?:with |of )?(?:all |the |these |those |this |that |your )*"
                    r"(?:messages|e-?mails|texts|calls|texting|e-?mailing|messaging|spam|spamming|blasts|nonsense)\b"
                ),
            ),
            ("stop", r"\bstop (?:blowing up my|hitting me up|messag|hassling|soliciting|pinging)"),
            (
                "blocking blocked reporting reported",
                r"\b(?:blocking|blocked|reporting|reported) (?:you|this number|your number)\b",
            ),
            ("off away lost", r"^(?:just |please )?(?:fuck off|f off|piss off|go away|get lost|buzz off)(?: already| please)?$"),
            (
                "stop",
                r"\bstop (?:all |the |these |those |with the |your )?(?:texts|messages|e-?mails|calls|spam)\b",
            ),
        ),
        r"\b(?:don't|dont|do not|can't|never|please don't)\b",
        SURE,
    ),
    Rule(
        SignalKind.OPT_OUT,
        "do_not_contact",
        (
            (
                "contact",
                r"\b(?:do not|don't|dont|never)(?: ever)? contact (?:me|us|my|this|these|our|here)\b",
            ),
            (
                "again anymore any",
                (
                    r"\b(?:do not|don't|dont|never)(?: ever)? (?:text|e-?mail|message|call|sms|write|bother|send)\b"
                    r".{0,50}\b(?:again|any ?more|any longer)\b"
                ),
            ),
            ("ever", r"\b(?:do not|don't|dont|never) ever (?:text|e-?mail|message|call)\b"),
            (
                "do don't dont",
                r"^(?:please |pls |just )?(?:do not|don't|dont) (?:text|e-?mail|message|sms) (?:me|us|this number)$",
            ),
            (
                "longer",
                r"\bno longer (?:wish|want|care) to (?:receive|get|hear|be (?:contacted|e-?mailed|texted))",
            ),
            (
                "want wish",
                (
                    r"\b(?:do not|don't|dont) (?:want|wish) (?:to (?:receive|get|hear)|any) .{0,30}"
                    r"\b(?:messages|e-?mails|texts|calls|from you|this)\b"
                ),
            ),
            ("more", r"\bno more (?:messages|texts|e-?mails|calls|sms|spam)\b"),
            (
                "want need",
                (
                    r"\b(?:do not|don't|dont|never) (?:want|need) (?:any ?more |any |these |those |your |further |more )+"
                    r"(?:messages|e-?mails|texts|calls|spam)\b"
                ),
            ),
            (
                "hear",
                r"\b(?:do not|don't|dont|never) (?:ever )?(?:want|wish|care) to hear from (?:you|your|anyone)\b",
            ),
            ("contact", r"\b(?:do not|don't|dont|never)(?: ever)? contact$"),
            ("lose", r"\blose my number\b"),
            ("leave", r"\bleave (?:me|us) alone\b"),
        ),
        confidence=SURE,
    ),
)

NO_WORDS = "no nope nah pass hard"
WHOLE_NO = re.compile(r"(?:no|nope|nah|pass|hard pass)(?: thanks| thank you)?")
CLAUSE_NO = re.compile(r"(?:no|nope|nah) (?:thanks|thank you|thx)")

NOT_INTERESTED = (
    Rule(
        SignalKind.NOT_INTERESTED,
        "not_interested",
        (
            (
                "interest intrest interrest",
                (
                    r"\b(?:not|no longer|isn't|aren't|never) (?:really |at all |that |currently |particularly )?"
                    r"int(?:e|er|ere)?rest(?:ed)?\b"
                ),
            ),
            ("interest", r"\b(?:no|zero|not any) interest\b"),
        ),
        r"\b(?:not saying|not that|was|were|why|before)\b",
    ),
    Rule(
        SignalKind.NOT_INTERESTED,
        "declines",
        (
            (
                "already",
                r"\balready (?:have|work with|working with|use|using|got) (?:a|an|someone|somebody|another|one)\b",
            ),
            ("went", r"\bwent with (?:another|someone|somebody|a different)\b"),
            ("pass", r"\b(?:i'll|we'll|i will|we will|gonna|going to) pass\b"),
            ("no", r"\b(?:it's a|hard) no\b"),
            ("fit", r"\b(?:isn't|not) (?:really )?a (?:good |great )?fit\b"),
            ("good set", r"^(?:nah |no |nope )?(?:we're|we are|i'm|i am) (?:all )?(?:good|set)$"),
            ("decided", r"\bdecided (?:not to|against)\b"),
            ("decline", r"\b(?:to|must|will) decline\b"),
            ("house", r"\bin[- ]house\b"),
            ("sold", r"\bsold the (?:business|company)\b"),
            ("expensive", r"\btoo expensive\b"),
            ("not", r"\bnot for (?:me|us)$"),
            ("looking", r"\bnot (?:really |currently |actively )?looking (?:for|to)\b"),
            ("market", r"\bnot in the market\b"),
            (
                "need",
                r"\b(?:no need for|(?:don't|do not|dont|won't) need) (?:this|it|any|your|you|another|a|help)\b",
            ),
            ("covered", r"\b(?:got|have|are|we're|i'm) (?:all |that |this |it |already )*covered\b"),
            ("happy", r"\bhappy with (?:our|my|the|what|who) (?:current|existing|present|we|i)\b"),
            (
                "pass",
                r"\b(?:have to|going to have to|gonna have to|need to|must) pass\b|\bpass on (?:this|that|it)\b",
            ),
            ("under", r"\bunder contract\b|\blocked in(?:to)? (?:with|a contract)\b"),
            ("signed", r"\bsigned (?:a |an |up )?.{0,25}\bwith (?:another|someone|somebody|a different)\b"),
            ("no", r"\b(?:thanks|thank you|thx),? but no\b|\bno from (?:me|us|our|my)\b"),
            ("budget", r"\b(?:no|don't have (?:the|a|any)) budget\b"),
            ("afford", r"\b(?:can't|cannot|can not) afford\b"),
            ("ourselves internally", r"\b(?:do|handle|run|manage) .{0,20}\b(?:ourselves|internally)\b"),
            (
                "business",
                r"\b(?:closed|closing|shut|shutting) (?:down )?(?:the|our|my) (?:business|company|shop)\b",
            ),
            ("moving", r"\bnot (?:be )?moving forward\b"),
        ),
    ),
)

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
            ("meet", r"\b(?:when|where) (?:can|could|should) (?:we|i) (?:meet|talk|chat|connect)\b"),
            ("talk chat connect", r"\bwhen (?:can|could|should) (?:we|i) (?:talk|chat|connect)\b"),
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
            ("call phone ring", r"\b(?:could|can) (?:someone|somebody|you) (?:call|phone|ring) (?:me|us)\b"),
            (
                "call ring buzz",
                r"\b(?:give (?:me|us) a|hop on a(?: quick)?|jump on a(?: quick)?) (?:call|ring|buzz)\b",
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
                "brochure case examples pricing website deck",
                r"\bdo you have (?:a |any |some )?(?:brochure|case studies|examples|pricing|website|deck)\b",
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

WISHES = (*OPT_OUT, *NOT_INTERESTED, *REQUESTS)
