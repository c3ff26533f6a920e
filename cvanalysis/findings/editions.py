"""What changed from an edition to the next. Owns the comparison of two sets of findings and the reason of each change.

It compares what was printed (`record`), never the data: what an edition withheld is in neither. Refuses to say that a thing
got better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cvanalysis.findings.finding import Figure, Finding, Message, Point, Serie, Table, Valeur

if TYPE_CHECKING:
    from cvanalysis.territory import Territory

Nature = Literal["nouveau", "disparu", "révisé"]
Record = Mapping[str, Any]

RAISONS = {
    "millesime": "nouveau millésime",
    "revision": "chiffre révisé à la source",
    "methode": "méthode",
    "perimetre": "périmètre",
    "voix": "nouvelles voix",
    "actions": "nouvelles actions",
    "constat": "constat ajouté",
    "retire": "constat retiré",
}
_VOIX = ("voix", "participation", "preconisations", "recit")
_ACTIONS = ("actions", "engagements", "partenaires", "mobilisation")


def record(finding: Finding, message: str, lecture: str = "") -> dict[str, Any]:
    """A finding as an edition keeps it: what was printed of it, as plain JSON. `message` and `lecture` are as written.

    Cells of `lignes` are [value or None, status, words, unit, decimals]. `poids` is what it weighs in « En bref ».
    """
    table = finding.table
    return {
        "id": finding.id,
        "section": finding.section,
        "question": finding.question,
        "message": message,
        "gabarit": finding.message.gabarit,
        "sous_titre": finding.sous_titre,
        "lecture": lecture,
        "champ": finding.champ,
        "source": finding.source,
        "precautions": list(finding.precautions),
        "manques": [manque.quoi for manque in finding.manques],
        "poids": finding.poids,
        "exemple": finding.exemple,
        "colonnes": list(table.colonnes) if table else [],
        "lignes": [[[v.valeur, v.statut, v.texte, v.unite, v.decimales] for v in line] for line in table.lignes]
        if table
        else [],
        "legende": table.legende if table else "",
    }


def read_line(line: Iterable[Sequence[Any]]) -> tuple[Valeur, ...]:
    """A line of a record's table as values again."""
    return tuple(Valeur(valeur, statut, unite, decimales, texte) for valeur, statut, texte, unite, decimales in line)


@dataclass(frozen=True, slots=True)
class Change:
    """One finding that is not what it was. `raison` is a key of `RAISONS`; `avant` and `apres` are its titles ('' where it is not)."""

    id: str
    nature: Nature
    raison: str
    avant: str
    apres: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A contribution whose status or answer moved between two editions."""

    cite: str
    texte: str
    avant: str
    apres: str
    reponse: str


def diff(before: Iterable[Record], after: Iterable[Record]) -> tuple[Change, ...]:
    """Changes from an edition's records to another's, by id, in the order of the later one, those gone last."""
    old = {r["id"]: r for r in before}
    new = {r["id"]: r for r in after}
    changes = []
    for ident, there in new.items():
        if ident not in old:
            changes.append(Change(ident, "nouveau", _why_new(there), "", there["message"]))
        elif reason := _why(old[ident], there):
            changes.append(Change(ident, "révisé", reason, old[ident]["message"], there["message"]))
    changes += [Change(ident, "disparu", "retire", r["message"], "") for ident, r in old.items() if ident not in new]
    return tuple(changes)


def _why_new(there: Record) -> str:
    return "voix" if there["section"] in _VOIX else "actions" if there["section"] in _ACTIONS else "constat"


def _why(old: Record, new: Record) -> str:
    """Why a finding is not the same, or ''. The edition's own name in `champ` and `sous_titre` is no change."""
    if old["lignes"] == new["lignes"] and old["colonnes"] == new["colonnes"] and old["message"] == new["message"]:
        return ""
    if new["section"] in _VOIX:
        return "voix"
    if old["question"] != new["question"] or old["colonnes"] != new["colonnes"]:
        return "methode"
    if old["champ"] != new["champ"]:
        return "perimetre"
    if old["source"] != new["source"]:
        return "millesime"
    return "actions" if new["section"] in _ACTIONS else "revision" if old["lignes"] != new["lignes"] else "methode"


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
        reasons = list(dict.fromkeys(c.raison for c in changes))
        figure = Figure(
            "matrice",
            "Constats, par raison du changement",
            tuple(
                Serie(
                    nature.capitalize(),
                    "autre",
                    tuple(
                        Point(
                            RAISONS[r].capitalize(),
                            Valeur(float(sum(c.raison == r and c.nature == nature for c in changes))),
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
                    _word(c.id),
                    _word(c.nature),
                    _word(RAISONS[c.raison]),
                    _word(c.avant or "absent"),
                    _word(c.apres or "absent"),
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
            tuple(Serie(n, "autre", (Point("Statut", _word(f.apres)),)) for n, f in zip(labels, followed, strict=True)),
        )
        table = Table(
            ("Constat cité", "Ce qui est dit", "Statut avant", "Statut maintenant", "Réponse"),
            tuple(
                tuple(
                    map(
                        _word,
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


def _word(text: str) -> Valeur:
    return Valeur(None, texte=text)


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
