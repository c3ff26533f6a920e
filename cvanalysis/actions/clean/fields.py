"""The fields of one log, read on their distinct words: titles, carriers, years, themes, funders, statuses, quarters.

Owns the meaning of each field and what is told when a word has none. Every label that is not known stays as it was found, its code
blank, and is told once per log with its number of rows. Refuses to compare lines with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvanalysis.actions.clean.cells import (
    Words,
    common_words,
    constant,
    read_count,
    read_siren,
    read_year,
    years_of_date,
)
from cvanalysis.actions.clean.labels import EXCLU, Labels, Quarters, read_quarters
from cvanalysis.actions.clean.rows import ACTION, LogRows, hide_persons
from cvanalysis.actions.table import HORS_THEME, NON_RENSEIGNE
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.keys import carrier_key, title_key
from cvanalysis.french import fold, nearest, quoted
from cvanalysis.personnes.persons import PARTICULIER, without_words

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Territory


SANS_TITRE = "(sans intitulé)"


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared beside the logs: key of a partner's name → id, SIREN → id, id → name, and the codes of engagements."""

    partners: Mapping[str, str]
    sirens: Mapping[str, str]
    noms: Mapping[str, str]
    engagements: frozenset[str]


@dataclass(frozen=True, slots=True)
class Context:
    """What lines are read against: the territory, its labels by domain, and what it declares beside the logs."""

    territory: Territory
    labels: Mapping[str, Labels]
    declared: Declared

    @property
    def quartiers(self) -> tuple[str, ...]:
        return tuple(q.code for q in self.territory.quartiers)


TRADUITS_AILLEURS = ("theme", "pilier", "type_credit", "statut", "qpv")
"""Fields whose declared translation goes through the same table as the words found, so that a wrong one is told."""


def _with_hint(done: str, hint: str) -> str:
    return f"{done}. {hint}" if hint else done


class FieldReader:
    """Reads the fields of one log, each on its distinct words."""

    def __init__(
        self, rows: LogRows, context: Context, anomalies: Anomalies, champs: dict[str, Words], count: int
    ) -> None:
        self.rows, self.context, self.anomalies, self.champs, self.count = rows, context, anomalies, champs, count
        self.journal, self.fichier = rows.located.journal, rows.located.grid.fichier
        for name, ours in self.journal.valeurs.items():
            if name in champs and name not in TRADUITS_AILLEURS:
                words = champs[name]
                said = zip(words.words, words.folded, strict=True)
                champs[name] = Words(words.codes, tuple(ours.get(key, word) for word, key in said))
        self.kept = rows.natures == ACTION
        self.raw_carriers = self.field("porteur")
        self.persons = hide_persons(champs, rows.autres, context.declared.partners, count)

    def field(self, name: str) -> Words:
        return self.champs.get(name) or constant("", self.count)

    def text(self, name: str) -> np.ndarray:
        """A field as found, without outer spaces."""
        return self.field(name).map(str.strip)

    def tell(self, name: str, wrong: dict[int, str], treatment: Callable[[str], str] | str) -> None:
        words = self.field(name)
        codes = words.codes[self.kept]
        seen = np.bincount(codes, minlength=len(words.words)) if len(codes) else np.zeros(len(words.words), dtype=int)
        here = {rank: problem for rank, problem in wrong.items() if seen[rank]}
        if not here:
            return
        first = np.full(len(words.words), -1)
        places = np.flatnonzero(self.kept)[::-1]
        first[words.codes[places]] = places
        for rank, problem in here.items():
            word = words.words[rank]
            many = f" ({seen[rank]} lignes)" if seen[rank] > 1 else ""
            said = treatment(word) if callable(treatment) else treatment
            self.anomalies.add(self.fichier, self.rows.lignes[first[rank]], name, word, problem + many, said)

    def decode(
        self, name: str, read: Callable[[str], str | None], problem: str, treatment: Callable[[str], str] | str
    ) -> np.ndarray:
        """A field through `read`; a word that it does not know (None) gives '' and an anomaly."""
        words = self.field(name)
        ours = self.journal.valeurs.get(name, {})
        read_one = [read(ours.get(key, word)) for word, key in zip(words.words, words.folded, strict=True)]
        self.tell(name, {rank: problem for rank, made in enumerate(read_one) if made is None}, treatment)
        return np.array([made or "" for made in read_one], dtype=object)[words.codes]

    def titles(self) -> tuple[np.ndarray, np.ndarray]:
        known = self.rows.located.format
        if known is not None and known.poste is not None:
            made = self.field("reference").map(lambda word: f"{known.titre} {word.strip()[: known.garde]}")
            return made, self.field("reference").map(
                lambda word: title_key(f"{known.titre} {word.strip()[: known.garde]}")
            )
        titles = self.text("action")
        missing = (titles == "") & self.kept
        if missing.any() and "action" in self.rows.champs:
            at = np.flatnonzero(missing)
            self.anomalies.add(
                self.fichier,
                self.rows.lignes[at[0]],
                "action",
                "",
                f"action sans intitulé ({len(at)} lignes)",
                "gardée sous le nom de son porteur",
            )
        keys = self.field("action").map(title_key)
        carriers = self.raw_carriers.array()
        for row in np.flatnonzero(self.persons):  # « Bourse de Jean Dupont », carried by him
            titles[row] = without_words(titles[row], carriers[row])
            keys[row] = title_key(titles[row])
        return np.where(titles == "", SANS_TITRE, titles), keys

    def carriers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Name (that of the partner where known), key, id of the partner, SIREN."""
        words, sirets = self.field("porteur"), self.field("siret")
        read = [read_siren(word) for word in sirets.words]
        self.tell(
            "siret",
            {rank: f"SIRET illisible : {doubt}" for rank, (_, doubt) in enumerate(read) if doubt},
            "SIREN laissé vide",
        )
        sirens = np.array([siren for siren, _ in read], dtype=object)[sirets.codes]
        keys = [carrier_key(word) for word in words.words]
        ids = np.array([self.context.declared.partners.get(key, "") for key in keys], dtype=object)[words.codes]
        by_siren = np.array([self.context.declared.sirens.get(siren, "") for siren, _ in read], dtype=object)[
            sirets.codes
        ]
        ids = np.where(ids == "", by_siren, ids)
        names = np.array([word.strip() for word in words.words], dtype=object)[words.codes]
        own = np.array(keys, dtype=object)[words.codes]
        own = np.where(own == "", sirens, own)
        known = ids != ""
        alone = self.persons & ~known
        names, own, sirens = (
            np.where(alone, PARTICULIER, names),
            np.where(alone, PARTICULIER, own),
            np.where(alone, "", sirens),
        )
        done = f"écrit « {PARTICULIER} » ; si c'est un organisme, déclarez-le dans partenaires.csv"
        self._tell_rows("porteur", self.kept & alone, "porteur qui est une personne", done)
        named = pd.Series(ids).map(self.context.declared.noms).to_numpy(dtype=object)
        self._suggest_carriers(words, keys)
        return (
            np.where(known, named, np.where(names == "", sirens, names)),
            np.where(known, "id:" + ids.astype(str), own),
            ids,
            sirens,
        )

    def _suggest_carriers(self, words: Words, keys: list[str]) -> None:
        """A carrier that nobody declared is no fault; one whose name is nearly a declared one is told."""
        from rapidfuzz import fuzz, process

        declared = list(self.context.declared.partners)
        unknown = [rank for rank, key in enumerate(keys) if key and key not in self.context.declared.partners]
        if not declared or not unknown:
            return
        near = {}
        for start in range(0, len(unknown), 2000):
            batch = unknown[start : start + 2000]
            scores = process.cdist(
                [keys[r][:120] for r in batch], declared, scorer=fuzz.ratio, score_cutoff=85, dtype=np.uint8
            )
            best = scores.argmax(axis=1)
            near.update({rank: declared[b] for rank, b, s in zip(batch, best, scores.max(axis=1), strict=True) if s})
        said = {
            words.words[rank]: self.context.declared.noms[self.context.declared.partners[key]]
            for rank, key in near.items()
        }
        self.tell(
            "porteur",
            dict.fromkeys(near, "porteur inconnu, presque un partenaire déclaré"),
            lambda word: f"gardé tel quel ; le plus proche : {quoted(said[word])} (à ajouter à ses alias si c'est lui)",
        )

    def years(self) -> pd.Series:
        words = self.field("annee")
        read = [read_year(word) for word in words.words]
        self.tell(
            "annee",
            {rank: "pas une année, ou plusieurs" for rank, year in enumerate(read) if year == 0},
            "année prise de la date, ou laissée vide",
        )
        years = np.array([year or 0 for year in read], dtype=np.int16)[words.codes]
        for name in ("date", "date_convention"):
            dates = self.field(name)
            spans = [years_of_date(word) for word in dates.words]
            self.tell(
                name,
                {r: "date illisible" for r, s in enumerate(spans) if s is None and dates.words[r].strip()},
                "date laissée de côté",
            )
            years = np.where(
                years == 0, np.array([span[0] if span else 0 for span in spans], dtype=np.int16)[dates.codes], years
            )
        if not any(column.annee for column in self.rows.montants):
            self._tell_rows("annee", self.kept & (years == 0), "année inconnue", "ligne gardée, sans année")
        start, end = self.context.territory.debut, self.context.territory.fin
        outside = self.kept & (years > 0) & ((years < start) | (years > end))
        self._tell_rows("annee", outside, f"hors du contrat ({start}-{end})", "ligne gardée, absente des analyses")
        return pd.Series(years).astype("Int16").mask(years == 0)

    def _tell_rows(self, name: str, rows: np.ndarray, problem: str, treatment: str) -> None:
        at = np.flatnonzero(rows)
        if len(at):
            many = f" ({len(at)} lignes, la première ici)" if len(at) > 1 else ""
            self.anomalies.add(self.fichier, self.rows.lignes[at[0]], name, "", problem + many, treatment)

    def themes(self) -> tuple[np.ndarray, np.ndarray]:
        """Theme (id, `hors`, or '' unknown) and pillar; the label of the theme, or of the dispositif, may say both."""
        themes, pillars = self.context.labels["theme"], self.context.labels["pilier"]

        def read_theme(word: str) -> str | None:
            code = themes.code(word)
            return HORS_THEME if code == EXCLU else code

        theme = self.decode(
            "theme", read_theme, "thématique inconnue", lambda w: _with_hint("thème laissé vide", themes.suggest(w))
        )
        pillar = self.decode(
            "pilier",
            lambda w: (pillars.code(w) or "").replace(EXCLU, "") if pillars.code(w) is not None else None,
            "pilier inconnu",
            lambda w: _with_hint("pilier laissé vide", pillars.suggest(w)),
        )
        for name in ("theme", "dispositif"):
            words = self.field(name)
            implied = np.array([(pillars.code(word) or "").replace(EXCLU, "") for word in words.words], dtype=object)[
                words.codes
            ]
            pillar = np.where(pillar == "", implied, pillar)
        words = self.field("dispositif")
        implied = np.array([read_theme(word) or "" for word in words.words], dtype=object)[words.codes]
        return np.where(theme == "", implied, theme), pillar

    def funders(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Funder (that of the partner where known), its id, and kind of money; what nobody says is `inconnu`."""
        words = self.field("financeur")
        ids = [self.context.declared.partners.get(carrier_key(word), "") for word in words.words]
        names = np.array(
            [self.context.declared.noms.get(i) or w.strip() for i, w in zip(ids, words.words, strict=True)],
            dtype=object,
        )[words.codes]
        known = self.context.labels["type_credit"].codes
        credit = self.decode(
            "type_credit",
            lambda w: "" if not w.strip() else common_words("types_credit").get(fold(w)) or known.get(fold(w)),
            "type de crédit inconnu",
            "compté comme inconnu",
        )
        for name in ("dispositif", "financeur"):
            labels = self.field(name)
            implied = np.array([known.get(fold(word), "") for word in labels.words], dtype=object)[labels.codes]
            credit = np.where(credit == "", implied, credit)
        return names, np.array(ids, dtype=object)[words.codes], np.where(credit == "", "inconnu", credit)

    def statuses(self) -> np.ndarray:
        common, own = common_words("statuts"), self.context.labels["statut"].codes
        made = self.decode(
            "statut",
            lambda w: NON_RENSEIGNE if not w.strip() else own.get(fold(w)) or common.get(fold(w)),
            "suite donnée inconnue",
            lambda w: _with_hint(f"comptée comme {NON_RENSEIGNE}e", nearest(w, common)),
        )
        return np.where(made == "", NON_RENSEIGNE, made)

    def counts(self) -> np.ndarray:
        words = self.field("beneficiaires")
        read = [read_count(word) for word in words.words]
        self.tell(
            "beneficiaires",
            {r: "pas un nombre de personnes" for r, n in enumerate(read) if n == float("-inf")},
            "laissé vide",
        )
        return np.array([np.nan if n == float("-inf") else n for n in read])[words.codes]

    def engagements(self) -> np.ndarray:
        words = self.field("engagement")
        codes = {fold(code): code for code in self.context.declared.engagements}
        made, wrong = [], {}
        for rank, word in enumerate(words.folded):
            tokens = [
                token
                for token in word.replace("|", " ").replace(",", " ").replace(";", " ").replace("/", " ").split()
                if token
            ]
            made.append("|".join(sorted({codes[token] for token in tokens if token in codes})))
            if any(token not in codes for token in tokens):
                wrong[rank] = "code d'engagement inconnu"
        self.tell(
            "engagement",
            wrong,
            lambda w: _with_hint("lien laissé de côté", nearest(w, self.context.declared.engagements)),
        )
        return np.array(made, dtype=object)[words.codes]

    def quarters(self) -> np.ndarray:
        words, labels = self.field("qpv"), self.context.labels["quartier"]
        codes, geographie = self.context.quartiers, self.context.territory.geographie
        own = self.journal.valeurs.get("qpv", {})
        read: list[Quarters] = [
            read_quarters(own.get(fold(word), word), labels, codes, self.journal.separateurs, geographie)
            for word in words.words
        ]
        self.tell(
            "qpv",
            {r: "quartier inconnu" for r, q in enumerate(read) if q.inconnus},
            lambda w: self._suggest_quarter(read[words.words.index(w)].inconnus[0]),
        )
        self.tell(
            "qpv",
            {r: "code d'une autre géographie des quartiers" for r, q in enumerate(read) if q.autre_geographie},
            f"jamais rapproché des quartiers {geographie} : ce sont d'autres périmètres ; quartier laissé vide",
        )
        made = np.empty(len(read), dtype=object)
        made[:] = [q.codes for q in read]
        return made[words.codes]

    def _suggest_quarter(self, piece: str) -> str:
        hint = self.context.labels["quartier"].suggest(piece)
        return _with_hint(f"quartier laissé vide pour {quoted(piece[:80])}", hint)

    def amounts(self) -> None:
        """Tell the cells of amounts that hold something else, one by one: each is money that could be missing."""
        for column in self.rows.montants:
            at = np.flatnonzero(column.mauvais & self.kept)
            if not len(at) or column.textes is None:
                continue
            cells = column.textes.array()
            for position in at[:200]:
                self.anomalies.add(
                    self.fichier,
                    self.rows.lignes[position],
                    column.colonne,
                    cells[position],
                    "pas un montant",
                    "montant laissé vide",
                )
            if len(at) > 200:
                self.anomalies.add(
                    self.fichier,
                    self.rows.lignes[at[200]],
                    column.colonne,
                    "",
                    f"{len(at) - 200} autres cellules sans montant lisible",
                    "montants laissés vides",
                )
