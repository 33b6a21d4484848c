#!/usr/bin/env python3
"""Habits of prose that make a page read like a translation, and what to write in their place.

tidy.py counts them in the pages. Code blocks, `code`, "quoted phrases" and HTML comments are not
prose. Only phrases with few innocent uses are listed: a page without any of them can still read
badly.
"""
import re

# The pages besides docs/*.md.
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "examples/README.md")

UNIT = (r"(?:entry|key|value|object|record|row|column|line|file|table|process|thread|core|call|"
        r"write|read|lookup|insert|batch|change|second|minute|hour|day|word|commit|layer|name)")
# What is counted or measured "per" something.
MEASURE = (r"(?:bytes|memory|values?|[kKMG]i?B|lines?|times?|threads?|descriptors|"
           r"requests|blocks?|optional|entr(?:y|ies)|objects?|noun|one|once|twice|ns|µs|ms)")

HABITS = (
    (rf"\b{MEASURE} an? {UNIT}\b", "'per', not 'a'"),
    (r"\bbeside\b", "'next to', 'alongside', 'concurrently with', 'compared with'"),
    (r"\bnobody\b", "'no one', 'no thread', 'no process', 'never'"),
    (r"\bwho(?:so)?ever\b", "name the actor"),
    (r"\bwaits? for no\b", "'never blocks'"),
    (r"\b(?:take|takes|took|taken|taking) (?:\w+ ){0,2}back\b",
     "'roll back', 'undo', 'discard', 'lose'"),
    (r"\bby (?:itself|themselves)\b", "'automatically', 'independently', 'on its own'"),
    (r"\ball else\b", "'everything else'"),
    (r"\bmust be there\b", "'is required', 'you need'"),
    (r"\bin earnest\b", "'in production', 'in a real program'"),
    (r"\bsees? to it\b", "'ensures', 'checks'"),
    (r"\bmakes? an exception of\b", "'throws'"),
    (r"\bmend(?:s|ed|ing)?\b", "'fix', 'repair', 'correct'"),
    (r"\bseldom\b", "'rarely'"),
    (r"\bin the midst of\b", "'in the middle of', 'during'"),
    (r"\bstands? (?:in|on|at|above|below|behind|under|there|alone)\b",
     "'is in', 'is at', 'precedes'"),
    (r"\bl(?:ies|ie|ay) (?:in|on|at|below|behind|under|there)\b", "'is in', 'is on'"),
    (r"(?<!there )\b(?:is|are|was|were) no "
     r"(?!longer\b|more\b|less\b|fewer\b|other\b|different\b|\w+er\b)\w+", "'is not a'"),
    (r"\b(?:goes|go|went) on\b", "'continues'"),
    (r"\bsays? so\b", "say what it says"),
    (r"\bto its end\b", "'completely', 'to the end'"),
    (r"\b(?:(?:colour|honour|behaviour|favour|neighbour|catalogue|licence|centre)(?:s|d|ed|ing)?|"
     r"(?:special|recogn|initial|serial|optim|organ|normal|synchron|minim|maxim)"
     r"is(?:e[sd]?|ing|ation)|(?:label|cancel)led)\b", "American spelling"),
    (r"\bis (?:told|asked) (?:how|what|for|of)\b", "'reports', 'receives', 'requests'"),
)
PATTERNS = [(re.compile(pattern, re.IGNORECASE), better) for pattern, better in HABITS]

FENCED = re.compile(r"(?ms)^[ \t]*(```+|~~~+).*?^[ \t]*\1[ \t]*$")
NO_PROSE = re.compile(r"<!--.*?-->|`[^`\n]*`|\"[^\"\n]{1,40}\"|\]\([^)\s]*\)", re.DOTALL)

STRING = r'"(?:[^"\\\n]|\\.)*"'
STRINGS = re.compile(rf"{STRING}(?:\s*{STRING})*")
NO_STRINGS = re.compile(rf"({STRING})|//[^\n]*|'(?:[^'\\\n]|\\.)+'")


def blank(match):
    """Nothing in the place of what is no prose; lines keep their numbers."""
    return re.sub(r"[^\n]", "\x00", match[0])


def habits(text):
    """The habits in a page, in order: (line number, the words, what to write)."""
    text = NO_PROSE.sub(blank, FENCED.sub(blank, text))
    flat = text.replace("\n", " ")
    found = [(match.start(), match[0], better) for pattern, better in PATTERNS
             for match in pattern.finditer(flat)]
    for start, words, better in sorted(found):
        yield text.count("\n", 0, start) + 1, words, better


def messages(code):
    """The habits in the string literals of C++ code; adjacent literals are one text."""
    code = NO_STRINGS.sub(lambda match: match[1] or "", code)
    for match in STRINGS.finditer(code):
        text = "".join(string[1:-1] for string in re.findall(STRING, match[0]))
        text = re.sub(r"(?:\\n|\s)+", " ", text)
        for _, words, better in habits(text) if " " in text else ():
            yield code.count("\n", 0, match.start()) + 1, words, better
