"""What changed from an edition to the next. Owns the comparison of two sets of findings and the reasons of each change.

It compares what was printed (`record`), never the data: what an edition withheld is in neither. A reason is read, never guessed: from the
two findings (years of the source, perimeter, question, columns) and from what the two editions say that they were made of (`Origins`),
of which a finding's source line names what concerns it. Refuses to say that a thing got better.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cvanalysis.constat.make import make
from cvanalysis.constat.record import Record
from cvanalysis.constat.shape import Figure, Finding, Message, Point, Serie, Table, Valeur, word
from cvanalysis.textes import block, label

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


Nature = Literal["nouveau", "disparu", "révisé"]

Origins = Mapping[str, str]
"""What an edition was made of: origin (key of `_NOMMEES`, `perimetre`, `methode`) → digest; empty where the edition doesn't say."""

NATURES: tuple[Nature, ...] = ("nouveau", "révisé", "disparu")

# Origin → the reason that it gives, and the words by which a source line names it. Figures are those of whoever else is named.
_NOMMEES = {
    "voix": ("voix", ("parole", "immersion")),
    "actions": ("actions", ("action",)),
    "engagements": ("engagements", ("engagement",)),
    "partenaires": ("engagements", ("partenaire",)),
    "chronologie": ("recit", ("chronologie",)),
    "instances": ("recit", ("réunion",)),
    "preconisations": ("preconisations", ("préconisation",)),
    "fichiers": ("fichiers", ("fichiers déposés",)),
    "chiffres": ("revision", ("publié", "insee", "publication")),
}
_REPONSES = ("Statut", "Réponse")


@dataclass(frozen=True, slots=True)
class Change:
    """One finding that is not what it was. `raisons` stand in `changements.toml`; `avant`, `apres`: its titles, or ''."""

    id: str
    nature: Nature
    raisons: tuple[str, ...]
    avant: str
    apres: str

    @property
    def raison(self) -> str:
        """The reasons in words."""
        return ", ".join(map(_reason, self.raisons))


@dataclass(frozen=True, slots=True)
class Followed:
    """A contribution whose status or answer moved between two editions."""

    cite: str
    texte: str
    avant: str
    apres: str
    reponse: str


def diff(
    before: Iterable[Record], after: Iterable[Record], made_of: tuple[Origins, Origins] = ({}, {})
) -> tuple[Change, ...]:
    """Changes from an edition's records to another's, by id, in the order of the later one, those gone last."""
    old = {r["id"]: r for r in before}
    new = {r["id"]: r for r in after}
    moved = {name for name in made_of[0].keys() | made_of[1].keys() if made_of[0].get(name) != made_of[1].get(name)}
    known = all(made_of)
    changes = []
    for ident, there in new.items():
        if ident not in old:
            reasons = _of_origins(there, moved) if known else []
            changes.append(Change(ident, "nouveau", tuple(reasons) or ("constat",), "", there["message"]))
        elif reasons := _why(old[ident], there, moved, known):
            changes.append(Change(ident, "révisé", reasons, old[ident]["message"], there["message"]))
    changes += [Change(ident, "disparu", ("retire",), r["message"], "") for ident, r in old.items() if ident not in new]
    return tuple(changes)


def _why(old: Record, new: Record, moved: set[str], known: bool) -> tuple[str, ...]:
    """Why a finding is not the same; empty where it is. The edition's own name in `champ` and `sous_titre` is no change."""
    if old["lignes"] == new["lignes"] and old["colonnes"] == new["colonnes"] and old["message"] == new["message"]:
        return ()
    if _without_answers(old) == _without_answers(new):
        return ("reponses",)
    reasons = []
    if _years(old) != _years(new):
        reasons.append("millesime")
    if _EDITION.sub("", old["champ"]) != _EDITION.sub("", new["champ"]):
        reasons.append("perimetre")
    if old["question"] != new["question"] or (old["colonnes"] != new["colonnes"] and "millesime" not in reasons):
        reasons.append("methode")
    reasons += [one for one in _of_origins(new, moved) if not (one == "revision" and "millesime" in reasons)]
    if known and "perimetre" in moved and not reasons:
        reasons.append("perimetre")
    if "methode" in moved or (old["lignes"] == new["lignes"] and not reasons):
        reasons.append("methode")  # the same figures, said otherwise, are a matter of method too
    return tuple(dict.fromkeys(reasons)) or (("date",) if known else ("inconnue",))


_EDITION = re.compile(r"édition « [^»]*»")
_ANNEE = re.compile(r"(?<![\w.])(?:19|20)\d{2}(?![\w.]*\.\w)")  # not those of a file's name


def _years(one: Record) -> list[str]:
    return _ANNEE.findall(one["source"])


def _of_origins(one: Record, moved: set[str]) -> list[str]:
    """Reasons given by what changed of what the finding's source line names."""
    named = origins_named(one["source"]) or {"chiffres"}
    return list(dict.fromkeys(_NOMMEES[name][0] for name in _NOMMEES if name in named and name in moved))


def origins_named(source: str) -> set[str]:
    """The origins that a source line names."""
    return {name for name, (_, words) in _NOMMEES.items() if any(word in source.casefold() for word in words)}


def _without_answers(one: Record) -> Any:
    """What is stated besides the status of contributions and what was answered; a list of its own where it has none of them."""
    kept = [i for i, name in enumerate(one["colonnes"]) if name not in _REPONSES]
    if len(kept) == len(one["colonnes"]):
        return [one["message"], one["lignes"]]
    return [[line[i] for i in kept] for line in one["lignes"]]


def follow(before: Sequence[Any], after: Sequence[Any]) -> tuple[Followed, ...]:
    """Contributions (`quotations.Contribution`) that are new to the later edition or whose status moved.

    A contribution is known by what it cites and says."""
    old = {(c.cite, c.texte, c.mois): c for c in before}
    moved = []
    for c in after:
        was = old.get((c.cite, c.texte, c.mois))
        if was is None or (was.statut, was.reponse) != (c.statut, c.reponse):
            moved.append(Followed(c.cite, c.texte, was.statut if was else "", c.statut, c.reponse))
    return tuple(moved)


def find_changes(
    changes: Sequence[Change], followed: Sequence[Followed], territory: Territory, avant: str
) -> tuple[Finding, ...]:
    """Findings of « Ce qui a changé » since the edition named `avant`: `changements-constats-01`, `changements-contributions-01`."""
    said = {"avant": avant, "territoire": territory.nom, "edition": territory.edition.nom}
    return _of_findings(changes, said), _of_contributions(followed, said)


def _of_findings(changes: Sequence[Change], said: Mapping[str, str]) -> Finding:
    """How many findings are new, revised or gone, by reason; and each of them."""
    count = Counter((c.nature, raison) for c in changes for raison in c.raisons)
    raisons = dict.fromkeys(raison for _, raison in count)
    series = tuple(
        Serie(
            nature.capitalize(),
            "autre",
            tuple(Point(_reason(raison).capitalize(), Valeur(float(count[nature, raison]))) for raison in raisons),
        )
        for nature in NATURES
    )
    absent = label("changements.constats.absent")
    lines = tuple(tuple(map(word, (c.id, c.nature, c.raison, c.avant or absent, c.apres or absent))) for c in changes)
    natures = Counter(c.nature for c in changes)
    numbers = {"nouveaux": natures["nouveau"], "disparus": natures["disparu"], "revises": natures["révisé"]}
    return make(
        "changements-constats-01",
        Message("changements.constats", {**said, **numbers}),
        section="changements",
        figure=Figure("matrice", "", series) if changes else None,
        table=Table((), lines) if changes else None,
    )


def _of_contributions(followed: Sequence[Followed], said: Mapping[str, str]) -> Finding:
    """The status of each contribution that moved, and what was answered."""
    none = block("changements.contributions.sans")
    series = tuple(
        Serie(f"{one.cite} ({i})", "autre", (Point("Statut", word(one.apres)),))
        for i, one in enumerate(followed, start=1)
    )
    lines = tuple(
        (
            word(one.cite),
            word(one.texte or none["texte"]),
            word(one.avant or none["avant"]),
            word(one.apres),
            word(one.reponse or none["reponse"]),
        )
        for one in followed
    )
    return make(
        "changements-contributions-01",
        Message("changements.contributions", {**said, "suivies": len(followed)}),
        section="changements",
        figure=Figure("matrice", "", series) if followed else None,
        table=Table((), lines) if followed else None,
    )


def _reason(raison: str) -> str:
    return label(f"changements.raisons.{raison}")
