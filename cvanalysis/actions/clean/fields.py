"""The fields of one log, read on their distinct words: titles, carriers, years, themes, funders, statuses, quarters.

Owns the meaning of each field and what is told when a word has none. Every label that is not known stays as it was found, its code
blank, and is told once per log with its number of rows. Refuses to compare lines with each other.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from cvanalysis.actions.clean.cells import (
    DOUTEUX,
    Words,
    constant,
    instalment,
    read_count,
    read_siren,
    read_year,
    years_of_date,
)
from cvanalysis.actions.clean.labels import CODE_QUARTIER, EXCLU, Labels, Quarters, read_quarters
from cvanalysis.actions.clean.rows import ACTION, PIED, TOTAL, LogRows, hide_persons
from cvanalysis.actions.table import HORS_THEME, INCONNU, NON_RENSEIGNE
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import carrier_key, commune_key, title_key
from cvanalysis.french import fold, nearest, quoted
from cvanalysis.personnes.masking import PARTICULIER, mask_words, without_words
from cvanalysis.territory.contract import Territory


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared beside the logs: key of a partner's name → id, SIREN → id, id → name, and the codes of engagements."""

    partners: Mapping[str, str]
    sirens: Mapping[str, str]
    noms: Mapping[str, str]
    engagements: frozenset[str]


@dataclass(frozen=True)
class Context:
    """What lines are read against: the territory, its labels by domain, and what it declares beside the logs."""

    territory: Territory
    labels: Mapping[str, Labels]
    declared: Declared | None = None

    @cached_property
    def quartiers(self) -> tuple[str, ...]:
        return tuple(q.code for q in self.territory.quartiers)

    @cached_property
    def communes(self) -> frozenset[str]:
        """Keys of the communes, by code and by name."""
        return frozenset(commune_key(word) for one in self.territory.communes for word in (one.code, one.nom))

    def quarters_of(self, cell: str) -> tuple[str, ...]:
        return read_quarters(cell, self.labels["quartier"], self.quartiers).codes

    def quarter_titled(self, title: str) -> str:
        """The quarter that a title names, alone; '' where it names none."""
        codes = self.quarters_of(title)
        return codes[0] if len(codes) == 1 else ""

    def is_elsewhere(self, cell: str) -> bool:
        """Whether a cell names quarters of our geography by their codes, and none of ours."""
        codes = [re.sub(r"[\s_-]", "", code).upper() for code in CODE_QUARTIER.findall(cell)]
        ours = all(code[:2] == self.territory.geographie[:2] for code in codes)
        return bool(codes) and ours and set(self.quarters_of(cell)) == {""}


TRADUITS_AILLEURS = ("theme", "pilier", "type_credit", "statut", "qpv")
"""Fields whose declared translation goes through the same table as the words found, so that a wrong one is told."""
MONTANTS_DITS = 200
"""Cells of amounts of one column that are told one by one."""


def _hinted(done: str, hint: Callable[[str], str]) -> Callable[[str], str]:
    """What was done with a word, and what may have been meant by it."""
    return lambda word: f"{done}. {said}" if (said := hint(word)) else done


class FieldReader:
    """Reads the fields of one log, each on its distinct words."""

    def __init__(self, rows: LogRows, context: Context, anomalies: Anomalies) -> None:
        self.rows, self.context, self.anomalies = rows, context, anomalies
        self.champs = champs = dict(rows.champs)
        self.count, self.declared, self.labels = len(rows.lignes), context.declared, context.labels
        self.journal, self.fichier = rows.located.journal, rows.located.grid.fichier
        for name in champs.keys() & self.journal.valeurs.keys() - set(TRADUITS_AILLEURS):
            words, ours = champs[name], self.journal.valeurs[name]
            said = zip(words.words, words.folded, strict=True)
            champs[name] = Words(words.codes, tuple(ours.get(key, word) for word, key in said))
        self.kept = rows.natures == ACTION
        self.raw_carriers, raw_titles = self.field("porteur"), self.field("action")
        self.persons = hide_persons(champs, rows.autres, self.declared.partners, self.count)
        hidden = self.kept & (raw_titles.array() != self.field("action").array())
        done = "masquée ; un intitulé écrit parmi les alias d'un partenaire (partenaires.csv) reste tel quel"
        self.tell_rows("action", hidden, "personne nommée dans l'intitulé", done)

    def field(self, name: str) -> Words:
        return self.champs.get(name) or constant("", self.count)

    def tell(self, name: str, wrong: dict[int, str], treatment: Callable[[str], str] | str) -> None:
        """Tell once each word (by its rank) that has no meaning, at its first row, with its number of rows."""
        words, places = self.field(name), np.flatnonzero(self.kept)
        found = np.unique(words.codes[places], return_index=True, return_counts=True) if wrong else ()
        for rank, first, seen in zip(*found, strict=True):
            if rank in wrong:
                word = words.words[rank]
                many = f" ({seen} lignes)" if seen > 1 else ""
                said = treatment(word) if callable(treatment) else treatment
                self.anomalies.add(self.fichier, self.rows.lignes[places[first]], name, word, wrong[rank] + many, said)

    def tell_rows(self, name: str, rows: np.ndarray, problem: str, treatment: str, told: str = "") -> None:
        """Tell rows together, at the first of them; `told` says how many they are (« , la première ici »)."""
        at = np.flatnonzero(rows)
        if len(at):
            many = told or (f" ({len(at)} lignes, la première ici)" if len(at) > 1 else "")
            line, raw = self.rows.lignes[at[0]], mask_words(self.rows.libelles[at[0]])
            self.anomalies.add(self.fichier, line, name, raw, problem + many.format(len(at)), treatment)

    def decode(
        self, name: str, read: Callable, problem: str, treatment: Callable | str, blank: Any = "", said: str = ""
    ) -> np.ndarray:
        """A field through `read`; a word that it does not know (None) gives `blank` and an anomaly.

        In our own model, filled as people write, what was made of a word that says it otherwise is told, in the form `said`.
        """
        words = self.field(name)
        ours = self.journal.valeurs.get(name, {}) if name in TRADUITS_AILLEURS else {}
        made = [read(ours.get(key, word)) for word, key in zip(words.words, words.folded, strict=True)]
        self.tell(name, {rank: problem for rank, one in enumerate(made) if one is None}, treatment)
        if said and self.rows.located.format is not None and (own := self.rows.located.format.modele):
            meant = {i: said.format(n) for i, n in enumerate(made) if words.filled[i] and n and pd.notna(n)}
            other = [rank for rank, one in meant.items() if words.folded[rank] not in {fold(one), *map(fold, own)}]
            told = {words.words[rank]: f"compris\u00a0: {quoted(meant[rank])}" for rank in other}
            self.tell(name, dict.fromkeys(other, "écrit autrement"), told.__getitem__)
        cells = [blank if one is None else one for one in made]
        return np.array(cells, dtype=object if blank == "" else type(blank))[words.codes]

    def filled(self, made: np.ndarray, names: Iterable[str], read: Callable[[str], str | None]) -> np.ndarray:
        """Where nothing was made of a field, what other fields imply, in order."""
        for name in names:
            implied = self.field(name).map(lambda word: read(word) or "")
            made = np.where(made == "", implied, made)
        return made

    def titles(self) -> tuple[np.ndarray, np.ndarray]:
        known = self.rows.located.format
        if known is not None and known.poste:
            title, kept = known.poste["titre"], known.poste["garde"]
            named = self.field("reference").map(lambda word: f"{title} {word.strip()[:kept]}")
            return named, pd.Series(named).map({title: title_key(title) for title in set(named)}).to_numpy()
        titles = self.field("action").map(lambda word: instalment(word.strip())[1])
        missing = (titles == "") & self.kept & ("action" in self.rows.champs)
        self.tell_rows("action", missing, "action sans intitulé", "gardée sous le nom de son porteur", " ({} lignes)")
        keys = self.field("action").map(lambda word: title_key(instalment(word.strip())[1]))
        carriers = self.raw_carriers.array()
        for row in np.flatnonzero(self.persons):  # « Bourse de Jean Dupont », carried by him
            titles[row] = without_words(titles[row], carriers[row])
            keys[row] = title_key(titles[row])
        return np.where(titles == "", "(sans intitulé)", titles), keys

    def instalments(self) -> np.ndarray:
        """Rows that are the payment of a part of a grant: their title says so, or another of their cells says that alone."""
        found = self.field("action").map(lambda word: instalment(word)[0], bool)
        # Where amounts are asked for, « Solde » is the state of a file.
        asked = any(column.champ == "demande" for column in self.rows.montants)
        names = ("observation", "nature", *(() if asked else ("statut",)))
        for words in (*self.rows.autres.values(), *map(self.field, names)):
            found |= words.map(lambda word: instalment(word.strip()) == (True, ""), bool)
        done = "versements d'une même subvention : payés, et jamais une subvention ni une action de plus"
        self.tell_rows("action", found & self.kept, "acomptes et soldes", done)
        return found

    def carriers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Name (that of the partner where known), key, id of the partner, SIREN."""
        words, sirets = self.field("porteur"), self.field("siret")
        read = [read_siren(word) for word in sirets.words]
        doubts = {rank: f"SIRET illisible : {doubt}" for rank, (_, doubt) in enumerate(read) if doubt}
        self.tell("siret", doubts, "SIREN laissé vide")
        sirens = np.array([siren for siren, _ in read], dtype=object)[sirets.codes]
        by_siren = np.array([self.declared.sirens.get(siren, "") for siren, _ in read], dtype=object)[sirets.codes]
        keys = [carrier_key(word) for word in words.words]
        own = np.array(keys, dtype=object)[words.codes]
        ids = np.array([self.declared.partners.get(key, "") for key in keys], dtype=object)[words.codes]
        ids = np.where(ids == "", by_siren, ids)
        known = ids != ""
        alone = self.persons & ~known
        own = np.where(alone, PARTICULIER, np.where(own == "", sirens, own))
        names = np.where(alone, PARTICULIER, words.map(str.strip))
        sirens = np.where(alone, "", sirens)
        done = f"écrit « {PARTICULIER} » ; si c'est un organisme, déclarez-le dans partenaires.csv"
        self.tell_rows("porteur", self.kept & alone, "porteur qui est une personne", done)
        partners, declared = self.declared.partners, list(self.declared.partners)
        near = {  # a carrier that nobody declared is no fault; one whose name is nearly a declared one is told
            word: self.declared.noms[partners[found[0]]]
            for word, key in zip(words.words, keys, strict=True)
            if key and key not in partners
            if (found := process.extractOne(key[:120], declared, scorer=fuzz.ratio, score_cutoff=85))
        }
        self.tell(
            "porteur",
            {r: "porteur inconnu, presque un partenaire déclaré" for r, word in enumerate(words.words) if word in near},
            lambda word: f"gardé tel quel ; le plus proche : {quoted(near[word])} (à ajouter à ses alias si c'est lui)",
        )
        named = pd.Series(ids).map(self.declared.noms).to_numpy(dtype=object)
        names = np.where(known, named, np.where(names == "", sirens, names))
        return names, np.where(known, "id:" + ids.astype(str), own), ids, sirens

    def years(self) -> pd.Series:
        what, done = "pas une année, ou plusieurs", "année prise de la date, ou laissée vide"
        years = self.decode("annee", lambda w: read_year(w) or (None if w.strip() else 0), what, done, 0, "{}")
        known = self.rows.located.format
        if known is not None and known.annee_dans:
            form, champ = known.annee_dans["forme"], known.annee_dans["champ"]
            said = self.field(champ).map(lambda word: 2000 + int(m[1]) if (m := re.match(form, word)) else 0, int)
            years = np.where(years == 0, said, years)
        what, done = "date illisible", "date laissée de côté"
        paid, agreed = (
            self.decode(name, lambda w: (years_of_date(w) or (None if w.strip() else 0,))[0], what, done, 0)
            for name in ("date", "date_convention")
        )
        years = np.where(years == 0, np.where(paid == 0, agreed, paid), years)
        apart = self.kept & (paid > 0) & (agreed > 0) & (np.abs(paid - agreed) > 1) & (years == paid)
        title = next((name for name, champ in self.journal.colonnes.items() if champ == "date_convention"), "")
        paste = f'[[actions]] fichier = "{self.fichier}", reconnu = true, [actions.colonnes] "{title}" = "date"'
        done = f"année du versement ; pour prendre celle de la convention, écrivez dans contrat.toml : {paste}"
        what = "convention et versement à plus d'un an l'un de l'autre"
        self.tell_rows("date", apart, what, done, " ({} lignes)")
        if not any(column.annee for column in self.rows.montants):
            self.tell_rows("annee", self.kept & (years == 0), "année inconnue", "ligne gardée, sans année")
        start, end = self.context.territory.debut, self.context.territory.fin
        outside = self.kept & (years > 0) & ((years < start) | (years > end))
        self.tell_rows("annee", outside, f"hors du contrat ({start}-{end})", "ligne gardée, absente des analyses")
        return pd.Series(years).astype("Int16").mask(years == 0)

    def themes(self) -> tuple[np.ndarray, np.ndarray]:
        """Theme (id, `hors`, or '' unknown) and pillar; the label of the theme, or of the dispositif, may say both."""

        def reading(labels: Labels, excluded: str) -> Callable[[str], str | None]:
            return lambda word: excluded if (code := labels.code(word)) == EXCLU else code

        themes, pillars = self.labels["theme"], self.labels["pilier"]
        read_theme, read_pillar = reading(themes, HORS_THEME), reading(pillars, "")
        theme = self.decode("theme", read_theme, "thématique inconnue", _hinted("thème laissé vide", themes.suggest))
        pillar = self.decode("pilier", read_pillar, "pilier inconnu", _hinted("pilier laissé vide", pillars.suggest))
        pillar = self.filled(pillar, ("theme", "dispositif"), read_pillar)
        return self.filled(theme, ("dispositif",), read_theme), pillar

    def funders(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Funder (that of the partner where known), its id, and kind of money; what nobody says is `inconnu`."""
        words, partners = self.field("financeur"), self.declared.partners
        ids = words.map(lambda word: partners.get(carrier_key(word), ""))
        names = words.map(lambda word: self.declared.noms.get(partners.get(carrier_key(word), "")) or word.strip())
        kinds = self.labels["type_credit"]
        credit = self.decode("type_credit", kinds.code, "type de crédit inconnu", f"compté comme {INCONNU}")
        credit = self.filled(credit, ("dispositif", "financeur"), kinds.code)
        return names, ids, np.where(credit == "", INCONNU, credit)

    def statuses(self) -> np.ndarray:
        statuses = self.labels["statut"]
        left = _hinted(f"comptée comme {NON_RENSEIGNE}e", statuses.suggest)
        made = self.decode("statut", statuses.code, "suite donnée inconnue", left, said="{}")
        return np.where(made == "", NON_RENSEIGNE, made)

    def counts(self) -> np.ndarray:
        what, done = "pas un nombre de personnes", "laissé vide"
        return self.decode(
            "beneficiaires", lambda w: None if np.isneginf(n := read_count(w)) else n, what, done, np.nan, "{:.0f}"
        )

    def engagements(self) -> np.ndarray:
        words = self.field("engagement")
        codes = {fold(code): code for code in self.declared.engagements}
        tokens = [set(re.split(r"[\s|,;/]+", word)) - {""} for word in words.folded]
        wrong = {rank: "code d'engagement inconnu" for rank, some in enumerate(tokens) if not some <= codes.keys()}
        self.tell("engagement", wrong, _hinted("lien laissé de côté", lambda word: nearest(word, codes.values())))
        made = ["|".join(sorted(codes[token] for token in some & codes.keys())) for some in tokens]
        return np.array(made, dtype=object)[words.codes]

    def quarters(self) -> np.ndarray:
        words = self.field("qpv") if "qpv" in self.champs else self._quarters_above()
        labels = self.labels["quartier"]
        codes, geographie = self.context.quartiers, self.context.territory.geographie
        own = self.journal.valeurs.get("qpv", {})
        read: dict[str, Quarters] = {
            word: read_quarters(own.get(key, word), labels, codes, self.journal.separateurs, geographie)
            for word, key in zip(words.words, words.folded, strict=True)
        }

        def suggest(word: str) -> str:
            piece = read[word].inconnus[0]
            return _hinted(f"quartier laissé vide pour {quoted(piece[:80])}", labels.suggest)(piece)

        unknown = [rank for rank, word in enumerate(words.words) if read[word].inconnus]
        self.tell("qpv", dict.fromkeys(unknown, "quartier inconnu"), suggest)
        other = [rank for rank, word in enumerate(words.words) if read[word].autre_geographie]
        done = f"jamais rapproché des quartiers {geographie} : ce sont d'autres périmètres ; quartier laissé vide"
        self.tell("qpv", dict.fromkeys(other, "code d'une autre géographie des quartiers"), done)
        return words.map(lambda word: read[word].codes)

    def _quarters_above(self) -> Words:
        """Where no column says the quarter: what a heading names is that of the rows under it, until another or a total."""
        kinds, rows = self.rows.natures, np.arange(self.count)
        heads = {at: str(self.rows.libelles[at]) for at in np.flatnonzero((kinds == PIED) & (self.rows.libelles != ""))}
        named = np.isin(rows, [at for at, said in heads.items() if any(self.context.quarters_of(said))])
        last = np.maximum.accumulate(np.where(named | (kinds == TOTAL), rows, -1))
        codes, found = pd.factorize(pd.Series(np.where(named[last] & (last >= 0), last, -1)))
        self.tell_rows(
            "qpv", named, "un intertitre nomme un quartier", "c'est celui des lignes qui le suivent, jusqu'au total"
        )
        return Words(codes, tuple(heads.get(at, "") for at in found))

    def amounts(self) -> None:
        """Tell the cells of amounts that hold something else, one by one: each is money that could be missing."""
        for column in self.rows.montants:
            at = np.flatnonzero(column.mauvais & self.kept)
            if not len(at) or column.textes is None:
                continue
            cells, lines = column.textes.array(), self.rows.lignes
            for i in at[:MONTANTS_DITS]:
                what, done = "pas un montant", "montant laissé vide"
                if DOUTEUX.fullmatch(cells[i].strip(" €")):
                    what, sign = "des milliers, ou des décimales", cells[i].strip(" €")[-4]
                    block = "[[actions]]"
                    if self.rows.located.format is not None:
                        block += f' fichier = "{self.fichier}", reconnu = true,'
                    block += f' milliers = "{sign}"'
                    done += f" ; si « {sign} » sépare les milliers, écrivez dans contrat.toml : {block}"
                self.anomalies.add(self.fichier, lines[i], column.colonne, cells[i], what, done)
            if (more := len(at) - MONTANTS_DITS) > 0:
                what, done = f"{more} autres cellules sans montant lisible", "montants laissés vides"
                self.anomalies.add(self.fichier, lines[at[MONTANTS_DITS]], column.colonne, "", what, done)
