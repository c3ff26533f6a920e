"""What was said of a quarter: its voices by theme, and those that cite its findings. Refuses to count anyone.

It needs the quarter's own rows only, so that a voice from elsewhere doesn't make its page again. Where too few have spoken it tells
nothing of what was said: neither theme, nor sense, nor words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvanalysis.findings.finding import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur
from cvanalysis.findings.quotations import SOURCE, TONALITES, face, quote

if TYPE_CHECKING:
    from cvanalysis.territory import Quartier, Territory


def _word(text: str) -> Valeur:
    return Valeur(None, texte=text)


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
    return _word("dit") if said else Valeur(None, "non_disponible")


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
                lines.append((_word(t.nom), _word(heading), _word(said)))
    legend = (
        ""
        if lines
        else "Trop peu de personnes ont parlé ici pour citer l'une d'elles sans qu'on la reconnaisse : voyez les pages des thèmes."
    )
    heard = sum(bool((mine["theme"] == t).any()) for t in themes)
    table = Table(
        ("Thème", "Dans quel sens", "Ce qui est dit"),
        tuple(lines) or ((_word("Tous"), _word(""), _word("aucune citation possible")),),
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
