"""Keys under which two spellings are one: a carrier, a title, a commune, the items of a cell; and what stands under one key.
Owns no list of words."""

import re
from collections.abc import Hashable, Iterable
from typing import TypeVar

from cvanalysis.french import fold

K, V = TypeVar("K", bound=Hashable), TypeVar("V")


def carrier_key(label: str) -> str:
    """The key of a carrier's name: no accent, legal form nor punctuation."""
    whole = re.sub(r"\b([^\W\d_])\. ?(?=[^\W\d_]\b)", r"\1", fold(label))  # « C.A.F. » is « CAF »
    key = re.sub(r"[^\w]+", " ", whole)
    short = re.sub(r"\b(?:association|assoc|asso|ass|loi 1901)\b", " ", key)
    return " ".join(short.split()) or " ".join(key.split())


def title_key(label: str) -> str:
    """The key of an action's title: no accent, capital nor punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", fold(label)).split())


def commune_key(label: str) -> str:
    """The key of a commune's name or code: « ST HERBLAIN CEDEX 2 » is « Saint-Herblain »; neither a postcode before the name nor
    an arrondissement after it is read: the quarters of a city are the city's.

    >>> (
    ...     commune_key("44800 ST-HERBLAIN CEDEX 2"),
    ...     commune_key("Saint Herblain"),
    ...     commune_key("44162"),
    ...     commune_key("Lyon 8e Arrondissement"),
    ...     commune_key("Mons-en-Barœul"),
    ... )
    ('saint herblain', 'saint herblain', '44162', 'lyon', 'mons en baroeul')
    """
    key = title_key(label).replace("œ", "oe")
    bare = re.sub(r"^\d{5} | cedex\b.*$| \d{1,2}(?:er?|e?me)? arrondissement$", "", key)
    return re.sub(r"\b(s)t(e?)\b", r"\1aint\2", bare)


def departement_of(code: str) -> str:
    """The département that a commune's code, or a cell (« 44 », « 044 », « 44 - Loire-Atlantique »), says; '' for a name alone.

    >>> [departement_of(code) for code in ("97411", "06088", "044", "2A - Corse-du-Sud", "Nord")]
    ['974', '06', '44', '2A', '']
    """
    found = re.match(r"\s*(?:(97\d|2[AB])|0?(\d{2})(?!\d)|(\d{2}))", code.upper())
    return "".join(filter(None, found.groups())) if found else ""


def split_list(cell: str) -> tuple[str, ...]:
    """The items of a cell, `|` between them."""
    return tuple(item.strip() for item in cell.split("|") if item.strip())


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Key → what comes under it, both in the order in which they come."""
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
