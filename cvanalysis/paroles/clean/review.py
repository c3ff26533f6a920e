"""Reading by a human before the first publication. Owns the reading list and its decisions; refuses to decide.

`cvanalysis relire` writes, for every text that could be public but that nobody has read (voices, answers, accounts of immersions), its
masked form and what was masked;
a person fills `decision` (`publier`, `retenir`) and, where something was missed, `texte_retenu`; the file goes to
`data/raw/paroles/relectures.csv`, which the next build reads. A decision is tied to the text, by a digest: a text that changes
is to be read again. What the file holds never leaves the team.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from cvanalysis.errors import DeclarationError
from cvanalysis.files.archives import OCTETS_MAX
from cvanalysis.files.dates import parse_date
from cvanalysis.french import fold
from cvanalysis.paroles.clean.companions import is_there, read_beside
from cvanalysis.personnes.masking import KNOWN_MISSES, PRECISION, RECALL, RECALL_MISE_AU_POINT, mask
from cvanalysis.territory.declarations import Inspection
from cvanalysis.textes import block, fill_in

COLONNES = ("empreinte", "texte_masque", "masque", "decision", "texte_retenu", "a_regarder")
RELECTURES = "paroles/relectures.csv"


@dataclass(frozen=True, slots=True)
class Review:
    """What a human decided of one text; `texte` is theirs where they mended it, else ''."""

    publier: bool
    texte: str


@dataclass(frozen=True, slots=True)
class ReadingList:
    """What is to be read: the file's content (CSV, UTF-8 with BOM) and how many texts wait."""

    contenu: bytes
    a_relire: int
    deja_relues: int


def fingerprint(masked: str) -> str:
    """Sixteen hexadecimal digits that stand for a masked text, whatever its spaces."""
    return hashlib.sha256(" ".join(masked.split()).encode()).hexdigest()[:16]


def read_reviews(dossier: Path, jusqu_au: date | None = None) -> dict[str, Review]:
    """Digest → decision, from `relectures.csv`; empty where there is none. A decision that is not plainly `publier` holds the text back.

    Where a line has a `date`, leave to publish is only of the editions handed over since (`jusqu_au`): one handed over before does not
    begin to quote it. To hold a text back is of all, and prevails where two lines disagree.

    Raises `DeclarationError` where the file is there and cannot be read or understood.
    """
    if not is_there(dossier / RELECTURES):
        return {}
    found, known = Inspection(dossier), (*COLONNES, "date")
    rows, _, others, absent = read_beside(found, RELECTURES, known, OCTETS_MAX)
    missing = [c for c in ("empreinte", "decision", "texte_retenu") if c in absent]
    # A column that may be the mended text is never passed over: what the reader had put right would be published as it was.
    if missing and (others or missing != ["texte_retenu"]):
        what = f"sans colonne {', '.join(missing)} (inconnues\u00a0: {', '.join(others) or 'aucune'})"
        found.add(RELECTURES, 1, "", what, f"Colonnes\u00a0: {', '.join(COLONNES)}, date", "Renommez-les")
    if found.problems:
        raise DeclarationError(found.problems)
    reviews: dict[str, Review] = {}
    for row in rows:
        digest, decision, text, day = (row.cells.get(c, "") for c in ("empreinte", "decision", "texte_retenu", "date"))
        word, key = fold(decision).strip(" .!"), digest.lstrip("'")
        read = parse_date(day)
        late = jusqu_au is not None and bool(day) and (read is None or read[0] > jusqu_au)
        before = reviews.get(key)
        if word and word != "publier":
            reviews[key] = Review(False, "")
        elif word and not late and (before is None or (before.publier and not before.texte)):
            reviews[key] = Review(True, _unquote(text))
    return reviews


def read_text(text: str, audience: str, reviews: Mapping[str, Review]) -> tuple[str, str]:
    """A text as this audience may read it, masked, and `publié`, or why it is not there: `non_relu`, `réservé`."""
    masked = mask(text).texte.strip()
    review = reviews.get(fingerprint(masked))
    if review and not review.publier:
        return (masked if audience == "equipe" else ""), "réservé"
    if audience == "public" and not review:
        return "", "non_relu"
    return (mask(review.texte).texte.strip() or masked if review else masked), "publié"


def write_reading_list(texts: Iterable[str], reviews: Mapping[str, Review]) -> ReadingList:
    """The list to read (texts of `consent.readable_texts`): those that wait first, decisions already taken kept.

    To be written where only the team reads. Withdrawn voices, those kept from the public and those without consent are not in it: nobody
    needs to read them.
    """
    lines = set()
    for masked in map(mask, texts):
        text = masked.texte.strip()
        lines.add((fingerprint(text), text, ", ".join(sorted({m.genre for m in masked.marques}))))
    usual = frozenset(word for _, text, _ in lines for word in _MOT.findall(text) if word.islower())
    rows = []
    for digest, text, marks in sorted(lines, key=lambda x: (x[0] in reviews, not x[2], x[0])):
        review = reviews.get(digest)
        decision = "" if review is None else "publier" if review.publier else "retenir"
        doubtful = ", ".join(dict.fromkeys(w for w in _MAJUSCULE.findall(text) if w.lower() not in usual))
        rows.append((f"'{digest}", text, marks, decision, review.texte if review else "", doubtful))
    content = (
        pd.DataFrame(rows, columns=list(COLONNES)).map(_quote).to_csv(None, sep=";", index=False, lineterminator="\r\n")
    )
    waiting = sum(not decision for _, _, _, decision, _, _ in rows)
    return ReadingList(b"\xef\xbb\xbf" + content.encode(), waiting, len(rows) - waiting)


_MOT = re.compile(r"[^\W\d_]+")
_MAJUSCULE = re.compile(r"\b[A-ZÀ-ÖØ-Þ][^\W\d_]{2,}(?:['’-][^\W\d_]+)*")
"""What may be a name that no pattern tells: a capital, on a word that none of the texts writes without."""


def how_to_read() -> str:
    """What the reader must know, in French: what the machine finds, what it misses."""
    texts = block("paroles.relire")
    known = {"rappel": RECALL, "mise_au_point": RECALL_MISE_AU_POINT, "intactes": PRECISION, "manques": KNOWN_MISSES}
    return fill_in(texts["modele"], genres=texts["genres"], **known)


def _quote(cell: str) -> str:
    """A spreadsheet runs a cell that begins so: the apostrophe makes it a text, and `_unquote` takes it off."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _unquote(cell: str) -> str:
    return cell[1:] if cell.startswith(("'=", "'+", "'-", "'@")) else cell
