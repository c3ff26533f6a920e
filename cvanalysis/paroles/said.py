"""What was said of a theme. Owns immersions, breadth and minority views; refuses percentages.

A share of verbatims would measure who came, not what people think: an idea is told by its breadth (how many people, quarters and
colleges it comes from), and one that few people hold is shown as such, not left out. « Ce qui ne marche pas » comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.paroles.quotations import CITATIONS, NON_MONTRE, SOURCE, TONALITES, face, quote
from cvanalysis.paroles.turnout import PAS, count_people

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Quartier, Territory, Theme


POIDS = {"voix-02": 3.0, "voix-03": 2.0, "voix-04": 1.0}
"""What comes first on a sheet or a poster: what doesn't work, what works, what is proposed."""

IMMERSIONS = 2
"""Immersions expected per theme, where `[paroles] immersions_attendues` doesn't say otherwise."""


def find_theme_voices(
    theme: Theme,
    paroles: pd.DataFrame,
    contributions: pd.DataFrame,
    immersions: pd.DataFrame,
    codes: pd.DataFrame,
    territory: Territory,
) -> tuple[Finding, ...]:
    """Findings of what a theme's people say: immersions, what doesn't work, what works, what is proposed, minority views, voices beside
    the figures. Numbers are stable: `<theme>-voix-01` to `-06`; one that has nothing to show isn't made, but for 01 to 04."""
    mine = paroles[[theme.id in t.split("|") for t in paroles["themes"]]] if len(paroles) else paroles
    context = _Context(theme, territory, bool(len(mine) and mine["exemple"].all()))
    named = dict(zip(codes["code"], codes["nom"], strict=True))
    tone_of = dict(zip(codes["code"], codes["tonalite"], strict=True))
    ideas = _ideas(mine, tone_of, territory)
    findings = [_immersions(context, immersions)]
    findings += [_tone(context, tone, [i for i in ideas if i.tonalite == tone], named) for tone in TONALITES]
    rare = [i for i in ideas if not i.personnes.dite]
    if rare and len(rare) < len(ideas):
        findings.append(_minority(context, rare, named))
    citing = (
        contributions[[theme.id in t.split("|") for t in contributions["themes"]]]
        if len(contributions)
        else contributions
    )
    if len(citing):
        findings.append(face(context.finding, "voix-06", citing, {"lieu": theme.nom}))
    return tuple(findings)


@dataclass(frozen=True)
class _Context:
    theme: Theme
    territory: Territory
    exemple: bool

    def finding(
        self,
        number: str,
        question: str,
        message: Message,
        sous_titre: str,
        figure: Figure | None,
        table: Table | None,
        **more: Any,
    ) -> Finding:
        seuil = self.territory.seuils.personnes
        return Finding(
            id=f"{self.theme.id}-{number}",
            section="voix",
            question=question,
            message=message,
            sous_titre=sous_titre,
            figure=figure,
            table=table,
            poids=POIDS.get(number, 0.0),
            lecture=more.pop("lecture", None),
            champ=f"Paroles sur le thème « {self.theme.nom} », {self.territory.nom}, édition « {self.territory.edition.nom} ».",
            source=more.pop("source", SOURCE + "."),
            precautions=(
                f"Un nombre de personnes est donné par tranche de {PAS}, et masqué en dessous de {seuil}.",
                "Une idée que peu de personnes portent n'est pas moins vraie ; une idée que beaucoup portent n'est pas un sondage.",
            ),
            exemple=more.pop("exemple", self.exemple),
            **more,
        )


@dataclass(frozen=True)
class _Idea:
    code: str
    tonalite: str
    rows: pd.DataFrame
    personnes: Valeur

    @property
    def quartiers(self) -> Valeur:
        return self._reach(self.rows.loc[self.rows["qpv"] != "", "qpv"].nunique(), "quartiers")

    @property
    def colleges(self) -> Valeur:
        return self._reach(self.rows["college"].nunique(), "collèges")

    def _reach(self, number: int, unite: str) -> Valeur:
        """How far an idea is heard. Where its people are withheld their number of places would say how many they are at least."""
        if self.personnes.dite:
            return Valeur(float(number), unite=unite)
        return word("plusieurs" if number > 1 else "un seul" if number else "aucun")


def _ideas(mine: pd.DataFrame, tone_of: dict[str, str], territory: Territory) -> list[_Idea]:
    """One idea per code and tone (the codebook's, else the voice's), broadest first, then by code. Uncoded voices make no idea."""
    where: dict[str, list[int]] = {}
    labels = []
    for i, codes, tone in zip(mine.index, mine["codes"], mine["tonalite"], strict=True) if len(mine) else ():
        named = {
            f"{code}|{tone_of.get(code) or tone}" for code in codes.split("|") if code and (tone_of.get(code) or tone)
        }
        labels.append(named)
        for label in named:
            where.setdefault(label, []).append(i)
    people = count_people(mine, labels, territory)
    ideas = [_Idea(*label.split("|"), mine.loc[where[label]], value) for label, value in people.items()]
    return sorted(ideas, key=lambda i: (-(i.personnes.valeur or 0), i.code))


def _immersions(context: _Context, immersions: pd.DataFrame) -> Finding:
    section = context.territory.sections.get("paroles")
    declared = section.get("immersions_attendues") if isinstance(section, dict) else None
    expected = declared if isinstance(declared, int) and declared > 0 else IMMERSIONS
    held = immersions[immersions["theme"] == context.theme.id] if len(immersions) else immersions
    names = {q.code: q.nom for q in context.territory.quartiers}
    colleges = {c.id: c.nom for c in context.territory.colleges}
    rows = list(held.sort_values("date", kind="stable").itertuples()) if len(held) else []
    labels = [f"Immersion {i}" for i in range(1, max(expected, len(rows)) + 1)]
    missing = len(labels) - len(rows)
    states = [word("faite")] * len(rows) + [word("manque")] * missing
    figure = Figure(
        "matrice",
        "Immersions attendues et faites",
        tuple(Serie(n, "sujet", (Point("Immersion", s),)) for n, s in zip(labels, states, strict=True)),
    )
    blank = ("", "", "", "pas encore faite, ou pas encore partagée", "", "", "")
    told = [
        (
            _day(r.date),
            names.get(r.qpv, ""),
            colleges.get(r.college, ""),
            r.vu or NON_MONTRE,
            r.marche,
            r.ne_marche_pas,
            r.propose,
        )
        for r in rows
    ]
    lines = told + [blank] * missing
    table = Table(
        (
            "Immersion",
            "Date",
            "Quartier",
            "Collège",
            "Ce qui a été vu",
            "Ce qui marche",
            "Ce qui ne marche pas",
            "Ce qui est proposé",
        ),
        tuple((word(n), *(word(c) for c in line)) for n, line in zip(labels, lines, strict=True)),
    )
    manques = (
        (
            Manque(
                f"{context.theme.nom} : il manque {missing} immersion{'s' if missing > 1 else ''} sur {expected}.",
                "non_disponible",
            ),
        )
        if missing
        else ()
    )
    message = Message(
        "voix.immersions", {"faites": len(rows), "attendues": expected, "manque": missing, "theme": context.theme.nom}
    )
    return context.finding(
        "voix-01",
        "Qu'a-t-on vu sur place ?",
        message,
        f"Immersions, {context.theme.nom}",
        figure,
        table,
        manques=manques,
        source="Comptes rendus d'immersion.",
        exemple=bool(len(held) and held["exemple"].all()),
    )


def _day(text: str) -> str:
    """A day or a month as read aloud: `2022-03-29` → 29/03/2022."""
    return "/".join(reversed(text[:10].split("-"))) if text[:4].isdigit() else text


def _tone(context: _Context, tone: str, ideas: Sequence[_Idea], named: dict[str, str]) -> Finding:
    number, question, heading = TONALITES[tone]
    if not ideas:
        return context.finding(
            number,
            question,
            Message("voix.rien_dit", {"cle": tone, "theme": context.theme.nom}),
            heading,
            None,
            None,
            manques=(
                Manque(
                    f"{context.theme.nom}, {heading[:1].lower() + heading[1:]} : personne n'en a encore parlé.",
                    "non_disponible",
                ),
            ),
        )
    figure = Figure(
        "barres",
        "Personnes qui le disent, par tranches",
        (
            Serie(
                "Personnes",
                "sujet",
                tuple(Point(named.get(i.code, i.code), i.personnes) for i in ideas),
            ),
        ),
    )
    table = Table(
        ("Idée", "Personnes (tranche)", "Quartiers", "Collèges", "Ce qui est dit"),
        tuple(
            (
                word(named.get(i.code, i.code)),
                i.personnes,
                i.quartiers,
                i.colleges,
                word(quote(i.rows, context.territory)),
            )
            for i in ideas
        ),
        legende=f"Au plus {CITATIONS} citations par idée. Les personnes hors collège (habitantes et habitants) comptent pour un collège.",
    )
    first = ideas[0]
    values = {
        "cle": tone,
        "theme": context.theme.nom,
        "idee": named.get(first.code, first.code),
        "idees": len(ideas),
        "quartiers": first.quartiers,
        "personnes": first.personnes,
    }
    return context.finding(
        number,
        question,
        Message("voix.idees", values),
        f"{heading} : personnes, quartiers et collèges qui le disent",
        figure,
        table,
        lecture=Message("voix.lecture_idees", values) if first.personnes.dite else None,
    )


def _minority(context: _Context, rare: Sequence[_Idea], named: dict[str, str]) -> Finding:
    rare = sorted(rare, key=lambda i: (i.tonalite, i.code))
    figure = Figure(
        "matrice",
        "Points de vue que peu de personnes portent",
        tuple(Serie(named.get(i.code, i.code), "autre", (Point(TONALITES[i.tonalite][2], word("dit")),)) for i in rare),
    )
    table = Table(
        ("Idée", "Dans quel sens", "Ce qui est dit"),
        tuple(
            (
                word(named.get(i.code, i.code)),
                word(TONALITES[i.tonalite][2]),
                word(quote(i.rows, context.territory) or NON_MONTRE),
            )
            for i in rare
        ),
    )
    return context.finding(
        "voix-05",
        "Que disent quelques-uns ?",
        Message("voix.minorite", {"idees": len(rare), "theme": context.theme.nom}),
        "Idées que peu de personnes portent",
        figure,
        table,
    )


def find_quarter_voices(
    quartier: Quartier, paroles: pd.DataFrame, contributions: pd.DataFrame, territory: Territory
) -> tuple[Finding, ...]:
    """What is said of a quarter: `<code>-voix-01` its voices by theme, `<code>-voix-02` those that cite its findings.

    `paroles` are those of this quarter (`qpv`), `contributions` those that are about it (`sujet`): its page needs no other row.
    No count of people is printed here; those are on the participation page.
    """
    exemple = bool(len(paroles) and paroles["exemple"].all())
    place = _Place(quartier, territory, exemple)
    findings = [_here(place, paroles)]
    if len(contributions):
        findings.append(face(place.finding, "voix-02", contributions, {"lieu": quartier.nom}))
    return tuple(findings)


@dataclass(frozen=True)
class _Place:
    quartier: Quartier
    territory: Territory
    exemple: bool

    def finding(
        self,
        number: str,
        question: str,
        message: Message,
        sous_titre: str,
        figure: Figure | None,
        table: Table | None,
        **more: Any,
    ) -> Finding:
        return Finding(
            id=f"{self.quartier.code}-{number}",
            section="voix",
            question=question,
            message=message,
            sous_titre=sous_titre,
            figure=figure,
            table=table,
            lecture=None,
            champ=f"{self.quartier.nom}, édition « {self.territory.edition.nom} ».",
            source=SOURCE + ".",
            precautions=(
                "Ces paroles disent ce que des personnes vivent. Elles ne disent pas ce que pense tout le quartier.",
            ),
            exemple=self.exemple,
            **more,
        )


def _heard(said: bool) -> Valeur:
    return word("dit") if said else Valeur(None, "non_disponible")


def _here(place: _Place, mine: pd.DataFrame) -> Finding:
    nom = place.quartier.nom
    if mine.empty:
        return place.finding(
            "voix-01",
            "Que disent les habitants et ceux qui agissent ici ?",
            Message("voix.personne", {"lieu": nom}),
            "Paroles recueillies",
            None,
            None,
            manques=(Manque(f"{nom} : personne n'a encore parlé de ce quartier.", "non_disponible"),),
        )
    if mine["locuteur"].nunique() < place.territory.seuils.personnes:
        return place.finding(
            "voix-01",
            "Que disent les habitants et ceux qui agissent ici ?",
            Message("voix.trop_peu", {"quartier": nom}),
            "Paroles recueillies",
            None,
            None,
            manques=(
                Manque(
                    f"{nom} : trop peu de personnes ont parlé de ce quartier pour en rien citer sans qu'on les reconnaisse ; "
                    "voyez les pages des thèmes.",
                    "masqué",
                ),
            ),
        )
    themes = {t.id: t for t in place.territory.themes}
    said_of = set(zip(mine["theme"], mine["tonalite"], strict=True))
    rows = tuple(
        Serie(t.nom, "autre", tuple(Point(TONALITES[tone][2], _heard((t.id, tone) in said_of)) for tone in TONALITES))
        for t in themes.values()
    )
    figure = Figure("matrice", "Ce qui a été dit dans le quartier", rows)
    lines = []
    for t in themes.values():
        for tone, (_, _, heading) in TONALITES.items():
            rows = mine[
                (mine["theme"] == t.id) & (mine["tonalite"] == tone) & (mine["qpv_montre"] == place.quartier.code)
            ]
            if said := quote(rows, place.territory):
                lines.append((word(t.nom), word(heading), word(said)))
    legend = (
        ""
        if lines
        else "Trop peu de personnes ont parlé ici pour citer l'une d'elles sans qu'on la reconnaisse : voyez les pages des thèmes."
    )
    heard = sum(bool((mine["theme"] == t).any()) for t in themes)
    table = Table(
        ("Thème", "Dans quel sens", "Ce qui est dit"),
        tuple(lines) or ((word("Tous"), word(""), word("aucune citation possible")),),
        legende=legend,
    )
    return place.finding(
        "voix-01",
        "Que disent les habitants et ceux qui agissent ici ?",
        Message("voix.ici", {"quartier": nom, "themes": heard, "sur": len(themes), "citations": len(lines)}),
        "Paroles recueillies dans le quartier, par thème",
        figure,
        table,
    )
