"""What changed from an edition to the next. Owns the comparison of two sets of findings and the reasons of each change.

It compares what was printed (`record`), never the data: what an edition withheld is in neither. A reason is read, never guessed: from the
two findings (years of the source, perimeter, question, columns) and from what the two editions say that they were made of (`Origins`),
of which a finding's source line names what concerns it. Refuses to say that a thing got better.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cvanalysis.constat.record import Record
from cvanalysis.constat.shape import Figure, Finding, Message, Point, Serie, Table, Valeur, word

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


Nature = Literal["nouveau", "disparu", "révisé"]

Origins = Mapping[str, str]
"""What an edition was made of: origin (key of `_NOMMEES`, `perimetre`, `methode`) → digest; empty where the edition doesn't say."""

RAISONS = {
    "millesime": "nouveau millésime",
    "revision": "chiffre révisé à la source",
    "methode": "méthode",
    "perimetre": "périmètre",
    "voix": "nouvelles voix",
    "reponses": "réponses aux contributions",
    "actions": "nouvelles actions",
    "engagements": "engagements ou partenaires mis à jour",
    "preconisations": "préconisations complétées",
    "recit": "chronologie ou réunions complétées",
    "fichiers": "autres fichiers lus",
    "date": "date de l'édition",
    "constat": "constat ajouté",
    "retire": "constat retiré",
    "inconnue": "raison non établie",
}

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
    """One finding that is not what it was. `raisons` are keys of `RAISONS`; `avant` and `apres` its titles ('' where it is not)."""

    id: str
    nature: Nature
    raisons: tuple[str, ...]
    avant: str
    apres: str

    @property
    def raison(self) -> str:
        """The reasons in words."""
        return ", ".join(RAISONS[one] for one in self.raisons)


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
    count = {n: sum(c.nature == n for c in changes) for n in ("nouveau", "révisé", "disparu")}
    message = Message(
        "voix.changements",
        {"avant": avant, "nouveaux": count["nouveau"], "disparus": count["disparu"], "revises": count["révisé"]},
    )
    figure = table = None
    if changes:
        reasons = list(dict.fromkeys(r for c in changes for r in c.raisons))
        figure = Figure(
            "matrice",
            "Constats, par raison du changement (un constat peut en avoir plusieurs)",
            tuple(
                Serie(
                    nature.capitalize(),
                    "autre",
                    tuple(
                        Point(
                            RAISONS[r].capitalize(),
                            Valeur(float(sum(r in c.raisons and c.nature == nature for c in changes))),
                        )
                        for r in reasons
                    ),
                )
                for nature in count
            ),
        )
        table = Table(
            ("Constat", "Changement", "Raison", "Avant", "Maintenant"),
            tuple(
                (
                    word(c.id),
                    word(c.nature),
                    word(c.raison),
                    word(c.avant or "absent"),
                    word(c.apres or "absent"),
                )
                for c in changes
            ),
        )
    findings = [
        _finding(
            territory,
            "constats-01",
            "Qu'est-ce qui a changé dans les constats ?",
            message,
            f"Depuis l'édition « {avant} »",
            figure,
            table,
        )
    ]
    said = Message("voix.contributions_suivies", {"suivies": len(followed)})
    figure = table = None
    if followed:
        labels = [f"{f.cite} ({i})" for i, f in enumerate(followed, start=1)]
        figure = Figure(
            "matrice",
            "Statut des contributions",
            tuple(Serie(n, "autre", (Point("Statut", word(f.apres)),)) for n, f in zip(labels, followed, strict=True)),
        )
        table = Table(
            ("Constat cité", "Ce qui est dit", "Statut avant", "Statut maintenant", "Réponse"),
            tuple(
                tuple(
                    map(
                        word,
                        (
                            f.cite,
                            f.texte or "(texte non publié)",
                            f.avant or "pas encore reçue",
                            f.apres,
                            f.reponse or "pas encore de réponse",
                        ),
                    )
                )
                for f in followed
            ),
        )
    findings.append(
        _finding(
            territory,
            "contributions-01",
            "Quelles contributions ont avancé ?",
            said,
            f"Depuis l'édition « {avant} »",
            figure,
            table,
        )
    )
    return tuple(findings)


def _finding(
    territory: Territory,
    ident: str,
    question: str,
    message: Message,
    sous_titre: str,
    figure: Figure | None,
    table: Table | None,
) -> Finding:
    return Finding(
        id=f"changements-{ident}",
        section="changements",
        question=question,
        message=message,
        sous_titre=sous_titre,
        figure=figure,
        table=table,
        lecture=None,
        champ=f"{territory.nom}, édition « {territory.edition.nom} ».",
        source="Comparaison des deux éditions publiées.",
    )
