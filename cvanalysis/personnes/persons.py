"""Persons in the logs of actions: who is one, and what is written instead. Owns the rules of logs; those of voices are in `masking`.

A log names organisations, many of them after a person (« Collège Rosa Parks »), so that a name alone proves nothing: it takes a
civility, the order and capitals of an administration (« DUPONT Jean »), or a column that says so. The words are in `personnes.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from cvanalysis.french import fold
from cvanalysis.personnes.masking import MARKS, expand, find_marks, first_names, mask

PARTICULIER = "particulier"
BRUT_LU, BRUT_MAX = 1000, 300  # characters of a raw cell that are looked at, and shown
NUMERO, NOM = MARKS["numero"], MARKS["nom"]
_DONNEES: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "personnes.toml").read_text(encoding="utf-8"))
_MOTIFS = {name: re.compile(expand(motif, _DONNEES["morceaux"])) for name, motif in _DONNEES["motifs"].items()}
_JOINT = ("courriel", "telephone", "naissance")


@lru_cache(maxsize=1)
def _known() -> Mapping[str, frozenset[str]]:
    """`personnes.toml`, folded, and the first names."""
    lists = {name: words for name, words in _DONNEES.items() if not isinstance(words, Mapping)}
    made = {name: words.split() if isinstance(words, str) else words for name, words in lists.items()}
    made["prenoms"] = [
        name for name, when in first_names().items() if when != "annonce"
    ]  # those are words or places first
    return {name: frozenset(map(fold, words)) for name, words in made.items()}


def is_nir(cell: str) -> bool:
    """Whether a cell holds a number with the shape of one of social security.

    >>> is_nir("1 85 05 78 006 084 36"), is_nir("1850578006084"), is_nir("838 310 126 00027")
    (True, True, False)
    """
    return _MOTIFS["nir"].search(cell) is not None


def mask_words(text: str) -> str:
    """Words of a log without names, numbers of social security, telephones nor e-mails; twice gives the same.

    >>> mask_words("Bourse au permis pour M. Dupont"), mask_words("Fête au collège Rosa PARKS")
    ('Bourse au permis pour [nom]', 'Fête au collège Rosa PARKS')
    """
    if len(text) < 4 or (text.isdigit() and len(text) < 10):
        return text
    text = _MOTIFS["nir"].sub(NUMERO, text)
    if _MOTIFS["joindre"].search(text):
        for found in reversed(find_marks(text)):
            if found.genre in _JOINT and not text[found.debut - 1 : found.debut].isalnum():
                text = f"{text[: found.debut]}{MARKS[found.genre]}{text[found.fin :]}"
    for _ in range(3):  # « M. M. M. Dupont »: what a name hides is looked at again
        text = _MOTIFS["nomme"].sub(lambda found: NOM if _is_named(found) else found[0], text)
    for order in ("nom_prenom", "prenom_nom"):
        text = _MOTIFS[order].sub(lambda found: NOM if _is_written_as_person(found) else found[0], text)
    return _MOTIFS["pour"].sub(
        lambda found: _without(found) if _is_first_name(found["prenom"]) and not _is_thing(found["nom"]) else found[0],
        text,
    )


def mask_carrier(name: str) -> str:
    """The name of an organisation without the person at whose home it is; `PARTICULIER` where it is itself a person.

    >>> (
    ...     mask_carrier("ASSO X CHEZ MME DUPONT"),
    ...     mask_carrier("DUPONT Jean"),
    ...     mask_carrier("Léo Lagrange"),
    ...     mask_carrier("M.J.C. Étoile"),
    ... )
    ('ASSO X', 'particulier', 'Léo Lagrange', 'M.J.C. Étoile')
    """
    at = _MOTIFS["chez"].search(name)
    if at and at.start() and _is_home(name, at):
        name = name[: at.start()].rstrip(" ,;(-–")
    if is_person(" ".join(name.replace(",", " ").split())):
        return PARTICULIER
    shown = mask_words(name)
    return shown if shown == name else mask_carrier(shown)  # a masked name may leave the home of a person in sight


def is_person(name: str) -> bool:
    """Whether a whole name is that of a person: a civility, « EI », or a first name beside a name that no organisation bears."""
    if found := _MOTIFS["nomme"].match(name):
        return _is_named(found)
    if _MOTIFS["entreprise"].search(name) or _MOTIFS["initiales"].fullmatch(name):
        return True
    words = name.split()
    if not 2 <= len(words) <= 3 or not all(_MOTIFS["mot"].fullmatch(word) for word in words) or _is_thing(name):
        return False
    return _is_first_name(words[-1]) or (
        _is_first_name(words[0]) and (len(words) == 2 or words[-1].isupper() > words[0].isupper())
    )


def mask_cell(cell: str) -> str:
    """A raw cell as it may be shown: masked as voices are, and by the rules of logs; a lone SIRET or amount stays to be found."""
    if (
        re.fullmatch(r"[\d\s.,]{1,18}", cell)
        and not is_nir(cell)
        and len(re.sub(r"\D", "", cell)) in (*range(1, 10), 14)
    ):
        return cell
    shown = mask_carrier(mask(mask_words(cell[:BRUT_LU])).texte)
    return shown if len(shown) <= BRUT_MAX else f"{shown[:BRUT_MAX]}…"


def says_category(header: str) -> bool:
    """Whether a column's folded header is that of a legal category."""
    return header.removeprefix("code ").removeprefix("libelle ") in _known()["titres_categorie"]


def is_natural(category: str) -> bool:
    """Whether a cell of legal category says a natural person."""
    return fold(category).split(" - ")[0].removesuffix(".0") in _known()["personnes_physiques"]


def without_words(title: str, name: str) -> str:
    """A title without the words of the person's name who carries it.

    >>> without_words("Bourse au permis, Dupont jean", "M. DUPONT Jean")
    'Bourse au permis, [nom]'
    """
    words = [re.escape(word) for word in re.findall(r"[\w'’\-]{3,}", name) if fold(word) not in _known()["civilites"]]
    return re.sub(rf"(?i)\b(?:{'|'.join(words)})\b(?:\s+(?:{'|'.join(words)})\b)*", NOM, title) if words else title


def mask_anomalies(frame: pd.DataFrame) -> pd.DataFrame:
    """Anomalies as anyone may read them: no raw cell, and no word quoted in a sentence, gives a person."""
    rules = {"brut": mask_cell, "colonne": mask_words, "probleme": mask_words, "traitement": mask_words}
    return frame.assign(
        **{
            name: frame[name].map({word: rule(word) for word in frame[name].unique()}).astype("str")
            for name, rule in rules.items()
        }
    )


def _is_first_name(word: str) -> bool:
    key = fold(word)
    return key in _known()["prenoms"] and key not in _known()["ambigus"] and len(key) > 2


def _is_thing(name: str) -> bool:
    """Whether a name holds a word of an organisation or place, or is one that they bear."""
    key = fold(name).replace("-", " ")
    return not _known()["organismes"].isdisjoint(key.split()) or any(known in key for known in _known()["eponymes"])


def _is_named(found: re.Match[str]) -> bool:
    """Whether a civility bears a name, and no function (« Madame la Maire ») nor measure (« 100 m. haies »).

    A lone « M » is often the letter of an acronym or of a place (« commune de M'Tsangamouji »).
    """
    before = found.string[: found.start()].rstrip()
    acronym = fold(found["civil"]) == "m" and (len(found["mot"]) < 2 or _is_thing(" ".join(before.split()[-2:])))
    return not before[-1:].isdigit() and not acronym and fold(found["mot"]) not in _known()["fonctions"]


def _is_written_as_person(found: re.Match[str]) -> bool:
    """« DUPONT Jean » or « Jean DUPONT », unless a word of an organisation or place stands just before."""
    before = re.split(r"[(:,;]|\s[-–]\s", found.string[: found.start()])[-1].split()[-3:]
    return _is_first_name(found["prenom"]) and not _is_thing(" ".join([*before, found[0]]))


def _is_home(name: str, chez: re.Match[str]) -> bool:
    """Whether « chez … » says a person: a civility, a first name, or one lone name after an association's."""
    who = chez["qui"]
    words = who.split()
    bound = "c/o" in fold(chez[0]) or fold(name).startswith("asso")
    alone = bound and len(words) == 1 and fold(who) not in _known()["pronoms"]
    named = (found := _MOTIFS["nomme"].match(who)) is not None and _is_named(found)
    return named or (
        not _is_thing(who)
        and (alone or (len(words) > 1 and _is_first_name(words[0])) or is_person(" ".join(words[:2])))
    )


def _without(found: re.Match[str]) -> str:
    start, end = found.span("nom")
    return f"{found.string[found.start() : start]}{NOM}{found.string[end : found.end()]}"
