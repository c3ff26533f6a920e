"""A declared question, asked of one quarter or of all at once: what its kinds share. Owns the choice of the moment.

Asked of all, nothing is added up or averaged across quarters; a quarter without a usable figure is named with its reason.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from cvanalysis.catalogue import ConstatDeclare, Indicateur
from cvanalysis.constat.make import make, serie
from cvanalysis.constat.shape import Finding, Message, Role, Serie, Table, Valeur, word
from cvanalysis.french import QUARTIER, capital
from cvanalysis.indicateurs.context import PREFERENCE, Contexte, Zone, reason
from cvanalysis.indicateurs.measure import tolerance, unit_of_gap
from cvanalysis.indicateurs.observation import PRESQUE_TOUS, RETOUR_MAXI, Instant, Observation
from cvanalysis.indicateurs.ranking import enough as compared
from cvanalysis.indicateurs.ranking import table_of_ends
from cvanalysis.textes import label


class Question:
    """One declared question in one context. A kind is a subclass that answers it: `of_one` of a quarter, `of_all` of the contract."""

    ensemble = True  # whether it can be asked of all quarters at once
    dated = True  # whether it is asked of one moment, and has nothing to say where there is none

    def __init__(self, ctx: Contexte, declare: ConstatDeclare) -> None:
        self.ctx, self.declare = ctx, declare
        self.indicateurs = tuple(ctx.catalogue.indicateurs[ident] for ident in declare.indicateurs)
        self.indicateur = self.indicateurs[0]
        self.effectif = self.indicateur.genre == "effectif"

    def find(self) -> Finding:
        if self.dated and self.instant is None:
            return self.nothing()
        return self.of_all() if self.ctx.tous else self.of_one()

    @cached_property
    def instant(self) -> Instant | None:
        """The moment that the question is asked of; None where nothing is published."""
        return common_instant(self.ctx, self.indicateur) if self.ctx.tous else last_instant(self.ctx, self.indicateur)

    @property
    def code(self) -> str:
        return self.ctx.quartier.code

    def value(self, zone: str) -> Valeur:
        return self.ctx.value(zone, self.indicateur, self.instant)

    def series(self, nom: str, role: Role, zones: Iterable[Zone]) -> Serie:
        return serie(nom, role, ((zone.nom, self.value(zone.code)) for zone in zones))

    def finding(
        self,
        message: Message,
        rows: Sequence[Observation | None],
        *,
        precautions: Sequence[str] = (),
        manques: Iterable[str] = (),
        poids: float = 0.0,
        **parts: Any,
    ) -> Finding:
        """The finding of the declared question under its stable number; `precautions` are ids, `parts` go to `constat.make`."""
        ctx, declare = self.ctx, self.declare
        here = label("synthese.champ") if ctx.tous else ctx.quartier.nom
        few = ("petit_nombre",) if ctx.tous and not ctx.territory.vaste else ()
        cautions, generales = ctx.cautions(self.indicateurs, rows, (*precautions, *few))
        source, files = ctx.source(rows)
        return make(
            f"{'synthese' if ctx.tous else self.code}-{declare.numero}",
            message,
            question=declare.question,
            section=declare.section,
            source=source,
            precautions=cautions,
            generales=generales,
            fichiers=files,
            manques=dict.fromkeys(manques),
            poids=round(poids, 6),
            exemple=ctx.territory.invents(*(row.fichier for row in rows if row)),
            **{"champ": ctx.champ(self.indicateur, here), **parts},
        )

    def nothing(self, raison: str = "", gabarit: str = "", **valeurs: object) -> Finding:
        """The finding where nothing at all is published, for anyone: no figure, no table, and it says so."""
        one, tous = self.indicateur, self.ctx.tous
        every = (self.ctx.serie(zone.code, of) for zone in self.ctx.sujets for of in self.indicateurs)
        told = {row.statut for rows in every for row in rows}
        usual = label("commun.refus.aucun_chiffre") if tous else reason("non_disponible")
        raison = raison or (reason(told.pop()) if len(told) == 1 else usual)
        values = {"indicateur": one.id, "nom": one.nom, "raison": raison, "question": self.declare.question}
        values |= {} if tous else {"quartier": QUARTIER, "zone": self.code}
        names = " », « ".join(indicateur.nom for indicateur in self.indicateurs)
        return self.finding(
            Message(gabarit or ("synthese.rien" if tous else "quartier.rien"), values | valeurs),
            (),
            sous_titre=self.ctx.subtitle(one),
            manques=[label("commun.manque.rien", nom=names, raison=raison)],
        )

    def basics(self, instant: Instant | None = None, indicateur: Indicateur | None = None) -> dict[str, object]:
        """The values that every template about one quarter at one moment may use."""
        ctx, one, instant = self.ctx, indicateur or self.indicateur, instant or self.instant
        value = ctx.value(self.code, one, instant)
        values: dict[str, object] = {
            "indicateur": one.id,
            "nom": one.nom,
            "question": self.declare.question,
            "quartier": QUARTIER,
            "zone": self.code,
            "valeur": value,
            "an": instant.court,
            "annee": ctx.moment(one, instant),
            "statut": value.statut,
            "parmi": f" {ctx.parmi}" if ctx.territory.vaste else "",
        }
        if one.unite == "€" and value.valeur is not None:
            values["mensuel"] = monthly(value)
        return values

    def summary(self, known: Sequence[Zone]) -> dict[str, object]:
        """The values that every template about all the quarters may use."""
        one, total = self.indicateur, len(self.ctx.territory.quartiers)
        an = self.instant.court if self.instant else ""
        return {"indicateur": one.id, "nom": one.nom, "an": an, "publies": len(known), "total": total}

    def absence(self, instant: Instant | None = None, indicateur: Indicateur | None = None) -> Message | None:
        """The message of a figure that is missing or suspect; None where it can be used."""
        values = self.basics(instant, indicateur)
        if values["valeur"].dite:
            return None
        if values["statut"] == "suspect":
            return Message("quartier.suspect", values)
        short = label(f"affichage.raisons.{values['statut']}")
        return Message("quartier.absent", {**values, "court": short})

    def missing_own(self, one: Indicateur) -> tuple[str, ...]:
        """What is not known of the quarter itself: this figure, or a more recent one that others have."""
        ctx, instant = self.ctx, self.instant
        if here := ctx.missing(one, instant):
            return here
        later = [
            other
            for other in ctx.observations.instants([q.code for q in ctx.voisins], one.id)
            if other.nature == instant.nature and other.annee > instant.annee
        ]
        later = [other for other in later if not ctx.value(self.code, one, other).dite]
        if not later:
            return ()
        statut = ctx.value(self.code, one, later[-1]).statut
        words = {"quartier": ctx.quartier.nom, "nom": one.nom, "quand": later[-1].situe, "raison": reason(statut)}
        return (self.lack("plus_tard", **words),)

    def lack(self, key: str, **words: object) -> str:
        """What is not known of a quarter, in a sentence."""
        return label(f"quartier.manque.{key}", **{"nom": self.indicateur.nom, **words})

    def beside_none(self, key: str, absent: Sequence[Zone], among: Sequence[Zone], **words: object) -> list[str]:
        """Which of those that the quarter is compared with have no figure, in a sentence; nothing where all have one."""
        return [self.lack(key, noms=self.ctx.compared(absent, among), **words)] if absent else []

    def by_quarter(
        self,
        colonnes: tuple[str, ...],
        cells: Callable[[Zone], tuple[Valeur, ...]],
        ordered: Sequence[Zone],
        legende: str,
        after: Sequence[tuple[Valeur, ...]] = (),
    ) -> Table:
        """A line per quarter in the declared order, then `after`; the two ends of `ordered` (lowest first) where they are too many."""
        if self.ctx.territory.vaste and ordered:
            return table_of_ends(colonnes, ordered, cells, legende, after)
        lines = (*((word(zone.nom), *cells(zone)) for zone in self.ctx.voisins), *after)
        return Table(colonnes, lines, f"{legende}. {label('synthese.ordre.tableau')}")

    def tolerance(self) -> Valeur:
        """Below it a difference is called « proche » or « stable »."""
        seuil = tolerance(self.indicateur, self.ctx.territory.seuils)
        return Valeur(seuil, unite=unit_of_gap(self.indicateur), decimales=1)


def last_instant(ctx: Contexte, indicateur: Indicateur) -> Instant | None:
    """The quarter's last figure, or a slightly older data year that comparators share.

    Without any figure of the quarter: the last moment of the other quarters (then what is said is its absence).
    """
    code = ctx.quartier.code
    last, instant = ctx.observations.latest(code, indicateur.id), own_instant(ctx, indicateur)
    if last is None or last.instant != instant or not last.dite:
        return instant
    told = [row.instant for row in reversed(ctx.serie(code, indicateur)) if row.dite]
    return _most_telling(ctx, indicateur, _together(ctx, indicateur, told, [code]))


def own_instant(ctx: Contexte, indicateur: Indicateur) -> Instant | None:
    """The moment of the quarter's last figure; of the others' last, where it has none or one that is years older."""
    last = ctx.observations.latest(ctx.quartier.code, indicateur.id)
    newest = common_instant(ctx, indicateur) if last else None
    if last and not (newest and newest.vers - last.instant.vers > RETOUR_MAXI):
        return last.instant
    known = ctx.observations.instants([q.code for q in ctx.voisins], indicateur.id)
    return newest or (known[-1] if known else None)


def _together(
    ctx: Contexte, indicateur: Indicateur, instants: Sequence[Instant], codes: Sequence[str]
) -> Sequence[Instant]:
    """Of these moments, latest first, those at which women's figure and that of all are both known of as many zones, so that the two are
    told of one moment; all of them where that would go years back."""
    other = ctx.catalogue.indicateurs.get(whole(ctx, indicateur).femmes)
    if other == indicateur:
        other = whole(ctx, indicateur)
    count = {i: sum(ctx.value(code, other, i).dite for code in codes) for i in instants} if other else {}
    both = [i for i in instants if count.get(i) and count[i] >= max(count.values()) * PRESQUE_TOUS]
    return both if both and instants[0].vers - both[0].vers <= RETOUR_MAXI else instants


def whole(ctx: Contexte, indicateur: Indicateur) -> Indicateur:
    """The indicator of all, where this is that of women."""
    return next((one for one in ctx.catalogue.indicateurs.values() if one.femmes == indicateur.id), indicateur)


def _most_telling(ctx: Contexte, indicateur: Indicateur, instants: Sequence[Instant]) -> Instant:
    """Of these moments, latest first, the first at which the EPCI or a commune has a figure, else any other comparator; the latest one
    where none has, years before it, or where nothing is compared."""
    last, indicateur = instants[0], whole(ctx, indicateur)
    if last.etabli and indicateur.genre != "effectif" and not indicateur.rapporte:
        near = [instant for instant in instants if instant.etabli and last.annee - instant.annee <= RETOUR_MAXI]
        for reperes in ([zone for zone in ctx.reperes if zone.role in PREFERENCE[:2]], ctx.reperes):
            for instant in near:
                if any(ctx.value(zone.code, indicateur, instant).dite for zone in reperes):
                    return instant
    return last


def common_instant(ctx: Contexte, indicateur: Indicateur) -> Instant | None:
    """The last instant at which most quarters are published, not years back where too few are; a slightly older one where only there
    comparators are too."""
    codes = [q.code for q in ctx.quartiers]
    instants = ctx.observations.instants(codes, indicateur.id)
    count = {i: sum(ctx.value(code, indicateur, i).dite for code in codes) for i in instants}
    known = [i for i in instants if count[i]]
    if known and not compared(max(count.values()), len(codes), 0):  # an old moment that compares nothing says no more
        known = [i for i in known if known[-1].vers - i.vers <= RETOUR_MAXI]
    enough = [i for i in known if count[i] >= max(count[k] for k in known) * PRESQUE_TOUS]
    return _most_telling(ctx, indicateur, _together(ctx, indicateur, enough[::-1], codes)) if enough else None


def monthly(yearly: Valeur) -> Valeur:
    return Valeur(yearly.valeur / 12, yearly.statut, yearly.unite) if yearly.valeur is not None else yearly


def short(indicateur: Indicateur) -> str:
    """The name of an indicator as it heads a column."""
    return indicateur.nom_court or indicateur.nom


def axis(indicateur: Indicateur, base: object = None, prix: int | None = None) -> str:
    """« Taux de pauvreté (%) »; with `base`, the year that is 100; with `prix`, that of the euros."""
    unit = label("commun.base_100", annee=base) if base else indicateur.unite
    if prix:
        unit = label("commun.euros_de", unite=unit, annee=prix)
    return f"{capital(indicateur.nom)} ({unit})" if unit else capital(indicateur.nom)
