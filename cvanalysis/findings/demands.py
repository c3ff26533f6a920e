"""What to ask the producers for. Owns the list of requests of the quality page; refuses to guess an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvanalysis.findings.context import enumerate_french, enumerate_some
from cvanalysis.findings.finding import Manque

if TYPE_CHECKING:
    from cvanalysis.findings.holdings import Holdings


def undated(page: Holdings) -> list[Manque]:
    """The publications of each source whose data year nobody has established."""
    unknown: dict[str, set[int]] = {}
    for lot in page.lots:
        if lot.millesime is None:
            unknown.setdefault(lot.source, set()).add(lot.publication)
    return [
        Manque(
            f"{page.source(ident)} : l'année exacte des données des fichiers {enumerate_french(map(str, sorted(years)))}.",
            "non_disponible",
        )
        for ident, years in sorted(unknown.items())
    ]


def ask_for(page: Holdings) -> tuple[Manque, ...]:
    """What to ask the producers for, one sentence each, the most useful first."""
    found = undated(page)
    vast = page.territory.vaste
    for comparateur in page.territory.comparateurs:
        if vast and comparateur.niveau == "COMMUNE":
            continue  # a sentence per commune of a country would hide all the others
        absent = [
            i.nom_court or i.nom
            for i in page.indicateurs_suivis
            if i.genre != "effectif" and (comparateur.zone, i.id) not in page.connus
        ]
        if absent and len(absent) < len(page.indicateurs_suivis):
            found.append(
                Manque(f"{comparateur.nom} : {enumerate_french(absent)}, pour pouvoir comparer.", "non_disponible")
            )
    for indicateur in page.indicateurs_suivis:
        instants = page.moments[indicateur.id]
        rows = (
            {page.noms[q.code]: page.par_zone.at(q.code, indicateur.id, instants[-1]) for q in page.territory.quartiers}
            if instants
            else {}
        )
        silent = [nom for nom, row in rows.items() if row is None or row.valeur is None]
        doubtful = [nom for nom, row in rows.items() if row is not None and row.statut == "suspect"]
        if not rows:
            found.append(Manque(f"« {indicateur.nom} » : aucun chiffre reçu.", "non_disponible"))
        elif silent:
            found.append(
                Manque(
                    f"« {indicateur.nom} » {instants[-1].situe} : la raison de l'absence pour {enumerate_some(silent)}.",
                    "non_diffusé",
                )
            )
        if doubtful:
            found.append(
                Manque(
                    f"« {indicateur.nom} » {instants[-1].situe} : une vérification pour {enumerate_some(doubtful)}.",
                    "suspect",
                )
            )
    notes = sorted({(lot.source, lot.note) for lot in page.lots if lot.note.strip("0 ")})
    found += [Manque(f"{page.source(source)} : le sens de la note {note}.", "non_disponible") for source, note in notes]
    return tuple(found)
