"""The gap between a quarter and a zone it is compared with. Owns its unit and its sign; refuses figures of two times.

Gap = quarter minus comparator: in points for rates, as % of the comparator for euros and ratios; counts of places of unequal
size have no gap (they are compared in base 100). The ratio is secondary. « Hors QPV » is never computed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any, Literal, TypeVar

from cvanalysis.catalogue import Indicateur
from cvanalysis.catalogue.rules import Rules, load_rules
from cvanalysis.constat.shape import Valeur
from cvanalysis.errors import ComparisonRefused
from cvanalysis.indicateurs.observation import Instant, Observation
from cvanalysis.territory.contract import Seuils
from cvanalysis.textes import label

Pair = tuple[Observation, Observation]


M = TypeVar("M")
Verdict = Literal["rapproche", "eloigne", "stable", "avance_augmente", "avance_diminue", "croise", "incertain"]
"""rapproche / eloigne: a quarter behind (or, for a neutral indicator, apart) comes closer or goes further; avance_*: a
quarter that is better placed than its comparator; croise: it was on one side and is now on the other; incertain: no second
pair of years says the same."""
Mouvement = Literal["hausse", "baisse", "stable"]
_GEOGRAPHIE = re.compile(r"^(Q[A-Z])(?=[\dA-Z]{6}$)")
Sens = Literal["dessus", "dessous", "proche"]


def refusal(motif: str, /, **words: object) -> ComparisonRefused:
    """Why two figures may not be compared, as the page says it (`commun.refus`)."""
    return ComparisonRefused(label(f"commun.refus.{motif}", **words))


def attempt(measure: Callable[..., M], *of: Any) -> tuple[M | None, str]:
    """What is measured; else None, and why it may not be."""
    try:
        return measure(*of), ""
    except ComparisonRefused as refused:
        return None, str(refused)


@dataclass(frozen=True, slots=True)
class Gap:
    """`ecart` in `unite` (`points` or `%` of the comparator); `absolu` in the indicator's own unit; `rapport` may be None."""

    sujet: Observation
    repere: Observation
    ecart: float
    unite: str
    absolu: float
    rapport: float | None
    sens: Sens

    @property
    def valeur(self) -> Valeur:
        """The gap with its sign, ready to be said."""
        return Valeur(self.ecart, unite=self.unite, decimales=precision(self.unite, self.sujet, self.repere))

    @property
    def taille(self) -> Valeur:
        """The gap without its sign, for sentences that say « de plus » or « de moins »."""
        return replace(self.valeur, valeur=abs(self.ecart))


def ratio_of(gap: Gap) -> Valeur:
    """The ratio of the two figures, where the comparator's is above zero; a digit less where one of them is a whole number of %."""
    decimales = 1 + precision(gap.unite, gap.sujet, gap.repere)
    return Valeur(gap.rapport, "publié" if gap.rapport is not None else "sans_objet", decimales=decimales)


def precision(unite: str, *rows: Observation) -> int:
    """Decimals of a difference: those of the less precise of the figures, where it is in their own points."""
    known = [row.decimales for row in rows if row.decimales is not None and unite == "points"]
    return min(1, *known) if known else 1


def unit_of_gap(indicateur: Indicateur) -> str:
    """`points` for rates, `%` (of the comparator, or of the first year) for all others."""
    return "points" if indicateur.genre == "taux" else "%"


def tolerance(indicateur: Indicateur, seuils: Seuils, *counts: float) -> float:
    """Below it a difference is called « proche » or « stable », in the unit of the gap: what the contract declares, or the usual
    movement from one year to the next where it is greater; between two `counts`, what chance alone moves them by."""
    declared = seuils.stable_points if indicateur.genre == "taux" else seuils.stable_pourcent
    chance = 100 * sum(counts) ** 0.5 / counts[0] if indicateur.genre == "effectif" and counts else 0.0
    return max(declared, load_rules().mouvements.get(indicateur.id, 0.0), chance)


def unit_of_difference(indicateur: Indicateur) -> str:
    """A difference between two rates is said in points."""
    return "points" if indicateur.genre == "taux" else indicateur.unite


def measure_gap(
    indicateur: Indicateur, sujet: Observation, repere: Observation, seuils: Seuils, autre_annee: int = 0
) -> Gap:
    """Quarter minus comparator, at one and the same instant, or `autre_annee` years apart at most.

    Raises `ComparisonRefused` where one of the two is missing or suspect, where their times differ, for counts, and where
    a comparator of 0 makes a percentage meaningless.
    """
    for row in (sujet, repere):
        if not row.dite:
            raise refusal("inutilisable", raison=label(f"commun.raisons.{row.statut}"))
    if sujet.instant != repere.instant and (sujet.instant.apart(repere.instant) or autre_annee + 1) > autre_annee:
        raise refusal("annees", sujet=sujet.instant.situe, repere=repere.instant.situe)
    if sujet.source != repere.source:
        raise refusal("sources")
    if indicateur.genre == "effectif":
        raise refusal("effectifs")
    ecart, absolu = _apart(indicateur, repere, sujet, "repere_nul")
    rapport = sujet.valeur / repere.valeur if repere.valeur > 0 else None
    sens = {"stable": "proche", "hausse": "dessus", "baisse": "dessous"}[
        _mouvement(ecart, tolerance(indicateur, seuils))
    ]
    return Gap(sujet, repere, ecart, unit_of_gap(indicateur), absolu, rapport, sens)


def _apart(indicateur: Indicateur, base: Observation, other: Observation, nul: str) -> tuple[float, float]:
    """How far `other` is from `base`: in points for rates, else in % of the base; and in the indicator's unit.

    Published decimals are subtracted without the dust of binary floats (50.2 − 48.1 is 2.1).
    """
    absolu = round(other.valeur - base.valeur, 9)
    if indicateur.genre == "taux":
        return absolu, absolu
    if base.valeur == 0:
        raise refusal(nul)
    return 100 * absolu / abs(base.valeur), absolu


def _mouvement(difference: float, seuil: float) -> Mouvement:
    if round(abs(difference), 1) < round(seuil, 1):  # as both are printed
        return "stable"
    return "hausse" if difference > 0 else "baisse"


@dataclass(frozen=True, slots=True)
class Convergence:
    """`variation` = last gap minus first gap, in the unit of the gap.

    `temoin`: the two data years of another pair, one that says otherwise if any does, None where there is no other; the verdict is
    `incertain` unless all pairs say the same. `deflateur`: what turns euros of the first year into euros of the last one (1: no money).
    """

    debut: Gap
    fin: Gap
    variation: float
    verdict: Verdict
    desaccord: bool
    precautions: tuple[str, ...]
    temoin: tuple[int, int] | None
    deflateur: float

    @property
    def span(self) -> tuple[Instant, Instant]:
        return self.debut.sujet.instant, self.fin.sujet.instant

    @property
    def taille(self) -> Valeur:
        decimales = min(self.debut.valeur.decimales, self.fin.valeur.decimales)
        return Valeur(abs(self.variation), unite="points", decimales=decimales)


def matched_gaps(
    indicateur: Indicateur, sujet: Sequence[Observation], repere: Sequence[Observation], seuils: Seuils
) -> tuple[Gap, ...]:
    """The gaps of all instants at which both sides are published, oldest first: no other year is ever mixed in."""
    others = {row.instant: row for row in repere if row.dite}
    tried = (
        attempt(measure_gap, indicateur, row, others[row.instant], seuils) for row in sujet if row.instant in others
    )
    return tuple(gap for gap, _ in tried if gap is not None)


def measure_convergence(
    indicateur: Indicateur,
    sujet: Sequence[Observation],
    repere: Sequence[Observation],
    debut: int,
    fin: int,
    seuils: Seuils,
    rules: Rules,
) -> Convergence:
    """How the gap changed between the two matched years that `choose_pair` takes, if all their witnesses say the same; raises
    `ComparisonRefused`."""
    if indicateur.genre == "effectif":
        raise refusal("effectifs")
    gaps = {gap.sujet.instant: gap for gap in matched_gaps(indicateur, sujet, repere, seuils)}
    if len(gaps) < 2:
        raise refusal("un_ecart", quand=next(iter(gaps)).situe) if gaps else refusal("aucune_annee")
    avant, apres = choose_pair((gap.sujet for gap in gaps.values()), debut, fin, rules)
    first, last = gaps[avant.instant], gaps[apres.instant]
    cautions = check_comparable(avant, apres, rules), check_comparable(first.repere, last.repere, rules)
    seuil = tolerance(indicateur, seuils)
    verdict = _judge(indicateur.direction, first.ecart, last.ecart, seuil)
    pairs = witnesses([gap.sujet for gap in gaps.values()], (avant, apres), fin, rules)
    judged = [_judge(indicateur.direction, *(gaps[row.instant].ecart for row in pair), seuil) for pair in pairs]
    against = [pair for pair, other in zip(pairs, judged, strict=True) if other != verdict]
    temoin = next(iter((*against, *pairs)), None)
    deflator = (rules.deflator(avant.millesime, apres.millesime) if indicateur.genre == "montant" else None) or 1.0
    return Convergence(
        first,
        last,
        round(last.ecart - first.ecart, 9),
        "incertain" if against or not pairs else verdict,
        _disagree(first, last, seuil, deflator),
        tuple(dict.fromkeys(chain(*cautions))),
        temoin and (temoin[0].millesime, temoin[1].millesime),
        deflator,
    )


def witnesses(rows: Sequence[Observation], pair: Pair, fin: int, rules: Rules) -> list[Pair]:
    """The other pairs of years, nearest to `pair`, that must say the same as it: as long to a year, and across no more breaks."""
    a, b = (row.millesime for row in pair)
    breaks = len(rules.of(pair[0].source).crossed(a, b))
    found: dict[Pair, int] = {}
    for other in combinations((row for row in rows if row.millesime is None or row.millesime <= fin), 2):
        if other != pair and attempt(check_comparable, *other, rules)[0] is not None:
            c, d = (row.millesime for row in other)
            if abs(d - c - b + a) <= 1 and len(rules.of(other[0].source).crossed(c, d)) <= breaks:
                found[other] = abs(c - a) + abs(d - b)
    return [other for other, far in found.items() if far == min(found.values())]


def _judge(direction: str, first: float, last: float, seuil: float) -> Verdict:
    """Verdict on a gap that goes from `first` to `last`; up is better unless `direction` is `baisse`."""
    sign = {"hausse": 1, "baisse": -1}.get(direction, 0)
    if round(abs(last - first), 1) < round(seuil, 1):
        return "stable"
    if first * last < 0 and min(abs(first), abs(last)) >= seuil:
        return "croise"
    closer = abs(last) < abs(first)
    if max(first, last, key=abs) * sign > 0:
        return "avance_diminue" if closer else "avance_augmente"
    return "rapproche" if closer else "eloigne"


def _disagree(first: Gap, last: Gap, seuil: float, deflator: float = 1.0) -> bool:
    """True where one measure says closer and the other says further, amounts in euros of the last year."""
    main = abs(last.ecart) - abs(first.ecart)
    if abs(main) < seuil / 10:
        return False
    if first.unite == "points":
        if not (first.rapport and last.rapport):
            return False
        second = abs(last.rapport - 1) - abs(first.rapport - 1)
    else:
        second = abs(last.absolu) - abs(first.absolu) * deflator
    return round(main, 9) * round(second, 9) < 0


@dataclass(frozen=True, slots=True)
class Evolution:
    """`variation` in `unite`: points for rates, % of the first year for amounts, counts and ratios.

    Amounts are in euros of the last year: `deflateur` is what prices were multiplied by (None: not known, or not money), `nominale` the
    change in euros of each year. Below `seuil`, in `unite`, it is `stable`; `contredit`: other years nearby (two data years, and what
    they say) of a source whose movements must be confirmed, None where none says otherwise.
    """

    avant: Observation
    apres: Observation
    variation: float
    unite: str
    absolue: float
    sens: Mouvement
    precautions: tuple[str, ...]
    seuil: float
    nominale: float = 0.0
    deflateur: float | None = None
    contredit: tuple[int, int, Mouvement] | None = None

    @property
    def prix(self) -> int | None:
        """The year whose euros it is told in; None where it isn't money, or prices are not known."""
        return self.apres.millesime if self.deflateur else None

    @property
    def span(self) -> tuple[Instant, Instant]:
        return self.avant.instant, self.apres.instant

    @property
    def valeur(self) -> Valeur:
        return Valeur(self.variation, unite=self.unite, decimales=precision(self.unite, self.avant, self.apres))

    @property
    def taille(self) -> Valeur:
        return replace(self.valeur, valeur=abs(self.variation))


def check_comparable(avant: Observation, apres: Observation, rules: Rules) -> tuple[str, ...]:
    """The cautions (their ids) of a change from `avant` to `apres`; raises `ComparisonRefused` where it may not be measured."""
    for row in (avant, apres):
        if not row.dite:
            raise refusal("inutilisable_annee", raison=label(f"commun.raisons.{row.statut}"), quand=row.instant.situe)
    check_geographies(avant.zone, apres.zone)
    if avant.zone != apres.zone:
        raise refusal("territoires")
    if avant.source != apres.source:
        raise refusal("source_changee")
    if avant.millesime is None or apres.millesime is None:
        raise refusal("non_date")
    rule = rules.of(avant.source)
    debut, fin = avant.millesime, apres.millesime
    if fin <= debut:
        raise refusal("meme_annee", annee=debut)
    if fin - debut < rule.ecart_minimal:
        raise refusal("trop_proches", motif=rule.motif, debut=debut, fin=fin)
    crossed = dict.fromkeys(rupture.precaution for rupture in rule.crossed(debut, fin))
    return ((rule.precaution,) if rule.precaution else ()) + tuple(crossed)


def check_geographies(zone: str, autre: str) -> None:
    """Raises `ComparisonRefused` where two quarters are drawn on two different lists of perimeters (QP 2015, QN 2024)."""
    kinds = [match.group(1) for match in map(_GEOGRAPHIE.match, (zone, autre)) if match]
    if len(set(kinds)) > 1:
        raise refusal("contours", un=kinds[0], autre=kinds[1])


def measure_evolution(
    indicateur: Indicateur, avant: Observation, apres: Observation, seuils: Seuils, rules: Rules
) -> Evolution:
    """Change between two observations of one zone; raises `ComparisonRefused`."""
    precautions = check_comparable(avant, apres, rules)
    variation, absolue = _apart(indicateur, avant, apres, "depart_nul")
    nominale, deflator = variation, None
    if indicateur.genre == "montant":
        deflator = rules.deflator(avant.millesime, apres.millesime)
        precautions = (*precautions, "euros_constants" if deflator else "euros_courants")
    if deflator:
        absolue = apres.valeur - avant.valeur * deflator
        variation = 100 * absolue / abs(avant.valeur * deflator)
    seuil = tolerance(indicateur, seuils, avant.valeur, apres.valeur)
    return Evolution(
        avant, apres, variation, unit_of_gap(indicateur), absolue, _mouvement(variation, seuil), precautions, seuil,
        nominale, deflator,
    )  # fmt: skip


def confirm(
    change: Evolution, indicateur: Indicateur, rows: Sequence[Observation], fin: int, seuils: Seuils, rules: Rules
) -> Evolution:
    """The change with the years nearby that say otherwise, where its source asks a movement to be confirmed."""
    asked = rules.of(change.avant.source).temoin
    for pair in witnesses(rows, (change.avant, change.apres), fin, rules) if asked else ():
        other = measure_evolution(indicateur, *pair, seuils, rules)
        if other.sens != change.sens:
            return replace(change, contredit=(pair[0].millesime, pair[1].millesime, other.sens))
    return change


def in_euros_of(row: Observation, annee: int, rules: Rules) -> Observation:
    """An amount turned into euros of that year; left as it is where prices are not known, or where it has no year or no figure."""
    deflator = rules.deflator(row.millesime, annee) if row.millesime and row.valeur is not None else None
    return row if deflator is None else row._replace(valeur=row.valeur * deflator)


def choose_pair(series: Iterable[Observation], debut: int, fin: int, rules: Rules) -> Pair:
    """The two observations between which a change is measured, by a rule that doesn't look at the values.

    Among the pairs that may be compared, up to the end of the contract: the fewest breaks crossed, then, of those that end after its
    beginning, the start closest to it, then the longest span. Raises `ComparisonRefused` with the most telling reason for none.
    """
    series = tuple(series)
    rows = [row for row in series if row.dite and (row.millesime is None or row.millesime <= fin)]
    pairs: dict[tuple[int, int, int], Pair] = {}
    why = ""
    for avant, apres in combinations(rows, 2):
        cautions, why = attempt(check_comparable, avant, apres, rules)
        if cautions is not None:
            a, b = avant.millesime, apres.millesime
            far = abs(a - debut) if b > debut else fin  # before a contract has a figure, the longest span says most
            pairs.setdefault((len(rules.of(avant.source).crossed(a, b)), far, a - b), (avant, apres))
    if pairs:
        return pairs[min(pairs)]
    if len(rows) < 2:
        aside = [row for row in series if row.valeur is not None and row not in rows]
        reasons = ("commun.refus.apres" if row.dite else f"commun.raisons.{row.statut}" for row in aside)
        told = [f"{row.instant.situe} {label(why, fin=fin)}" for row, why in zip(aside, reasons, strict=True)]
        key = f"{'un' if rows else 'aucun'}_chiffre{'_utilisable' if told else ''}"
        raise refusal(key, quand=rows[0].instant.situe if rows else "", autres=" ; ".join(told))
    raise ComparisonRefused(why)
