"""What tables say of files and of what the team declares, as anyone may read it. Owns names of files and of sheets; refuses to read one.

People put a person in the name of a file or of a sheet, and in what they declare for everyone: a masked name stays as unlike the others
as it was, since lines are known by their file and sheet.
"""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from cvanalysis.personnes.masking import mask, mask_cell, mask_told, mask_words

PROSE = ("chronologie", "codes", "instances", "preconisations")
"""Tables of what the team has written, published as it stands: their cells are masked as a log's words are."""
ANOMALIES = {"brut": mask_cell, "colonne": mask_words, "probleme": mask_told, "traitement": mask_told}
"""Anomalies as anyone may read them: no raw cell, and no word quoted in a sentence, gives a person."""


def mask_name(name: str, *, read: bool = True) -> str:
    """The name of a file without the person in it; of one that nobody reads, no word that may be a name.

    >>> mask_name("a/Bilan_Mme_Dupont.csv"), mask_name("SUIVI_2021.xlsx"), mask_name("Photo Karim.png", read=False)
    ('a/Bilan [nom].csv', 'SUIVI_2021.xlsx', '[nom].png')
    """
    parts = []
    for part in name.split("/"):
        stem, dot, suffix = part.rpartition(".")
        stem, end = (stem, dot + suffix) if stem and len(suffix) < 6 else (part, "")
        plain = stem.replace("_", " ")
        masked = mask_words(plain) if read else mask(mask_words(plain)).texte
        parts.append(part if masked == plain else masked + end)
    return "/".join(parts)


def names_of(words: Iterable[str], rule: Callable[[str], str]) -> dict[str, str]:
    """Each name → the one that is shown; two that are masked alike are numbered."""
    shown: dict[str, str] = {}
    taken: set[str] = set()
    for word in sorted(set(words)):
        masked = one = rule(word)
        rank = 1
        while one in taken:
            rank += 1
            stem, dot, suffix = masked.rpartition(".")
            one = f"{stem} ({rank}).{suffix}" if dot and len(suffix) < 6 else f"{masked} ({rank})"
        taken.add(one)
        shown[word] = one
    return shown


def show(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The tables with the names of `files` as they are shown, those of sheets, and the team's own words masked."""
    found = (sheet for table in tables.values() if "feuille" in table for sheet in table["feuille"].unique())
    known = {"fichier": files, "source": files, "feuille": names_of(found, mask_words)}
    rules = {column: lambda word, names=names: names.get(word, word) for column, names in known.items()}
    rules["pris_pour"] = mask_words
    return {
        name: replaced(table, dict.fromkeys(table, mask_words) if name in PROSE else rules)
        for name, table in tables.items()
    }


def replaced(table: pd.DataFrame, rules: Mapping[str, Callable[[str], str]]) -> pd.DataFrame:
    """The table with each rule applied to the texts of its column; untouched where nothing changes."""
    for column, rule in rules.items():
        if column not in table:
            continue
        known = {word: rule(word) for word in table[column].unique() if isinstance(word, str)}
        if any(word != one for word, one in known.items()):
            table = table.assign(**{column: table[column].astype("str").map(known).astype("str")})
    return table
