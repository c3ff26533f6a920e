"""Columns that quarters title: amounts that share out another column, or ticks. Owns how they are told; refuses to count."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from cvanalysis.actions.clean.cells import encode, read_amounts
from cvanalysis.actions.clean.fields import Context


def quarters_named(cells: Mapping[str, tuple[str, pa.Array]], known: Context) -> dict[str, np.ndarray]:
    """The columns of numbers that a quarter names, where several are: title → values. `cells`: title → what names it, and its cells."""
    places = {title: known.quarter_titled(name) for title, (name, _) in cells.items()}
    named = {title: encode(cells[title][1]) for title, code in places.items() if code}
    numbers = {title: np.nan_to_num(read_amounts(cells[title][1])[0]) for title in named}
    some = {title: values for title, values in numbers.items() if values.any()}
    blank = {title: numbers[title] for title, words in named.items() if not words.filled.any()}
    return some | blank if len({places[title] for title in some}) > 1 else {}


def whole_of(parts: Mapping[str, np.ndarray], amounts: Mapping[str, pa.Array]) -> str:
    """The title of the column of amounts that some columns add up to on every row; '' where there is none."""
    if not parts:
        return ""
    summed = np.sum(list(parts.values()), axis=0)
    values = {title: np.nan_to_num(read_amounts(cells)[0]) for title, cells in amounts.items()}
    return next((title for title, one in values.items() if one.any() and (np.abs(one - summed) < 0.01).all()), "")
