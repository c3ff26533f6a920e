"""Findings of every genre, awkward on purpose: a very long name, missing and suspect values, shares below zero, 40 quarters.

Figures are invented; titles are given as they are (`ecrire` stands for `phrases.write`).
"""

from types import SimpleNamespace

import nbformat.v4 as nbf
from nbformat import NotebookNode

from cvanalysis.constat.shape import Figure, Finding, Message, Point, Role, Serie, Statut, Table, Valeur
from cvanalysis.publish.files import link

LONG = "Saint-Étienne-du-Grand-Détour - Les Hauts de l’Île aux Bœufs - Cité de l’Ancienne Manufacture"
ICI = "Les Quatre Vents"
NOMS = (ICI, LONG, *(f"Quartier n° {i}" for i in range(3, 16)))
TERRITOIRE = SimpleNamespace(phrases={}, palette={"sujet": "#0b5394", "part": ("#0072B2", "#C75000")})


def pour_cent(x: float | None, statut: Statut = "publié") -> Valeur:
    return Valeur(x, statut, "%", 1)


ABSENT = pour_cent(None, "non_diffusé")


def zone(nom: str, role: Role, valeur: Valeur) -> Serie:
    return Serie(nom, role, (Point(nom, valeur),))


def courbe(nom: str, role: Role, **annees: float | None) -> Serie:
    return Serie(nom, role, tuple(Point(a[1:], ABSENT if x is None else pour_cent(x)) for a, x in annees.items()))


_COMPARES = (zone("Villeneuve", "commune", pour_cent(17.1)), zone("Toute la métropole", "epci", pour_cent(12.4)))
_AUTRES = Serie(
    "Autres quartiers du contrat",
    "autre",
    tuple(Point(n, ABSENT if i == 4 else pour_cent(31.3 + 1.1 * i)) for i, n in enumerate(NOMS[1:])),
)
_SOURCES = ("Activité", "Pensions, retraites et rentes", "Patrimoine", "Prestations sociales", "Impôts")
_MOITIES = (Point(ICI, pour_cent(35.2)), Point("Villeneuve", pour_cent(62.1)))

FIGURES: dict[str, Figure] = {
    "points": Figure("points", "Taux (%)", (zone(ICI, "sujet", pour_cent(51.8)), *_COMPARES, _AUTRES)),
    "points-absent": Figure("points", "Taux (%)", (zone(LONG, "sujet", ABSENT), *_COMPARES)),
    "points-douteux": Figure("points", "Taux (%)", (zone(ICI, "sujet", pour_cent(0, "suspect")), *_COMPARES)),
    "lignes": Figure(
        "lignes",
        "Taux (%)",
        (
            courbe(LONG, "sujet", a2013=47.1, a2015=49.9, a2018=51.8),
            courbe("Villeneuve", "commune", a2013=16.1, a2015=None, a2018=17.1),
            courbe("Ensemble des QPV", "france_qpv", a2013=42.1, a2015=42.6, a2018=43.3),
        ),
        zero=False,
        ruptures=("2018",),
    ),
    "facettes": Figure(
        "lignes",
        "Taux (%)",
        tuple(courbe(n, "autre", a2013=30.0 + i, a2018=31.0 + i) for i, n in enumerate(NOMS)),
        facettes=True,
    ),
    "barres": Figure(
        "barres",
        "Demandeurs d’emploi",
        (
            Serie(
                ICI,
                "sujet",
                (
                    Point("moins de 6 mois", Valeur(1210, unite="personnes")),
                    Point("de 6 à 12 mois", Valeur(None, "secret", "personnes")),
                    Point("2 ans ou plus", Valeur(0, "suspect", "personnes")),
                ),
            ),
        ),
    ),
    "barres-ecarts": Figure(
        "barres",
        "Écart (points)",
        tuple(zone(n, "autre", Valeur(i * 2.3 - 9.1, unite="points", decimales=1)) for i, n in enumerate(NOMS)),
    ),
    "parts": Figure(
        "parts",
        "Part (%)",
        tuple(
            Serie(n, r, tuple(Point(s, pour_cent(x)) for s, x in zip(_SOURCES, xs, strict=True)))
            for n, r, xs in ((ICI, "sujet", (53, 20, 3, 33, -9)), ("Villeneuve", "commune", (74, 22, 9, 9, -14)))
        ),
    ),
    "parts-empilees": Figure(
        "parts",
        "Part (%)",
        tuple(
            Serie(s, "part", tuple(Point(n, pour_cent(x + i)) for i, n in enumerate(NOMS)))
            for s, x in zip("abc", (30, 25, 15), strict=True)
        ),
    ),
    "paires": Figure(
        "paires",
        "Taux d’emploi (%)",
        (
            Serie("Femmes", "femmes", _MOITIES),
            Serie("Hommes", "hommes", (Point(ICI, ABSENT), Point("Villeneuve", pour_cent(65.1)))),
        ),
    ),
    "rang": Figure("rang", "Taux (%)", (zone(ICI, "sujet", pour_cent(51.8)), _AUTRES, *_COMPARES)),
    "rang-40": Figure(
        "rang",
        "Revenu (€)",
        (
            zone(LONG, "sujet", Valeur(9800, unite="€")),
            Serie(
                "Autres",
                "autre",
                tuple(Point(f"Q{i}", Valeur(10000 + i * 37 % 41 * 120, unite="€")) for i in range(39)),
            ),
        ),
    ),
    "matrice": Figure(
        "matrice",
        "Taux (%)",
        tuple(courbe(n, "autre", a2013=20 + i * 1.5, a2015=None, a2018=22 + i * 1.5) for i, n in enumerate(NOMS)),
    ),
    "matrice-etats": Figure(
        "matrice",
        "Engagements",
        tuple(
            Serie(
                f"Partenaire {i}",
                "autre",
                tuple(
                    Point(f"E{j:02d}", Valeur(None, texte=("établi", "sans trace", "hors champ")[i * j % 3]))
                    for j in range(12)
                ),
            )
            for i in range(6)
        ),
    ),
    "frise": Figure(
        "frise",
        "Les étapes du contrat",
        (
            Serie(
                "Étapes",
                "sujet",
                tuple(
                    Point(e, Valeur(None, texte=d))
                    for d, e in (("2022", "Évaluation"), ("21/02/2014", "Loi"), ("12/2019", "Avenant"))
                ),
            ),
        ),
    ),
}


def ecrire(message: Message, most: int = 0) -> str:
    """Stands for `phrases.write`: the sentence is in the message."""
    return str(message.valeurs["phrase"])


def tableau(figure: Figure) -> Table:
    """All the values of a figure, one line per mark."""
    lines = tuple(
        (Valeur(None, texte=p.etiquette), Valeur(None, texte=s.nom), p.valeur) for s in figure.series for p in s.points
    )
    return Table(("Repère", "Série", "Valeur"), lines)


def constat(genre: str, numero: int = 1, *, exemple: bool = False) -> Finding:
    figure = FIGURES[genre]
    return Finding(
        id=f"QP999001-{genre}-{numero:02d}",
        section="revenus",
        question="Que sait-on ?",
        message=Message("essai", {"phrase": f"Un titre qui dit ce que montre la figure « {genre} »"}),
        sous_titre="En %, 2018",
        figure=figure,
        table=tableau(figure),
        lecture=Message("essai", {"phrase": "en 2018, la moitié des habitants vit ainsi."}),
        champ="habitants des ménages.",
        source="Insee, Filosofi 2018.",
        precautions=("Les évolutions sont à lire avec prudence.",),
        exemple=exemple,
    )


PAGE = {
    "titre": LONG,
    "territoire": "Villeneuve Métropole, contrat de ville",
    "edition": "Édition de décembre",
    "index": link("Accueil", "../index.html"),
    "precedent": link("Le précédent", "QP999000.html"),
    "suivant": link("Le suivant", "QP999002.html"),
    "licence": "Licence Ouverte 2.0",
    "maj": "2022-03-01",
}


def carnet(*constats: object) -> NotebookNode:
    """An executed notebook that shows these findings, with what a page must not show: code, warnings, empty outputs."""
    cells = [
        nbf.new_markdown_cell("# Titre du carnet"),
        nbf.new_markdown_cell("Une phrase **d’accueil**.\n\n## Ce que disent les chiffres"),
    ]
    for shown in constats:
        data, metadata = shown._repr_mimebundle_()
        cell = nbf.new_code_cell("fiche.constat('…')")
        cell.outputs = [
            nbf.new_output("stream", name="stderr", text="FutureWarning: something"),
            nbf.new_output("stream", name="stdout", text="\n"),
            nbf.new_output("execute_result", data=data, metadata=metadata, execution_count=1),
        ]
        cells.append(cell)
    cells.append(nbf.new_markdown_cell("## Ce qu’on ne sait pas\n\nBeaucoup."))
    return nbf.new_notebook(cells=cells)
