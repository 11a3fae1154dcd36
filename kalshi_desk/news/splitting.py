"""Older headlines to learn from, later ones to judge by, and nothing that links the two.

Headlines of one story and of one day resemble each other, so that a random split would let a
model recognise what it should predict.  Parts follow each other in time, with a gap before
each, and a story that goes on in a later part is taken out of the earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kalshi_desk.news.entities import sense
from kalshi_desk.news.labels import Labelled
from kalshi_desk.news.texts import content

LEARN, TUNE = 0.6, 0.8
"""Where the parts end: weights are learned up to 60 %, calibrated to 80 %, judged on the rest."""
LONGEST_GAP_NS = 24 * 3_600 * 1_000_000_000
SHORTEST_GAP_NS = 30 * 60 * 1_000_000_000
"""A market's answer is measured half an hour after a headline at the least."""
_GAP_SHARE = 20
ALIKE = 0.6
"""Headlines that share this part of their words tell the same story (Jaccard)."""
DAY_NS = 24 * 3_600 * 1_000_000_000
LEAST_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """Labelled headlines by what they are for, each part older than the next.

    ``purged`` counts those left out because they touch a later part.
    """

    learn: tuple[Labelled, ...]
    tune: tuple[Labelled, ...]
    judge: tuple[Labelled, ...]
    purged: int
    gap_ns: int


def split(rows: Sequence[Labelled]) -> Parts:
    """Split dated headlines by time; those without a date are not among them."""
    dated = sorted((row for row in rows if row.at_ns), key=lambda one: (one.at_ns, one.text))
    dated = _without_repeats(dated)
    if not dated:
        return Parts((), (), (), 0, 0)
    span = dated[-1].at_ns - dated[0].at_ns
    gap_ns = min(LONGEST_GAP_NS, max(SHORTEST_GAP_NS, span // _GAP_SHARE))
    tune_ns = dated[int(len(dated) * LEARN)].at_ns
    judge_ns = dated[int(len(dated) * TUNE)].at_ns
    judge = [row for row in dated if row.at_ns >= judge_ns]
    tune = [row for row in dated if tune_ns <= row.at_ns < judge_ns - gap_ns]
    tune = unlike(tune, judge)
    learn = [row for row in dated if row.at_ns < tune_ns - gap_ns]
    learn = unlike(learn, [*tune, *judge])
    purged = len(dated) - len(learn) - len(tune) - len(judge)
    return Parts(tuple(learn), tuple(tune), tuple(judge), purged, gap_ns)


def unlike(rows: Sequence[Labelled], others: Sequence[Labelled]) -> list[Labelled]:
    """Return the rows that tell no story of the others, by cluster and by their words."""
    clusters = {row.cluster for row in others if row.cluster}
    kept = [row for row in rows if row.cluster not in clusters or not row.cluster]
    if not kept or not others:
        return kept
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=_kept_words, binary=True, dtype=np.float32)
    try:
        table = counter.fit_transform([row.text for row in (*kept, *others)])
    except ValueError:
        return kept
    mine, theirs = table[: len(kept)], table[len(kept) :]
    sizes = np.asarray(theirs.sum(axis=1)).ravel()
    lengths = np.asarray(mine.sum(axis=1)).ravel()
    found = []
    for start in range(0, len(kept), 512):
        shared = (mine[start : start + 512] @ theirs.T).tocoo()
        whole = lengths[start : start + 512][shared.row] + sizes[shared.col] - shared.data
        alike = set(shared.row[shared.data >= ALIKE * np.maximum(whole, 1.0)])
        found += [row for at, row in enumerate(kept[start : start + 512]) if at not in alike]
    return found


def _without_repeats(rows: Sequence[Labelled]) -> list[Labelled]:
    """Keep the first of headlines with the same words, or of the same story."""
    seen: set[object] = set()
    kept = []
    for row in rows:
        keys = {frozenset(_kept_words(row.text)), row.cluster or row.text}
        if not keys & seen:
            kept.append(row)
        seen |= keys
    return kept


def _kept_words(text: str) -> list[str]:
    return sorted(set(content(sense(text).stems)))


def blocks(rows: Sequence[Labelled]) -> npt.NDArray[np.int64]:
    """Return for each row the number of its block of time: days, or tenths of a shorter span."""
    times = np.array([row.at_ns for row in rows], dtype=np.int64)
    span = int(times.max() - times.min()) if len(times) else 0
    length = max(1, min(DAY_NS, span // LEAST_BLOCKS + 1))
    return np.asarray((times - times.min()) // length, dtype=np.int64)
