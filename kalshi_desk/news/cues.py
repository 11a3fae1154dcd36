"""Words that say which way: more or less of a thing, likelier or less likely.

TextBlob's lexicon scores opinions (``good``, ``terrible``); headlines mostly report
directions, for which it has no entry.  This small addition gives each such stem a
direction of 0.7, or 1.0 for the strongest, in the form of its lexicon.  The words are those
of everyday financial and political English; none names a market.
"""

from __future__ import annotations

from functools import lru_cache

from kalshi_desk.news.texts import stem, stemmed, words

PLAIN, STRONG = 0.7, 1.0
SUBJECTIVITY = 0.6
"""What a direction counts as in TextBlob's second number: a claim rather than a mood."""

_UP = """rise rises rose climb gain increase jump grow growth advance higher up raise lift boost
improve strengthen accelerate exceed beat strong stronger above hawkish more many rebound recover
spread faster warmer expand widen demand buy upgrade successful"""
_TOP = "surge soar rally record skyrocket spike boom rallies"
_DOWN = """fall fell decline drop slip ease slow cool cooler lower down cut reduce miss weak weaker
weaken drag shrink below dovish cheaper fewer few less slide sink retreat dip sell sold narrow
weigh poor worse worsen thin bug outage"""
_BOTTOM = "plunge plummet tumble crash slump collapse"
_LIKELY = """looms loom likely favour favor favourite favorite back backs agree approve pass passes
clear confirm win wins won praise lead leads near progress support endorse secure victory ahead
heading toward towards award signs reach reached resume fast succeed"""
_UNLIKELY = """unlikely doubt against delay fail reject block cancel snub deny defect
withdraw postpone veto fade stall struggle lose loss defeat oust injury leak away halt
abandon scrap suspend quit trail end snubbed reverse"""
_NEVER = "avoid avert prevent forestall thwart"
_PHRASES = {
    "heavy rain": PLAIN,
    "heavy snow": PLAIN,
    "stave off": -STRONG,
    "agree with": 0.0,
    "rule out": -PLAIN,
    "rules out": -PLAIN,
    "walk out": -PLAIN,
    "pull out": -PLAIN,
    "fall short": -PLAIN,
    "call off": -PLAIN,
    "goes to": PLAIN,
    "in favour of": PLAIN,
    "in favor of": PLAIN,
    "have the votes": PLAIN,
    "lack the votes": -PLAIN,
    "now expect": PLAIN,
    "starter back": STRONG,
    "comes back": PLAIN,
    "ahead of": PLAIN,
    "lead over": PLAIN,
    "more than expected": PLAIN,
    "less than expected": -PLAIN,
    "below zero": -PLAIN,
    "steps down": -PLAIN,
    "break down": -PLAIN,
    "shut down": PLAIN,
    "at least": 0.0,
    "backed by": 0.0,
    "as well": 0.0,
    "look up": 0.0,
    "set up": 0.0,
    "follow up": 0.0,
    "up to": 0.0,
    "end of": 0.0,
    "back to": 0.0,
    "more talks": 0.0,
    "line up": 0.0,
}
THREATS = stemmed("fear worry risk warning warn threat danger")
"""What they are of or about is likelier for them; without that they weigh on the subject."""
CALMERS = stemmed("calm ease soothe quell allay dispel lift remove avert end")
OF_WORDS = stemmed("of that")
NEGATIONS = frozenset({"no", "not", "never", "without", "n't", "hardly", "neither", "nor"})
NEUTRALS = stemmed("unchanged steady flat little-changed split calm mixed maintained debates")
NEUTRAL_PHRASES = ("in line", "little changed", "without a decision", "no change", "on hold")
HEDGES = stemmed("may might could would if possible reportedly rumor rumour")
HEIGHTS = {"high": PLAIN, "low": -PLAIN}
SPANS = ("week", "month", "year", "record", "time", "new", "day", "decade")
"""A high or low after one of these is a new one: ``four-week high``."""
HEDGED = 0.7
"""A hedged claim says this much of a plain one."""
CLAUSE_WORDS = frozenset({"and", "as", "but", "while", "after", "despite", "because", "though"})

STOPS = frozenset(",;:|-–—")


@lru_cache(maxsize=1)
def likelihoods() -> frozenset[tuple[str, ...]]:
    """Return the cues that say how likely something is, not which way it goes."""
    found = {(stem(word),) for word in f"{_LIKELY} {_UNLIKELY} {_NEVER}".split()}
    return frozenset(found | {tuple(stem(one) for one in words(text)) for text in _PHRASES})


@lru_cache(maxsize=1)
def directions() -> dict[tuple[str, ...], float]:
    """Return the direction of every cue by its stems."""
    made: dict[tuple[str, ...], float] = {}
    for text, weight in (
        (_UP, PLAIN),
        (_LIKELY, PLAIN),
        (_DOWN, -PLAIN),
        (_UNLIKELY, -PLAIN),
        (_TOP, STRONG),
        (_BOTTOM, -STRONG),
        (_NEVER, -STRONG),
    ):
        made |= {(stem(word),): weight for word in text.split()}
    for text, weight in _PHRASES.items():
        made[tuple(stem(word) for word in words(text))] = weight
    return made
