"""Frames and colours: what lies in a frame, and what stands out from its ground."""

import math
from collections.abc import Sequence
from typing import Any

from pdfminer.pdfcolor import PDFColorSpace
from pdfminer.pdftypes import resolve1
from pdfminer.utils import apply_matrix_pt

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]
Rect = tuple[float, float, float, float]  # left, bottom, right, top; in points
Colour = tuple[float, float, float]  # red, green, blue, each from 0 to 1

EVERYWHERE: Rect = (-math.inf, -math.inf, math.inf, math.inf)
NOWHERE: Rect = (math.inf, math.inf, -math.inf, -math.inf)
WHITE: Colour = (1.0, 1.0, 1.0)
BLACK: Colour = (0.0, 0.0, 0.0)
_ALIKE = 0.08  # colours that differ by less look the same
_INKS = {"Separation", "DeviceN", "Indexed", "Pattern", "Lab"}  # their numbers are no light


def is_within(point: Point, frame: Rect) -> bool:
    (x, y), (left, bottom, right, top) = point, frame
    return left <= x <= right and bottom <= y <= top


def overlap(one: Rect, other: Rect) -> Rect:
    """Where two frames overlap; nothing is within it where they do not."""
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def frame_of(path: Sequence[Any], matrix: Matrix) -> Rect:
    """What a path goes around, with the points that only bend it; nothing if it has no points."""
    points = [step[at : at + 2] for step in path for at in range(1, len(step), 2)]
    if not points:
        return NOWHERE
    across, upward = zip(*(apply_matrix_pt(matrix, point) for point in points), strict=True)
    return min(across), min(upward), max(across), max(upward)


def rectangle(numbers: Sequence[object]) -> Rect:
    """ISO 32000-2 clause 7.9.5.

    Raises:
        TypeError, ValueError: these are no four numbers.
    """
    left, bottom, right, top = (float(resolve1(one)) for one in numbers)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def colour(value: Any, space: PDFColorSpace) -> Colour | None:
    """In RGB, as far as a space says what is white and what is black; None for any other."""
    if space.name in _INKS:
        return None
    match value:
        case 0 | 0.0 if space.ncomponents != 1:  # none was chosen yet (8.6.8)
            return BLACK
        case int() | float():
            return float(value), float(value), float(value)
        case (red, green, blue):
            return red, green, blue
        case (cyan, magenta, yellow, black):
            light = 1 - black
            return (1 - cyan) * light, (1 - magenta) * light, (1 - yellow) * light
    return None


def is_alike(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) < _ALIKE for a, b in zip(one, other, strict=True))
