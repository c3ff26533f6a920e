"""Préconisations and what holds them up. Owns the chain question → evidence → finding → préconisation → who → when → how seen.

A préconisation stands on at least two kinds of evidence: a figure, an action, a voice, an immersion. Evidence that names nothing known
counts for nothing and is said. Refuses to write one: they are people's, from `preconisations.csv`.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cvanalysis.constat.make import count, make, matrix
from cvanalysis.constat.shape import Finding, Message, Valeur, word
from cvanalysis.files.keys import split_list
from cvanalysis.french import french_date, named
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label

KINDS: dict[str, str] = block("preconisations.preuves")
SUFFISANT = 2
CHAINE: dict[str, str] = block("preconisations.chaine")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: its kind (key of `KINDS`), what it names, in words, and whether that is known."""

    genre: str
    reference: str
    nom: str
    connue: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One préconisation and its chain. `fondee`: two kinds of known evidence at least."""

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
    depart: str = ""
    cible: str = ""

    @property
    def sortes(self) -> set[str]:
        """The kinds of its known evidence."""
        return {p.genre for p in self.preuves if p.connue}

    @property
    def fondee(self) -> bool:
        return len(self.sortes) >= SUFFISANT

    @property
    def manque(self) -> tuple[str, ...]:
        """What its chain lacks, in French."""
        unknown = ", ".join(f"{e.genre}:{e.reference}" for e in self.preuves if not e.connue)
        kind = next((KINDS[one].lower() for one in self.sortes), "")
        lacks = {
            "inconnue": unknown,
            "aucune": not self.sortes,
            "une_sorte": self.sortes and not self.fondee,
            **{link: not getattr(self, link) for link in ("qui", "echeance", "suivi", "depart", "cible")},
        }
        return tuple(CHAINE[link].format(preuves=unknown, sorte=kind) for link, there in lacks.items() if there)


def read_recommendations(
    preconisations: pd.DataFrame,
    paroles: pd.DataFrame,
    codes: pd.DataFrame,
    immersions: pd.DataFrame,
    findings: Mapping[str, str] | None = None,
    engagements: Mapping[str, str] | None = None,
    jour: str = "",
) -> tuple[Recommendation, ...]:
    """The préconisations in their file's order, each with its evidence checked.

    findings: id → message of the findings of the edition, and of those handed over; engagements: code → wording. Where either is None
    it is not at hand and what cites it is taken at its word. `jour` is that of the edition: a term before it is said to be past.
    """
    heard = {code for cell in paroles["codes"] for code in cell.split("|")} if len(paroles) else set()
    known: dict[str, Mapping[str, str] | None] = {
        "chiffre": findings if findings is None else {one: named(one, said) for one, said in findings.items()},
        "action": engagements,
        "parole": {code: nom for code, nom in zip(codes["code"], codes["nom"], strict=True) if code in heard},
        "immersion": dict(zip(immersions["immersion"], immersions["vu"], strict=True)),
    }

    def evidence(proof: str) -> Evidence:
        kind, _, reference = proof.partition(":")
        names = known.get(kind, {})
        bare = CHAINE["constat"].format(numero=reference) if kind == "chiffre" else reference
        name = ((names or {}).get(reference) or bare).rstrip(".")  # one of a list
        return Evidence(kind, reference, name, names is None or reference in names)

    past = label("preconisations.passee")
    same = ("id", "theme", "question", "qui", "suivi", "depart", "cible", "statut")
    return tuple(
        Recommendation(
            **{name: row[name] for name in same},
            echeance=french_date(row["echeance"]) + (past if _is_before(row["echeance"], jour) else ""),
            texte=row["preconisation"],
            preuves=tuple(map(evidence, split_list(row["preuves"]))),
            constats=tuple(split_list(row["constats"])),
            exemple=bool(row["exemple"]),
        )
        for row in preconisations.to_dict("records")
    )


def _is_before(term: str, jour: str) -> bool:
    """Whether a year, a month or a day is over on that day; words are not read."""
    return re.fullmatch(r"\d{4}(-\d\d){0,2}", term) is not None and term < jour[: len(term)]


def without_recommendation(recommendations: Collection[Recommendation], findings: Mapping[str, str]) -> tuple[str, ...]:
    """Ids of the findings (id → message) that no préconisation takes up, by its `constats` or its figures, in the given order."""
    taken = {c for r in recommendations for c in r.constats} | {e.reference for r in recommendations for e in r.preuves}
    return tuple(f for f in findings if f not in taken)


def find_recommendations(
    recommendations: tuple[Recommendation, ...],
    territory: Territory,
    theme: str = "",
    findings: Mapping[str, str] = {},
    titles: Mapping[str, str] = {},
) -> tuple[Finding, ...]:
    """Findings for a theme's page (`<theme>-preconisations-01`), or for the COPIL's: `preconisations-chaine-01`, `-02` without enough
    evidence, `-03` those of `findings` (id → message) without a préconisation.

    titles: id → message of the findings that a préconisation cites, where they are at hand.
    """
    mine = tuple(r for r in recommendations if not theme or r.theme == theme)
    if theme:
        return (_chain(mine, territory, f"{theme}-preconisations-01", theme, titles),)
    chain = _chain(mine, territory, "preconisations-chaine-01", "", titles)
    return chain, _unproved(mine, territory), _unanswered(mine, territory, findings)


def _finding(territory: Territory, ident: str, gabarit: str, values: Mapping[str, Any], **parts: Any) -> Finding:
    return make(
        ident,
        Message(f"preconisations.{gabarit}", {**values, "territoire": territory.nom, "edition": territory.edition.nom}),
        section="preconisations",
        **parts,
    )


def _chain(
    mine: Sequence[Recommendation], territory: Territory, ident: str, theme: str, titles: Mapping[str, str]
) -> Finding:
    names = {t.id: t.nom for t in territory.themes}
    values = {"total": len(mine), "fondees": sum(r.fondee for r in mine)}
    if not mine:
        lacks = label("preconisations.preconisations.manque", lieu=names.get(theme, territory.nom))
        parts = {"sous_titre": label("preconisations.preconisations.sans_aucune")}
        return _finding(territory, ident, "preconisations", values, manques=[lacks], **parts)
    yes, no = word(label("preconisations.preconisations.oui")), Valeur(None, "sans_objet")
    unsaid = label("preconisations.fiches.non_dit")
    marks = [(named(r.id, r.texte), {nom: yes if one in r.sortes else no for one, nom in KINDS.items()}) for r in mine]
    lines = []
    for r in mine:
        proofs = told([replace(one, nom=titles.get(one.reference, one.nom)) for one in r.preuves])
        cited = " ; ".join(titles.get(one, CHAINE["constat"].format(numero=one)) for one in r.constats)
        told_of = (one or unsaid for one in (r.qui, r.echeance, r.suivi, r.depart, r.cible))
        chain = (r.question, proofs, cited or label("preconisations.preconisations.sans_constat"), *told_of)
        lines.append((r.texte, names.get(r.theme, r.theme), *chain, r.id))
    parts = {"figure": matrix(marks), "table": lines, "exemple": any(r.exemple for r in mine)}
    return _finding(territory, ident, "preconisations", values, **parts)


def told(evidence: Sequence[Evidence]) -> str:
    """Evidence in words, by kind: « Parole : le poids des dossiers ; Immersion : … »."""
    said = (f"{KINDS.get(e.genre, e.genre)} : {e.nom}" for e in evidence if e.connue)
    return " ; ".join(said) or label("preconisations.preconisations.sans")


def _unproved(mine: Sequence[Recommendation], territory: Territory) -> Finding:
    weak = [r for r in mine if r.manque]
    mark, kinds = label("preconisations.sans_preuve.marque"), label("preconisations.sans_preuve.sortes")
    return _finding(
        territory,
        "preconisations-chaine-02",
        "sans_preuve",
        {"nombre": len(weak), "total": len(mine)},
        figure=matrix((named(r.id, r.texte), {mark: count(len(r.sortes), kinds)}) for r in weak),
        table=[(r.texte, " ; ".join(r.manque), r.id) for r in weak],
        exemple=any(r.exemple for r in weak),
    )


def _unanswered(mine: Sequence[Recommendation], territory: Territory, findings: Mapping[str, str]) -> Finding:
    left = without_recommendation(mine, findings)
    mark, none = (label(f"preconisations.sans_suite.{name}") for name in ("marque", "aucune"))
    return _finding(
        territory,
        "preconisations-chaine-03",
        "sans_suite",
        {"nombre": len(left), "total": len(findings)},
        figure=matrix((named(f, findings[f]), {mark: word(none)}) for f in left),
        table=[(findings[f], f) for f in left],
    )
