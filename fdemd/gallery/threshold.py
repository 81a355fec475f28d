"""From the scores of strangers to a threshold for a stated rate, and from a score to the rate of those who reach it.

A *stranger's score* is the best that a search for somebody outside the gallery finds (a non-mated search). With few of
them the rate is read off their tail, fitted by a generalized Pareto distribution, as extreme values have it (Pickands,
1975): a rate of 1 in 1,000 cannot be counted in 300 searches. In a gallery of other size it changes as if each person
were another chance to be taken for somebody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.stats import genpareto

from fdemd.errors import InputError

FEWEST = 20
"""Strangers' scores, at least, from which a rate is told."""
_TAIL, _LEAST_TAIL = 0.1, 30
"""Share of the scores that the tail is fitted to, and their number at least, up to half of all."""
_BEYOND = 50
"""The tail is not followed further than to rates of 1 in so many times the number of scores."""
_SHAPES = -0.5, 0.3
"""Shapes of the tail that are believed; cosines end at 1, so that it is hardly ever heavy."""


class _Tail(NamedTuple):
    start: float
    share: float
    shape: float
    scale: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """Scores that strangers reached in a gallery.

    Attributes:
        scores: ``(S,)`` float64 in rising order, see the module.
        people: Number of people that each stranger was compared with.

    Examples:
        >>> strangers = np.sort(np.random.default_rng(0).normal(size=1000))
        >>> calibration = Calibration(strangers, people=100)
        >>> threshold = calibration.threshold(0.01, people=100)
        >>> round(threshold, 1), round(calibration.rate(threshold, people=100), 4)
        (2.2, 0.01)
        >>> calibration.threshold(0.01, people=1000) > threshold
        True
    """

    scores: np.ndarray
    people: int

    @classmethod
    def of(cls, scores: np.ndarray, people: int) -> Calibration:
        """Return the calibration of scores in any order.

        Raises:
            InputError: There are too few.
        """
        if len(scores) < FEWEST:
            raise InputError(
                f"Rates of strangers cannot be told from {len(scores)} searches; {FEWEST} are needed: enrol more "
                "people, or give a cohort of strangers."
            )
        return cls(np.sort(np.asarray(scores, np.float64)), people)

    @property
    def spread(self) -> float:
        """Standard deviation of the scores."""
        return float(self.scores.std())

    @property
    def smallest_rate(self) -> float:
        """The smallest rate that is told, in a gallery of the same size; below it the scores know nothing."""
        return 1 / (_BEYOND * len(self.scores))

    def rate(self, score: float, people: int) -> float:
        """Return the share of strangers who reach a score, in [0, 1]: an FPIR with this score as threshold.

        Args:
            score: The score.
            people: Number of people in the gallery.
        """
        tail = self._tail
        if score <= tail.start:
            rate = 1 - int(np.searchsorted(self.scores, score, side="left")) / len(self.scores)
        else:
            rate = tail.share * float(genpareto.sf(score - tail.start, tail.shape, scale=tail.scale))
        return _for_people(max(float(rate), self.smallest_rate), people / self.people)

    def threshold(self, rate: float, people: int) -> float:
        """Return the score that a stranger reaches at a stated rate.

        Args:
            rate: Share of strangers who may get a name, in (0, 1).
            people: Number of people in the gallery.

        Raises:
            InputError: The rate is out of range, or too small for these scores.
        """
        if not 0 < rate < 1:
            raise InputError(f"fpir is {rate}; a rate lies between 0 and 1, such as 0.01.")
        here = _for_people(rate, self.people / max(people, 1))
        if here < self.smallest_rate:
            least = _for_people(self.smallest_rate, people / self.people)
            raise InputError(
                f"fpir={rate:g} is smaller than what {len(self.scores):,} strangers' scores can tell ({least:.1g}); "
                "ask for a larger rate, enrol more people, or give a larger cohort."
            )
        tail = self._tail
        if here < tail.share:
            return tail.start + float(genpareto.isf(here / tail.share, tail.shape, scale=tail.scale))
        place = len(self.scores) - math.floor(here * len(self.scores) + 1e-9) - 1
        return float(np.nextafter(self.scores[max(place, 0)], np.inf))

    @cached_property
    def _tail(self) -> _Tail:
        count = len(self.scores)
        size = max(min(_LEAST_TAIL, count // 2), math.floor(_TAIL * count))
        start = float(self.scores[count - size - 1])
        return _Tail(start, size / count, *fit_tail(self.scores[count - size :] - start))


def fit_tail(excess: np.ndarray) -> tuple[float, float]:
    """Fit a generalized Pareto distribution by probability-weighted moments (Hosking and Wallis, 1987, eq. 5).

    Unlike the maximum of the likelihood they always exist, and they are the better estimate for few values.

    Args:
        excess: ``(M,)`` values above the start of the tail, not negative, in rising order.

    Returns:
        Shape (positive: heavy) and scale, as ``scipy.stats.genpareto`` has them.
    """
    count = len(excess)
    first = float(excess.mean())
    second = float((excess * (count - np.arange(1, count + 1) + 0.35) / count).mean())
    if not first > 2 * second > 0:  # all alike, or nothing above the start
        return 0.0, max(first, 1e-12)
    shape = float(np.clip(2 - first / (first - 2 * second), *_SHAPES))
    return shape, first * (1 - shape)  # the scale that keeps the mean, also where the shape was not believed


def in_words(rate: float, smallest: float) -> str:
    """Return a rate of strangers as people say it.

    Args:
        rate: Share of strangers who reach a score.
        smallest: The smallest rate that is told.

    Examples:
        >>> in_words(0.004, 1e-5), in_words(0.6, 1e-5), in_words(1e-5, 1e-5)
        ('1 stranger in 250 looks as much alike', '6 strangers in 10 look as much alike', \
'fewer than 1 stranger in 100,000 looks as much alike')
    """
    if rate <= smallest:
        return f"fewer than 1 stranger in {_round(1 / smallest):,} looks as much alike"
    if rate > 0.15:
        return f"{max(2, round(10 * rate))} strangers in 10 look as much alike"
    return f"1 stranger in {_round(1 / rate):,} looks as much alike"


def _for_people(rate: float, ratio: float) -> float:
    """Return the rate in a gallery of so many times the people."""
    return float(-math.expm1(ratio * math.log1p(-min(rate, 1 - 1e-12))))


def _round(number: float) -> int:
    """Two digits are enough of what is an estimate."""
    digits = max(0, math.floor(math.log10(max(number, 1))) - 1)
    return round(number / 10**digits) * 10**digits
