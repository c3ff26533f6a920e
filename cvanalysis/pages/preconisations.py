"""Préconisations and what holds them up. Owns the chain question → evidence → finding → préconisation → who → when → how seen.

A préconisation stands on at least two kinds of evidence: a figure, an action, a voice, an immersion. Evidence that names nothing known
counts for nothing and is said. Refuses to write one: they are people's, from `preconisations.csv`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


KINDS = {"chiffre": "Chiffre", "action": "Action ou engagement", "parole": "Parole", "immersion": "Immersion"}
SUFFISANT = 2
SOURCE = "Préconisations des groupes de travail."


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: its kind (key of `KINDS`), what it names, in words, and whether that is known."""

    genre: str
    reference: str
    nom: str
    connue: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One préconisation and its chain. `fondee`: two kinds of known evidence at least. `manque`: what its chain lacks, in French."""

    id: str
    theme: str
    question: str
    texte: str
    preuves: tuple[Evidence, ...]
    constats: tuple[str, ...]
    qui: str
    echeance: str
    suivi: str
    statut: str
    exemple: bool
    manque: tuple[str, ...]

    @property
    def fondee(self) -> bool:
        return len({p.genre for p in self.preuves if p.connue}) >= SUFFISANT


def read_recommendations(
    preconisations: pd.DataFrame,
    paroles: pd.DataFrame,
    codes: pd.DataFrame,
    immersions: pd.DataFrame,
    findings: Collection[str] | None = None,
    engagements: Mapping[str, str] | None = None,
) -> tuple[Recommendation, ...]:
    """The préconisations in their file's order, each with its evidence checked.

    findings: ids of the findings of the edition; engagements: code → wording. Where either is None it is not at hand and what cites
    it is taken at its word.
    """
    heard = {code for cell in paroles["codes"] for code in cell.split("|")} if len(paroles) else set()
    spoken = {c: n for c, n in zip(codes["code"], codes["nom"], strict=True) if c in heard}
    seen = dict(zip(immersions["immersion"], immersions["vu"], strict=True))
    known: dict[str, Mapping[str, str] | None] = {
        "chiffre": None if findings is None else {f: f"constat {f}" for f in findings},
        "action": engagements,
        "parole": spoken,
        "immersion": seen,
    }
    return tuple(_read(row, known) for row in preconisations.itertuples())


def _read(row, known: Mapping[str, Mapping[str, str] | None]) -> Recommendation:  # noqa: ANN001 - a named tuple of the table
    evidence = []
    for proof in filter(None, (w.strip() for w in row.preuves.split("|"))):
        kind, _, reference = proof.partition(":")
        names = known.get(kind, {})
        evidence.append(
            Evidence(
                kind,
                reference,
                reference if names is None else names.get(reference, reference),
                names is None or reference in names,
            )
        )
    unknown = [f"{e.genre}:{e.reference}" for e in evidence if not e.connue]
    lacks = [f"preuve inconnue ({', '.join(unknown)})"] if unknown else []
    kinds = {e.genre for e in evidence if e.connue}
    if len(kinds) < SUFFISANT:
        lacks.append(
            "aucune preuve" if not kinds else f"une seule sorte de preuve ({KINDS[next(iter(kinds))].lower()})"
        )
    lacks += [
        f"{what} n'est pas dit"
        for what, cell in (("qui", row.qui), ("pour quand", row.echeance), ("à quoi on le verra", row.suivi))
        if not cell
    ]
    return Recommendation(
        row.id,
        row.theme,
        row.question,
        row.preconisation,
        tuple(evidence),
        tuple(filter(None, (c.strip() for c in row.constats.split("|")))),
        row.qui,
        row.echeance,
        row.suivi,
        row.statut,
        bool(row.exemple),
        tuple(lacks),
    )


def without_recommendation(recommendations: Collection[Recommendation], findings: Mapping[str, str]) -> tuple[str, ...]:
    """Ids of the findings (id → message) that no préconisation takes up, by its `constats` or its figures, in the given order."""
    taken = {c for r in recommendations for c in r.constats} | {e.reference for r in recommendations for e in r.preuves}
    return tuple(f for f in findings if f not in taken)


def find_recommendations(
    recommendations: tuple[Recommendation, ...],
    territory: Territory,
    theme: str = "",
    findings: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Findings for a theme's page (`<theme>-preconisations-01`), or for the COPIL's (`preconisations-chaine-01`, `-02` without enough
    evidence, `-03` findings without a préconisation, where `findings`, id → message, is given)."""
    mine = tuple(r for r in recommendations if not theme or r.theme == theme)
    base = f"{theme}-preconisations" if theme else "preconisations-chaine"
    chain = _chain(mine, territory, f"{base}-01", theme)
    if theme:
        return (chain,)
    more = [chain, _unproved(mine, territory)]
    if findings is not None:
        more.append(_unanswered(mine, territory, findings))
    return tuple(more)


def _finding(territory: Territory, ident: str, question: str, message: Message, sous_titre: str, **more) -> Finding:  # noqa: ANN003 - the rest of a Finding
    return Finding(
        id=ident,
        section="preconisations",
        question=question,
        message=message,
        sous_titre=sous_titre,
        lecture=None,
        champ=f"{territory.nom}, édition « {territory.edition.nom} ».",
        source=SOURCE,
        precautions=(
            "Une préconisation est une proposition des groupes de travail ; elle n'engage personne avant d'être adoptée.",
        ),
        **more,
    )


def _chain(mine: tuple[Recommendation, ...], territory: Territory, ident: str, theme: str) -> Finding:
    names = {t.id: t.nom for t in territory.themes}
    question = "Que préconise-t-on ?"
    if not mine:
        place = names.get(theme, territory.nom)
        message = Message("voix.preconisations", {"total": 0, "fondees": 0})
        missing = (Manque(f"{place} : aucune préconisation n'est encore écrite.", "non_disponible"),)
        return _finding(territory, ident, question, message, "Préconisations", figure=None, table=None, manques=missing)
    figure = Figure("matrice", "Preuves sur lesquelles s'appuie chaque préconisation", tuple(_proofs(r) for r in mine))
    table = Table(
        (
            "Numéro",
            "Thème",
            "Question",
            "Preuves",
            "Constats",
            "Préconisation",
            "Qui",
            "Pour quand",
            "À quoi on le verra",
        ),
        tuple(
            tuple(
                map(
                    word,
                    (
                        r.id,
                        names.get(r.theme, r.theme),
                        r.question,
                        told(r.preuves),
                        ", ".join(r.constats),
                        r.texte,
                        r.qui,
                        r.echeance,
                        r.suivi,
                    ),
                )
            )
            for r in mine
        ),
    )
    message = Message("voix.preconisations", {"total": len(mine), "fondees": sum(r.fondee for r in mine)})
    return _finding(
        territory,
        ident,
        question,
        message,
        "Préconisations, de la question à la preuve et au suivi",
        figure=figure,
        table=table,
        exemple=all(r.exemple for r in mine),
    )


def _proofs(one: Recommendation) -> Serie:
    """The kinds of evidence that a préconisation has; all four columns stand, with a dash where there is none."""
    kinds = {p.genre for p in one.preuves if p.connue}
    points = tuple(
        Point(name, word("oui") if kind in kinds else Valeur(None, "non_disponible")) for kind, name in KINDS.items()
    )
    return Serie(one.id, "autre", points)


def told(evidence: tuple[Evidence, ...]) -> str:
    """Evidence in words, by kind: « Parole : le poids des dossiers ; Immersion : … »."""
    return " ; ".join(f"{KINDS.get(e.genre, e.genre)} : {e.nom}" for e in evidence if e.connue) or "aucune"


def _unproved(mine: tuple[Recommendation, ...], territory: Territory) -> Finding:
    weak = [r for r in mine if r.manque]
    message = Message("voix.sans_preuve", {"nombre": len(weak)})
    question = "Qu'est-ce qui reste à étayer ?"
    if not weak:
        return _finding(
            territory, "preconisations-chaine-02", question, message, "Préconisations à étayer", figure=None, table=None
        )
    kinds = [
        f"{len({p.genre for p in r.preuves if p.connue})} sorte{'s' if len({p.genre for p in r.preuves if p.connue}) > 1 else ''} de preuve"
        for r in weak
    ]
    figure = Figure(
        "matrice",
        "Sortes de preuves trouvées",
        tuple(Serie(r.id, "autre", (Point("Preuves", word(k)),)) for r, k in zip(weak, kinds, strict=True)),
    )
    table = Table(
        ("Numéro", "Préconisation", "Ce qui manque"),
        tuple((word(r.id), word(r.texte), word(" ; ".join(r.manque))) for r in weak),
    )
    return _finding(
        territory,
        "preconisations-chaine-02",
        question,
        message,
        "Préconisations à étayer",
        figure=figure,
        table=table,
        exemple=all(r.exemple for r in weak),
    )


def _unanswered(mine: tuple[Recommendation, ...], territory: Territory, findings: Mapping[str, str]) -> Finding:
    left = without_recommendation(mine, findings)
    message = Message("voix.sans_suite", {"nombre": len(left)})
    question = "Quels constats restent sans préconisation ?"
    if not left:
        return _finding(
            territory,
            "preconisations-chaine-03",
            question,
            message,
            "Constats sans préconisation",
            figure=None,
            table=None,
        )
    figure = Figure(
        "matrice",
        "Constats sans préconisation",
        tuple(Serie(f, "autre", (Point("Préconisation", word("aucune")),)) for f in left),
    )
    table = Table(("Constat", "Ce qu'il dit"), tuple((word(f), word(findings[f])) for f in left))
    return _finding(
        territory,
        "preconisations-chaine-03",
        question,
        message,
        "Constats des thèmes sans préconisation",
        figure=figure,
        table=table,
    )
