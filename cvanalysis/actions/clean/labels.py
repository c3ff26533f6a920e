"""Labels as people write them → codes as the territory declares them. Owns `correspondances.csv` and the quarters of a cell.

A label is known by a declared table or it is not: nothing is matched because it looks alike. What is unknown is an
anomaly that bears its nearest declared label, for a person to add the line. `exclu` as a code says « known, and left out on purpose ».

`correspondances.csv`: `domaine;libelle;code;note`, domaine among those of `read_labels`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from rapidfuzz import fuzz, process

from cvanalysis.actions.clean.cells import knowledge, line_words
from cvanalysis.actions.table import HORS_QPV, TYPES_CREDIT
from cvanalysis.french import fold, listed, nearest, quoted
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import Inspection, read_rows

CORRESPONDANCES = "correspondances.csv"
EXCLU = "exclu"
COURANTS = {"statut": "statuts", "type_credit": "types_credit"}
"""Domains of which everyone uses some words: the block of `formats.toml` that has them. A declared word wins."""
PROCHE = 70  # score out of 100 from which a declared label is worth suggesting
_NUMERO = re.compile(r"^\d+(?:\.\d+)*[a-z]?\s*[-.:)]?\s+")
CODE_QUARTIER = re.compile(r"(?i)\bq[pn][\s_-]?\d[0-9ab]?\d{2,4}[a-z]?\b")


@dataclass(frozen=True)
class Labels:
    """The labels of one domain: folded label → code, and the labels to suggest among, as declared."""

    codes: Mapping[str, str]
    libelles: Mapping[str, str] = field(default_factory=dict)  # folded → as declared

    def code(self, label: str) -> str | None:
        """The code of a label, '' for a blank one, None for an unknown one. A number before the words (« 1.2 Santé ») is not read."""
        key = fold(label)
        if not key:
            return ""
        return self.codes.get(key, self.codes.get(_NUMERO.sub("", key)))

    def place(self, label: str) -> str:
        """The code of a quarter: « Dervallières » is « Les Dervallières », « QPV Port-Boyer » is « Port Boyer », where no other is."""
        key = fold(label)
        return self.codes.get(key) or self._plain.get(_plain(key), "")

    @cached_property
    def _plain(self) -> Mapping[str, str]:
        made: dict[str, str] = {}
        for key, code in self.codes.items():
            made[_plain(key)] = code if made.get(_plain(key), code) == code else ""
        return made

    def suggest(self, label: str) -> str:
        """« le plus proche : … » or '' where no declared label is near; that a cell which names several must name one."""
        if len(several := [piece for piece in re.split(r"[;,/|]", label) if piece.strip()]) > 1 and all(
            map(self.code, several)
        ):
            return "plusieurs à la fois : gardez-en un, ou écrivez une ligne pour chacun"
        near = self.nearest(label)
        return f"le plus proche : {quoted(near)}" if near else ""

    def nearest(self, label: str) -> str:
        """The declared label that a label most looks like, '' where none is near."""
        key = _NUMERO.sub("", fold(label))[:200]
        mine = set(key.split())
        holders = [n for word, n in self.libelles.items() if len(key) > 3 and mine < set(re.findall(r"\w+", word))]
        if len(set(map(self.code, holders))) == 1:  # « Quais », of « Rives, Quais et Ponts » alone
            return holders[0]
        # Words compared whole, in any order: a scorer that looks for the best part finds « a » in everything.
        found = process.extractOne(key, list(self.libelles), scorer=fuzz.token_sort_ratio, score_cutoff=PROCHE)
        return self.libelles[found[0]] if found and key else ""


def read_labels(territory: Territory, found: Inspection) -> dict[str, Labels]:
    """The declared labels of each domain; what is wrong in `correspondances.csv` goes to `found`. The file may be absent."""
    declared = {
        "theme": [(one.id, one.nom) for one in territory.themes],
        "pilier": [(one.id, one.nom) for one in territory.piliers],
        "quartier": [(one.code, one.nom) for one in territory.quartiers],
    }
    codes = {domain: {EXCLU, *(code for code, _ in pairs)} for domain, pairs in declared.items()}
    codes["quartier"] |= {"tous", "hors"}
    codes |= {"statut": set(knowledge()["statuts"]), "type_credit": set(TYPES_CREDIT)}
    known: dict[str, dict[str, str]] = {
        domain: {label: code for code, name in declared.get(domain, ()) for label in (code, name)} for domain in codes
    }
    there = (Path(territory.dossier) / CORRESPONDANCES).exists()
    for row in read_rows(found, CORRESPONDANCES, ("domaine", "libelle", "code"), ("note",)) if there else ():
        domain, label, code = row["domaine"], row["libelle"], row["code"]
        if domain not in codes:
            what = f"{quoted(domain)} n'est pas un domaine"
            row.wrong("domaine", what, f"domaines : {listed(codes)}", nearest(domain, codes))
        elif code not in codes[domain]:
            what = f"{quoted(code)} n'est pas un code de {domain}"
            row.wrong("code", what, f"codes : {listed(sorted(codes[domain]))}", nearest(code, codes[domain]))
        elif known[domain].setdefault(label, code) != code:
            row.wrong("libelle", f"{quoted(label)} a déjà le code {known[domain][label]}", "", "gardez une seule ligne")
    made = {}
    for domain, labels in known.items():
        usual = {word: ours for ours, words in knowledge().get(COURANTS.get(domain, ""), {}).items() for word in words}
        told = {fold(label): (label, code) for words in (usual, labels) for label, code in words.items()}
        made[domain] = Labels({k: code for k, (_, code) in told.items()}, {k: label for k, (label, _) in told.items()})
    return made


def _plain(key: str) -> str:
    """The name of a quarter as compared, without what is said before it nor dashes."""
    return _TITRE.sub("", key).replace("-", " ")


@dataclass(frozen=True, slots=True)
class Quarters:
    """What the cell of quarters says: codes (`HORS_QPV` and '' among them), and the pieces that nobody declared."""

    codes: tuple[str, ...]
    inconnus: tuple[str, ...] = ()
    autre_geographie: tuple[str, ...] = ()


def read_quarters(
    cell: str, labels: Labels, codes: tuple[str, ...], separators: str = ",;/", geographie: str = "QP2015"
) -> Quarters:
    """The quarters that a cell names, in the declared order, each once.

    The whole cell is tried first, since a declared name may hold a separator; then its pieces, rejoined when only together they are a
    name. A blank cell, or one that says nothing, gives (''): not said. An unknown piece counts as one quarter not said, so that
    the share of the known ones is never inflated. A code of the other geography is refused: it is another perimeter.
    """
    if not cell.strip():
        return Quarters(("",))
    found: set[str] = set()
    unknown: list[str] = []
    other: list[str] = []
    for piece in _pieces(cell, labels, separators):
        key = fold(piece)
        code = labels.place(piece)
        if key in line_words("tous") or code == "tous":
            found.update(codes)
        elif key in line_words("hors") or code == "hors":
            found.add(HORS_QPV)
        elif code == EXCLU or key in line_words("sans_quartier"):
            found.add("")
        elif code:
            found.add(code)
        elif written := CODE_QUARTIER.findall(piece):
            for raw in written:
                compact = re.sub(r"[\s_-]", "", raw).upper()
                made = compact[:2] + compact[2:].zfill(6)  # its lost leading zero put back: `qp 99001` is `QP099001`
                if made in codes:
                    found.add(made)
                elif made[:2] != geographie[:2]:
                    other.append(made)
                else:
                    unknown.append(raw)
        else:
            unknown.append(piece.strip())
    if unknown or other or not found:
        found.add("")
    ordered = sorted(found, key=[*codes, HORS_QPV, ""].index) if len(found) > 1 else found
    return Quarters(tuple(ordered), tuple(unknown), tuple(other))


_TITRE = re.compile(r"^(?:(?:qpv|quartiers?)\s*:?\s+)?(?:(?:de|du|des)\s+|d')?(?:(?:les?|la)\s+|l')?")
_ET = r"\s+(?:et|ET|Et|&|\+|-|–)\s+"
LONGUEUR_MAX = 8  # joints that a declared name can hold


def _pieces(cell: str, labels: Labels, separators: str) -> list[str]:
    """A cell cut at its separators, its lines, « et » and dashes, the longest runs that are a declared label kept together.

    « et » and dashes are part of names more often than not: they part nothing between two pieces that are both unknown.
    """
    if fold(cell) in labels.codes:
        return [cell]
    cuts = re.split(rf"({_ET}|[{re.escape(separators)}\n\r|]+)", cell[:5000])
    words, joints = cuts[::2], [*cuts[1::2], ""]
    if all(fold(word) in labels.codes for word in words):
        return words
    pieces: list[str] = []
    start, joined = 0, False
    while start < len(words):
        for end in range(min(len(words), start + LONGUEUR_MAX), start, -1):
            run = "".join(w + j for w, j in zip(words[start:end], [*joints[start : end - 1], ""], strict=True))
            if end == start + 1 or fold(run) in labels.codes:
                break
        if joined and not (_is_known(run, labels) or _is_known(pieces[-1], labels)):
            pieces[-1] += joints[start - 1] + run
        elif run.strip():
            pieces.append(run)
        joined = bool(pieces) and re.fullmatch(_ET, joints[end - 1]) is not None
        start = end
    return pieces


def _is_known(piece: str, labels: Labels) -> bool:
    return bool(labels.place(piece)) or CODE_QUARTIER.search(piece) is not None
