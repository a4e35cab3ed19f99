"""English: what says that somebody does not want what we offer, clause by clause."""

import re

from ingest.signals.rules import Rule
from pipeline.signals import SignalKind

NO_WORDS = "no nope nah pass hard"
WHOLE_NO = re.compile(
    r"(?:no|nope|nah|pass|hard pass)(?: thanks| thank you| man| mate| sir| dude| bro| buddy| sorry)?"
)
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
            ("good set", r"^(?:but |nah |no |nope )?(?:we're|we are|i'm|i am) (?:all )?(?:good|set)$"),
            ("decided", r"\bdecided (?:not to|against)\b"),
            ("decline", r"\b(?:to|must|will) decline\b"),
            ("house", r"\bin[- ]house\b"),
            ("sold", r"\bsold the (?:business|company)\b"),
            ("expensive", r"\btoo expensive\b"),
            ("not", r"\bnot for (?:me|us)$"),
            ("looking", r"\bnot (?:really |currently |actively )?looking (?:for|to)\b"),
            ("something", r"\bnot something (?:we|i)(?:'re|'m|'d| are| am| would)?\b"),
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
            ("under locked", r"\bunder contract\b|\blocked in(?:to)? (?:with|a contract)\b"),
            ("signed", r"\bsigned (?:a |an |up )?.{0,25}\bwith (?:another|someone|somebody|a different)\b"),
            ("no", r"\b(?:thanks|thank you|thx|it),? but no\b|^but no$|\bno from (?:me|us|our|my)\b"),
            ("budget", r"\b(?:no|don't have (?:the|a|any)) budget\b"),
            ("afford", r"\b(?:can't|cannot|can not) afford\b"),
            ("ourselves internally", r"\b(?:do|handle|run|manage) .{0,40}\b(?:ourselves|internally)\b"),
            (
                "closed closing shut shutting",
                r"\b(?:closed|closing|shut|shutting) (?:down )?(?:the|our|my) (?:business|company|shop)\b",
            ),
            ("moving", r"\bnot (?:be )?moving forward\b"),
        ),
    ),
)
