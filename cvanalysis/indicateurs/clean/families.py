"""Which families of the catalogue a table holds, told from its headers alone. Owns signatures, twins on declared income, refusals.

A table that an analyst joined holds several families: each reads its own columns, and a header that two of them take for different
quantities (`A`: allocataires, or job seekers) is read by none. Refuses the file's name, but for one thing that INSEE's headers do not say:
whether the income is disposable or declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cvanalysis.catalogue import Catalogue, Famille, header_form, normal_header
from cvanalysis.errors import Problem
from cvanalysis.files.sheets import RawTable
from cvanalysis.french import fold
from cvanalysis.indicateurs.clean.zones import CLES, CLES_AUTRES, CODES, is_quarter

ANNEES_CONNUES = range(2010, 2036)  # vintages that a header may bear
COLONNES_ANNEE = CODES["annee"]

Forms = dict[str, tuple[str, int | None]]
"""Each header → its form in a family and the year that it bears (None where it bears none)."""


@dataclass(frozen=True, slots=True)
class Held:
    """A family that a table holds: `forms` of all headers, `ailleurs` those that are not its own to read."""

    famille: Famille
    forms: Forms
    ailleurs: frozenset[str]


def families_of(table: RawTable, fichier: str, catalogue: Catalogue) -> tuple[list[Held], tuple[str, ...]]:
    """The families of a table, the one that explains most first, and the headers of two meanings that none reads."""
    if not table.table.num_columns or is_dictionary(table):
        return [], ()
    forms = {family.id: _comparable(table, family) for family in catalogue.familles.values()}
    twins = {family.declare for family in catalogue.familles.values()} - {""}
    fitting = [
        family
        for family in catalogue.familles.values()
        if _fits(family, {form for form, _ in forms[family.id].values()}, twin=family.id in twins)
    ]
    fitting.sort(key=lambda family: -len(_own(family, forms[family.id])))
    if not fitting and (only := _whole(table, forms, catalogue, twins)):
        fitting = [only]
    held: list[Held] = []
    taken: dict[str, str] = {}
    disputed: set[str] = set()
    for family in fitting:
        own = _own(family, forms[family.id])
        new = {form for header, form in own.items() if header not in taken} & family.signature
        if held and len(new) < family.minimum:
            continue
        meaning = {header: family.column_of(form).indicateur for header, form in own.items()}  # type: ignore[union-attr]
        disputed |= {header for header, name in meaning.items() if taken.get(header, name) != name}
        held.append(Held(_declared_twin(family, table, fichier, catalogue), forms[family.id], frozenset(taken)))
        taken |= meaning
    both = frozenset(disputed)
    return [Held(h.famille, find_forms(table, h.famille), h.ailleurs | both) for h in held], tuple(sorted(disputed))


def find_forms(table: RawTable, family: Famille) -> Forms:
    """Each header of a table as that family writes it."""
    forms: Forms = {}
    for header in table.colonnes:
        normal = normal_header(header)
        forms[header] = (normal, None)
        if family.suffixe and re.search(r".\d{2}$", normal):
            year = 2000 + int(normal[-2:])
            form = header_form(normal, year)
            if year in ANNEES_CONNUES and (family.column_of(form) or family.reason_excluded(form)):
                forms[header] = (form, year)
        if family.suffixe and forms[header][1] is None and not family.column_of(normal):
            forms[header] = (_long_form(normal, family), None)
    return forms


def _long_form(normal: str, family: Famille) -> str:
    """`DISP_MED` is `DISP_MED_A{aa}` where the year stands in a column of its own."""
    return next((form for form in (f"{normal}_A{{aa}}", f"{normal}{{aa}}") if family.column_of(form)), normal)


def _comparable(table: RawTable, family: Famille) -> Forms:
    """The forms that may tell a family: `TP60` without a year is not `TP60_A{aa}`, unless a column gives the year."""
    forms = find_forms(table, family)
    if any(normal_header(header) in COLONNES_ANNEE for header in table.colonnes):
        return forms
    return {header: pair for header, pair in forms.items() if pair[1] is not None or "{aa}" not in pair[0]}


def _fits(family: Famille, forms: set[str], *, twin: bool) -> bool:
    """Whether enough of its signature is there, with what it requires and nothing of what it refuses."""
    if forms & family.exclut or (family.exige and not forms & family.exige) or (twin and not family.exige):
        return False
    return len(forms & family.signature) >= family.minimum


def _own(family: Famille, forms: Forms) -> dict[str, str]:
    """The headers that are columns of a family, with their forms; codes of blocks are nobody's."""
    found = {header: (form, family.column_of(form)) for header, (form, _) in forms.items()}
    return {
        header: form
        for header, (form, column) in found.items()
        if column is not None and not column.indicateur.startswith("note_")
    }


def _whole(table: RawTable, forms: Mapping[str, Forms], catalogue: Catalogue, twins: set[str]) -> Famille | None:
    """The family of an extract of a few columns: one that has them all, where the others that do mean the same by them."""
    whole: list[Famille] = []
    meanings: set[tuple[str, ...]] = set()
    for family in catalogue.familles.values():
        known = {form for form, _ in forms[family.id].values()}
        if known & family.exclut or family.exige or family.id in twins:
            continue
        own = _own(family, forms[family.id])
        left = {header: form for header, (form, _) in find_forms(table, family).items() if header not in own}
        if own and all(_is_plain(header, form, family) for header, form in left.items()):
            whole.append(family)
            meanings.add(tuple(family.column_of(form).indicateur for form in own.values()))  # type: ignore[union-attr]
    return whole[0] if len(meanings) == 1 else None


def _is_plain(header: str, form: str, family: Famille) -> bool:
    """A key, a year, a label, a column of codes or one that is left out on purpose: what says nothing against a family."""
    column = family.column_of(form)
    return (
        normal_header(header) in (*CLES, *CLES_AUTRES, *COLONNES_ANNEE)
        or bool(family.reason_excluded(form))
        or (column is not None and column.indicateur.startswith("note_"))
    )


def _declared_twin(family: Famille, table: RawTable, fichier: str, catalogue: Catalogue) -> Famille:
    """The family on declared income where title, labels or name say so and no header says the contrary."""
    if not family.declare:
        return family
    twin = catalogue.familles[family.declare]
    if {form for form, _ in find_forms(table, family).values()} & twin.exclut:
        return family
    said = fold(" ".join((*table.preambule, *table.etiquettes.values())))
    stem = fichier.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    declared = ("declare" in said and "disponible" not in said) or re.search(
        r"(?<![a-z])dec(?![a-z])", stem, re.IGNORECASE
    )
    return twin if declared else family


def is_dictionary(table: RawTable) -> bool:
    """Whether a table is a list of variables with their labels."""
    headers = {normal_header(header) for header in table.colonnes}
    return any(headers.issuperset(words) for words in CODES["dictionnaires"])


def say_unknown(tables: Sequence[RawTable], fichier: str, catalogue: Catalogue) -> Problem:
    """What was looked for, and the family that is nearest by the share of its signature."""
    shares = []
    twins = {family.declare for family in catalogue.familles.values()}
    for family in catalogue.familles.values():
        for table in tables if family.id not in twins else ():
            forms = {form for form, _ in find_forms(table, family).values()}
            shares.append((len(forms & family.signature) / len(family.signature), family))
    share, nearest = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    headers = [header for table in tables for header in table.colonnes][:6]
    looked = ", ".join(catalogue.familles)
    near = (
        f"La plus proche est {nearest.id} ({nearest.nom}), dont {round(100 * share)}\u00a0% des colonnes caractéristiques sont là"
        if nearest and share > 0
        else "Aucune colonne caractéristique d'une famille n'a été trouvée"
    )
    what = f"aucune famille de fichiers connue (premières colonnes\u00a0: {', '.join(headers) or 'aucune'})"
    to_do = "Vérifiez que c'est bien un fichier de l'Insee sur les quartiers ou leurs zones de comparaison, sinon retirez-le du dossier"
    cells = (cell for table in tables for column in table.table.columns[:3] for cell in column.slice(0, 50).to_pylist())
    if any(map(is_quarter, cells)):
        to_do = "Ce sont des quartiers\u00a0: déclarez ses colonnes (docs/carnets.md «\u00a0Ajouter un indicateur\u00a0»), sinon retirez-le"
    return Problem(fichier, 0, "", what, f"Familles cherchées\u00a0: {looked}. {near}", to_do)
