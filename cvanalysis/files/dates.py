"""Text of a cell → day or period. Owns how French logs write dates (`dates.toml`); refuses free text (it is reported).

Read: `2018-11-20` (with a time or not), `20/11/2018`, `20.11.18`, `20 novembre 2018`, Excel serials (`43424`), `MAI
2014`, `05/2014`, `2014-05`, `printemps 2014` (March to May), `2e trimestre 2014`, `2018`, `2018.0`, school years
(`2018/2019`, `2018-19`), years (`2015-2018`), and two of them joined by `->`, `→`, `_`, `/`, ` - `, `au`, `à` or
`jusqu'au`, with `du`, `de` or `le` before and what only the end says understood at the start (`12 au 15 mars 2018`).
Two digits of a year mean 20xx up to 68, 19xx from 69. Day before month, always: what
cannot be so (`11/20/2018`) is bad, never turned round.

A month or a year is the period that it covers; a school year runs from 1 September to 31 August.
"""

import calendar
import re
import tomllib
from datetime import date, timedelta
from pathlib import Path

from cvanalysis.french import MOIS, fold

ANNEES = range(1900, 2101)
SERIE_EXCEL = range(20_000, 73_416)  # 1954 to 2100, as ANNEES: below, a number is an amount or a count, not a day

_DIT = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_FORMES = {name: re.compile(shape) for name, shape in _DIT["formes"].items()}
_MOIS = {fold(month): i for i, month in enumerate(MOIS, start=1)} | _DIT["mois"]


def parse_date(text: str) -> tuple[date, date, str] | None:
    """First day, last day and precision of one cell; None for a blank or for what is no date."""
    folded = fold(text)
    single = _parse_single(folded)
    if single:
        return single
    bare = _FORMES["avant"].sub("", folded)
    cuts = list(_FORMES["entre"].finditer(bare))
    if len(cuts) == 1:
        first, last = bare[: cuts[0].start()], _FORMES["avant"].sub("", bare[cuts[0].end() :])
        end = _parse_single(last)
        start = _parse_single(first) or (end and _parse_single(_complete(first, last)))
        return (start[0], end[1], "periode") if start and end and start[0] <= end[1] else None
    return _parse_single(bare) if bare != folded else None


def read_when(text: str) -> tuple[date, bool] | None:
    """The last day of what a cell says, and whether it says that day and no more; None for a blank or for what is no date.

    A day is found in what tools write around it (an hour, the day's name); « vers mars 2021 », « fin 2020 » are the period that they name.

    >>> [read_when(cell) for cell in ("12/06/2022 à 6:12 PM", "vers mars 2021", "en cours")]
    [(datetime.date(2022, 6, 12), True), (datetime.date(2021, 3, 31), False), None]
    """
    if parsed := parse_date(text):
        return parsed[1], parsed[2] == "jour"
    if (said := _FORMES["dans_un_texte"].search(text)) and (parsed := parse_date(said[0])):
        return parsed[1], True
    about = parse_date(_FORMES["environ"].sub("", fold(text)))
    return (about[1], False) if about else None


def _complete(start: str, end: str) -> str:
    """The start of a period with what only its end says: « 12 au 15 mars 2018 », « 12/03 au 15/04/2018 »."""
    missing = {"/": end[end.rfind("/") :]}.get(start[2:3] or start[1:2])
    if missing is None:
        words = end.split()
        missing = " " + " ".join(words[-1:] if start[:1].isalpha() or " " in start else words[1:])
    return start + missing


def _parse_single(text: str) -> tuple[date, date, str] | None:
    if not text.isascii() or len(text) > 40:
        return None
    for pattern, order in (
        (_FORMES["iso"], (1, 2, 3)),
        (_FORMES["iso_barres"], (1, 2, 3)),
        (_FORMES["jour"], (4, 3, 1)),
    ):
        if found := pattern.fullmatch(text):
            return _day(*(found[i] for i in order))
    if (found := _FORMES["jour_ecrit"].fullmatch(text)) and found[2] in _MOIS:
        return _day(found[3], str(_MOIS[found[2]]), found[1])
    if (found := _FORMES["mois_ecrit"].fullmatch(text)) and found[1] in _MOIS:
        return _month(found[2], _MOIS[found[1]])
    if found := _FORMES["annee"].fullmatch(text):
        year = int(found[1])
        return (date(year, 1, 1), date(year, 12, 31), "annee") if year in ANNEES else None
    if (found := _FORMES["scolaire"].fullmatch(text)) and (year := int(found[1])) in ANNEES[:-1]:
        if int(found[2]) == (year + 1 if len(found[2]) == 4 else (year + 1) % 100):
            return date(year, 9, 1), date(year + 1, 8, 31), "annee_scolaire"
        if int(found[2]) in ANNEES and int(found[2]) > year:
            return date(year, 1, 1), date(int(found[2]), 12, 31), "periode"
    if found := _FORMES["partie"].fullmatch(text):
        first, last = _DIT["parties"][found[1].split()[-1]]
        later = (int(found[1][0]) - 1) * last if found[1][0].isdigit() else 0
        start, end = _month(found[2], first + later), _month(found[2], last + later)
        return (start[0], end[1], "periode") if start and end else None
    if found := _FORMES["mois_chiffre"].fullmatch(text):
        return _month(found[2], int(found[1]))
    if found := _FORMES["mois_iso"].fullmatch(text):
        return _month(found[1], int(found[2]))
    if (found := _FORMES["nombre"].fullmatch(text)) and int(found[1]) in SERIE_EXCEL:
        day = date(1899, 12, 30) + timedelta(days=int(found[1]))
        return day, day, "jour"
    return None


def _year(written: str) -> int:
    year = int(written)
    return year if len(written) == 4 else year + (2000 if year < 69 else 1900)


def _day(year: str, month: str, day: str) -> tuple[date, date, str] | None:
    try:
        found = date(_year(year), int(month), int(day))
    except ValueError:
        return None
    return (found, found, "jour") if found.year in ANNEES else None


def _month(year: str, month: int) -> tuple[date, date, str] | None:
    y = _year(year)
    if y not in ANNEES or not 1 <= month <= 12:
        return None
    return date(y, month, 1), date(y, month, calendar.monthrange(y, month)[1]), "mois"
