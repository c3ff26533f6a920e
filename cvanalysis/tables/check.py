"""`cvanalysis check`: what is to mend, what each raw file was taken for, what is doubtful in it, the account of its cells, what is empty.

Owns the report, as an object and as French text for a terminal. Refuses to write anything, and to judge: it says what was read.
"""

from dataclasses import dataclass, field
from itertools import islice

import pandas as pd

from cvanalysis.actions.clean.lines import COLONNES as COMPTE
from cvanalysis.actions.clean.lines import LU, unbalanced
from cvanalysis.errors import DeclarationError, Problem, printed
from cvanalysis.files.anomalies import LAISSE, Domain, ReadFile
from cvanalysis.files.guard import under_guard
from cvanalysis.french import capital, listed, number, quoted
from cvanalysis.indicateurs.clean.decode import lost_cells
from cvanalysis.tables.process import DOMAINES, gather, read_as_they_are
from cvanalysis.territory.contract import Territory

DITES, EXEMPLES, COLONNES = 20, 3, 12
"""Kinds of anomalies told (the object has them all); places or cells, and columns, given of each."""
BRUT_MAX = 60  # characters of a raw cell, in the text
A_CORRIGER = (
    r"(?i)^\w+ez\b|[;,.] (?:écrivez|ajoutez|déclarez|corrigez|si « . »)\b"
    r"|laissée?s? (?:vides?|de côté)|absente des analyses|non jointes|sans (?:date|année)$"
)
"""What was done, where a person has something to do: the figure, the line or the word is lost until then."""
FAUX = "sans doute des proportions"
"""Figures that are kept and that nobody may believe."""
MOTS = {"theme": "theme", "themes": "theme", "pilier": "pilier", "qpv": "quartier"}
"""Column of a table of the team → domain of `correspondances.csv` that says what its words mean."""
A_TELECHARGER = "Quels fichiers télécharger, et où\u00a0: docs/insee.md, «\u00a0Où les télécharger\u00a0»."
EQUIPE = "  Leur ligne et leur mot, pour l'équipe\u00a0: cvanalysis check --audience equipe"


@dataclass(frozen=True)
class Check(Domain):
    """The report on all domains. `fichiers` in the folder's order; `anomalies` as in `anomalies.parquet`."""

    territory: Territory = field(kw_only=True)
    declarations: tuple[Problem, ...] = ()
    """What is wrong in the declarations of a domain: nothing can be built, and nothing of that domain is read.
    They are told apart, as `build` tells them."""

    @property
    def argent(self) -> pd.DataFrame:
        """The account of money, empty where the declarations of its domain are wrong."""
        return self.tables.get("argent", pd.DataFrame(columns=COMPTE))

    @property
    def status(self) -> int:
        """Exit status: 0, 1 where some file was left out or the account does not balance, 2 where declarations are wrong."""
        if self.declarations:
            return 2
        left_out = any(file.probleme is not None for file in self.fichiers)
        return int(left_out or lost_cells(self.tables["comptes"]).any() or len(unbalanced(self.argent)) > 0)

    def render(self, *, detail: bool = False) -> str:
        """The report as text: a line for each file, and each kind of anomaly once; with `detail`, all that is known of each file."""
        why = {(file.fichier, file.probleme.trouve) for file in self.fichiers if file.probleme is not None}
        known = zip(self.anomalies["fichier"], self.anomalies["probleme"], strict=True)
        mine = [not any(one == name and said.startswith(found) for name, found in why) for one, said in known]
        titles = {(file.fichier, champ): title for file in self.fichiers for champ, title in file.titres.items()}
        places = zip(self.anomalies["fichier"], self.anomalies["colonne"], strict=True)
        told = self.anomalies.assign(titre=[titles.get(key, key[1]) for key in places]).loc[mine]
        wrong = told["traitement"].str.contains(A_CORRIGER) | told["probleme"].str.contains(FAUX)
        voices = told.loc[told["fichier"].str.match("paroles/") & told["ligne"].eq(0), "probleme"]
        where = [EQUIPE] if voices.str.contains("non déclaré").any() else []
        here = self.territory
        lines = [
            f"{here.nom} — {here.contrat}",
            "",
            *_titled("À corriger", [*self._say_left_out(), *_say_anomalies(told[wrong]), *where]),
        ]
        if detail:
            lines += self._say_files(told)
        else:
            taken = ("\u00a0; ".join(_taken_for(file)) for file in self.fichiers)
            named = (f"{_mark(file)} {file.fichier}\u00a0: " for file in self.fichiers)
            lines += [*map("".join, zip(named, taken, strict=True)), ""] if self.fichiers else []
            lines += _titled("Remarques (une par une\u00a0: cvanalysis check --detail)", _say_anomalies(told[~wrong]))
        lines += [*_say_account(self.tables["comptes"], detail=detail), "", *_say_money(self.argent)]
        lines += self.complement.split("\n") if self.complement else []
        return "\n".join(map(printed, [*lines, *self._say_words(told), *self._say_empty(), *self._conclude()]))

    def _say_left_out(self) -> list[str]:
        wrong = [file.probleme for file in self.fichiers if file.probleme is not None]
        said = [
            f"- {one.fichier}\u00a0: {one.trouve.rstrip('.')}. {capital(one.que_faire).rstrip('.')}." for one in wrong
        ]
        where = f"celui d'un quartier du contrat ({self.territory.geographie})\u00a0: la carte ne sera pas dessinée"
        strange = [file for file in self.fichiers if file.pris_pour == "contours" and not file.trouvees]
        said += [f"- {file.fichier}\u00a0: aucun de ses contours n'est {where}." for file in strange]
        return [line.replace(". .", ".") for line in said]

    def _say_files(self, told: pd.DataFrame) -> list[str]:
        by_file = {name: _say_anomalies(rows, each=True) for name, rows in told.groupby("fichier", sort=False)}
        lines: list[str] = []
        for file in self.fichiers:
            lines += [*_say_file(file), *(f"    {line}" for line in by_file.pop(file.fichier, ())), ""]
        for fichier, said in by_file.items():  # the team's own files, beside those of the data
            lines += [f"! {fichier}", *(f"    {line}" for line in said), ""]
        return lines

    def _say_words(self, told: pd.DataFrame) -> list[str]:
        """The words of the team's tables that nobody declared, and where to say what they mean."""
        unknown = told[
            told["colonne"].isin(MOTS)
            & told["probleme"].str.contains(r"inconnue?\b|non déclaré")
            & (told["brut"] != "")
        ]
        if unknown.empty:
            return []
        words = ", ".join(quoted(_shorten(word)) for word in unknown["brut"].drop_duplicates()[:DITES])
        kinds = unknown.assign(domaine=unknown["colonne"].map(MOTS)).drop_duplicates("domaine")
        said = zip(kinds["domaine"], kinds["brut"], strict=True)
        lines = listed(quoted(f"{domain};{_shorten(word)};IDENTIFIANT") for domain, word in said)
        todo = "Dites ce qu'ils désignent dans correspondances.csv (première ligne «\u00a0domaine;libelle;code\u00a0»)"
        return [f"Mots de vos tableaux qui ne sont pas compris\u00a0: {words}. {todo}, par exemple {lines}."]

    def _say_empty(self) -> list[str]:
        """The quarters that no file has, and those that have no figure: their pages would be empty."""
        if "indicateurs" not in self.tables:  # their declarations are wrong
            return []
        table, here = self.tables["indicateurs"], self.territory
        quartiers = [one.code for one in here.quartiers]
        figures = set(table.loc[table["valeur"].notna(), "zone"])
        found = {zone for file in self.fichiers for zone in file.trouvees}
        if quartiers and not figures.intersection(quartiers):
            theirs = any(f"QPV, géographie {here.geographie}" in file.pris_pour for file in self.fichiers)
            why = "aucun fichier ne les a" if theirs else f"aucun fichier en {here.geographie}"
            return [f"{_count(len(quartiers), 'fiche', 'fiches')} sans aucun chiffre\u00a0: {why}.", A_TELECHARGER]
        drawn = any(file.pris_pour == "contours" and file.trouvees for file in self.fichiers)
        alone = [f"{one.nom} ({one.zone})" for one in here.comparateurs if one.zone not in figures]
        nowhere = [code for code in quartiers if code not in found | figures]
        empty = [code for code in quartiers if code in found and code not in figures]
        ours = [dict(row)["id"] for name, rows in here.ajouts if name == "indicateurs.csv" for row in rows]
        nothing = sorted({*ours} - {*table["indicateur"]})
        said = [] if drawn else ["Pas de carte\u00a0: geo/ n'a le contour d'aucun quartier (docs/insee.md)."]
        said += [f"Comparaisons sans aucun chiffre\u00a0: {', '.join(alone)}. {A_TELECHARGER}"] if alone else []
        return said + [
            f"{_count(len(codes), one, many)}\u00a0: {', '.join(codes)}."
            for codes, one, many in (
                (nowhere, "quartier n'est dans aucun fichier", "quartiers ne sont dans aucun fichier"),
                (empty, "quartier est sans aucun chiffre", "quartiers sont sans aucun chiffre"),
                (
                    nothing,
                    "indicateur à vous n'est dans aucun fichier",
                    "indicateurs à vous ne sont dans aucun fichier",
                ),
            )
            if codes
        ]

    def _conclude(self) -> list[str]:
        if self.declarations:
            many = _count(len(self.declarations), "problème", "problèmes")
            return [f"{many} dans les déclarations\u00a0: rien n'est construit tant qu'il en reste."]
        if not self.fichiers:
            return ["Aucun fichier de données n'a été trouvé."]
        left_out = [file.fichier for file in self.fichiers if file.probleme is not None or file.statut == LAISSE]
        if any(file.probleme is not None for file in self.fichiers):
            many = _count(len(left_out), "fichier laissé", "fichiers laissés")
            return [f"{many} de côté\u00a0: {', '.join(left_out)}."]
        if left_out:
            return [
                f"Tous les fichiers de données ont pu être lus\u00a0; laissés de côté\u00a0: {', '.join(left_out)}."
            ]
        return ["Tous les fichiers ont pu être lus."]


def check(territory: Territory, audience: str = "public") -> Check:
    """Read the raw files of a territory and tell what was found; nothing is written."""
    return under_guard(lambda: _check(territory, audience))


def _check(territory: Territory, audience: str) -> Check:
    read, wrong = [read_as_they_are(territory)], []
    for clean in reversed(DOMAINES):
        try:
            read.insert(0, clean(territory, audience))
        except DeclarationError as error:
            wrong += error.problems
    return Check(**vars(gather(read)), territory=territory, declarations=tuple(wrong))


def _titled(title: str, lines: list[str]) -> list[str]:
    return [title, *lines, ""] if lines else []


def _mark(file: ReadFile) -> str:
    return "✗" if file.probleme is not None else "-" if file.statut == LAISSE else "✓"


def _taken_for(file: ReadFile) -> list[str]:
    """What became of a file: left out and why, or what it was taken for, its rows, the territory's zones in it."""
    if file.probleme is not None or file.statut == LAISSE:
        why = file.pris_pour if file.probleme is None else f"{file.probleme.trouve.rstrip('.')}."
        return [f"laissé de côté\u00a0: {why}"]
    expected = len(file.trouvees) + len(file.manquantes)
    said = [_count(file.lignes, "ligne", "lignes")] if file.lignes and file.statut == "lu" else []
    said += (
        [f"zones du territoire\u00a0: {len(file.trouvees)} sur {expected}"] if expected and file.statut == "lu" else []
    )
    return [file.pris_pour, *(["\u00a0; ".join(said)] if said else [])]


def _say_file(file: ReadFile) -> list[str]:
    lines = [f"{_mark(file)} {file.fichier}", *(f"    {part}" for part in _taken_for(file))]
    if file.probleme is not None:
        parts = (file.probleme.attendu, file.probleme.que_faire)
        told = "\n".join(f"{capital(part).rstrip('.')}." for part in parts if part)
        lines += [f"    {line}" for line in told.split("\n") if line]
    for what, names in (
        ("zones absentes", file.manquantes),
        ("colonnes attendues et absentes", file.absentes),
        ("colonnes inconnues, non lues", file.inconnues),
    ):
        lines += [f"    {what}\u00a0: {', '.join(dict.fromkeys(names))}"] if names and file.statut == "lu" else []
    return lines


def _say_anomalies(rows: pd.DataFrame, *, each: bool = False) -> list[str]:
    """Each kind of anomaly once: the first in full, the cells that say it, the next places; or, of one file, `each` of them."""
    kind = [rows["probleme"].str.split(r"[\d«(]", n=1).str[0], rows["traitement"].str.split("(").str[0]]
    groups = rows.groupby(["ligne", "probleme", "traitement"] if each else kind, sort=False)
    lines = []
    for _, same in islice(groups, DITES):
        first = same.iloc[0]
        raws = [quoted(_shorten(raw)) for raw in same["brut"].drop_duplicates() if raw and raw not in first["probleme"]]
        raw = f" ({', '.join(raws[:EXEMPLES])}{'…' if len(raws) > EXEMPLES else ''})" if raws else ""
        places = [_place(*key, columns) for key, columns in same.groupby(["fichier", "ligne"], sort=False)["titre"]]
        where = places[0].removeprefix(first["fichier"]).removeprefix(", ") if each else places[0]
        others = " De même\u00a0: " + "\u00a0; ".join(places[1:EXEMPLES]) if len(places) > 1 else ""
        others += f" et {_count(len(places) - EXEMPLES, 'autre', 'autres')}" if len(places) > EXEMPLES else ""
        said = f"{first['probleme']}{raw}. {capital(first['traitement'])}.{others}{'.' if others else ''}"
        lines.append(f"- {where}\u00a0: {said}" if where else f"- {said}")
    if (more := groups.ngroups - DITES) > 0:
        lines.append(
            f"- et {_count(more, 'autre', 'autres')}" + ("." if each else "\u00a0: cvanalysis check --detail.")
        )
    return lines


def _place(fichier: str, ligne: int, columns: pd.Series) -> str:
    named = [column for column in columns.drop_duplicates() if column]
    word = "colonnes" if len(named) > 1 else "colonne"
    told = ", ".join(named[:COLONNES]) + ("…" if len(named) > COLONNES else "")
    return f"{fichier}" + (f", ligne {ligne}" if ligne else "") + (f", {word} {told}" if named else "")


def _shorten(raw: str) -> str:
    plain = printed(raw[: BRUT_MAX + 1])
    return plain if len(plain) <= BRUT_MAX else f"{plain[:BRUT_MAX]}…"


def _say_money(argent: pd.DataFrame) -> list[str]:
    """Each column of amounts: what was read = what was kept + what was left out, by reason."""
    lines = []
    for (fichier, feuille, colonne), rows in argent.groupby(["fichier", "feuille", "colonne"], sort=False):
        read = rows.loc[rows["motif"] == LU, "montant"].sum()
        told = [(row.motif, row.montant) for row in rows[rows["motif"] != LU].itertuples()]
        cents = 2 if (rows["montant"].round(2) % 1).any() else 0  # for the sum to be seen to be right
        parts = " + ".join(f"{motif} {number(amount, cents)}\u00a0€" for motif, amount in told)
        sheet = f" [{feuille}]" if feuille else ""
        lines.append(f"{fichier}{sheet}, {colonne}\u00a0: {number(read, cents)}\u00a0€ lus = {parts or 'rien'}")
    if not lines:
        return []
    lost = unbalanced(argent)
    verdict = "Les montants sont tous retrouvés." if lost.empty else f"{len(lost)} colonne(s) ne tombent pas juste."
    return ["Montants des journaux d'actions", *lines, verdict, ""]


def _say_account(account: pd.DataFrame, *, detail: bool) -> list[str]:
    """What became of each cell that was read: in all, and by file where detail is asked for."""
    account = account.set_index("fichier").assign(écart=lost_cells(account).to_numpy())
    shown = account if detail else account[account["écart"] != 0]
    lines = [*shown.itertuples(name=None), ("Total", *account.sum())]
    head, rows = ("fichier", *account.columns), [(name, *map(number, counts)) for name, *counts in lines]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    text = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(n) for cell, n in zip(row[1:], widths[1:], strict=True))])
        for row in (head, *rows)
    ]
    verdict = (
        "Le compte est juste\u00a0: chaque cellule lue est une valeur, un statut ou une anomalie."
        if not account["écart"].any()
        else "Le compte N'EST PAS juste\u00a0: des cellules sont perdues ou comptées deux fois (colonne écart)."
    )
    return ["Compte des cellules lues", *text, verdict]


def _count(n: int, one: str, many: str) -> str:
    return f"{number(n)} {one if n < 2 else many}"
