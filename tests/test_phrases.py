"""French as it is printed: numbers, names, no-break spaces, and sentences that never say why."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from cvanalysis import french
from cvanalysis.constat.shape import Message, Valeur
from cvanalysis.display import phrases
from cvanalysis.indicateurs.context import Zone
from cvanalysis.indicateurs.ranking import Rank
from cvanalysis.textes import label, pages


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "expected"),
    [
        (12345.6, "", 1, "12\u202f345,6"),
        (1234567, "€", 0, "1\u202f234\u202f567\u00a0€"),
        (1.5, "points", 1, "1,5\u00a0point"),
        (2, "points", 1, "2,0\u00a0points"),
        (1.96, "points", 1, "2,0\u00a0points"),
        (0, "personnes", 0, "0\u00a0personne"),
        (1, "unités de consommation", 0, "1\u00a0unité de consommation"),
        (-0.04, "%", 1, "0,0\u00a0%"),
        (-3.25, "points", 1, "\u22123,3\u00a0points"),
        (2.25, "", 1, "2,3"),
        (0.1 + 0.2, "", 1, "0,3"),
    ],
)
def test_numbers_are_printed_as_the_french_print_them(value, unit, decimals, expected):
    assert french.with_unit(value, unit, decimals) == expected


@given(st.floats(-1e12, 1e12), st.integers(0, 3))
def test_a_printed_number_reads_back_within_half_a_last_digit(value, decimals):
    text = french.number(value, decimals)
    back = float(text.replace("\u202f", "").replace(",", ".").replace("\u2212", "-"))
    assert abs(back - value) <= 0.5000001 * 10**-decimals + abs(value) * 1e-12
    assert not re.fullmatch("[\u2212-]0(,0+)?", text)


@pytest.mark.parametrize(
    ("valeur", "expected"),
    [
        (Valeur(None, "non_diffusé", "%", 1), "non diffusé"),
        (Valeur(None, "secret"), "secret statistique"),
        (Valeur(None, "masqué"), "masqué"),
        (Valeur(0.0, "suspect", "personnes"), "0\u00a0personne (douteux)"),
        (Valeur(None, texte="La Plaine"), "La Plaine"),
        (Valeur(0.0, "publié", "€"), "0\u00a0€"),
    ],
)
def test_a_value_says_its_figure_or_the_reason_for_its_absence(valeur, expected):
    assert phrases.say(valeur) == expected


@pytest.mark.parametrize(
    ("nom", "at", "of"),
    [
        ("Les Dervallières", "aux Dervallières", "des Dervallières"),
        ("Château", "au Château", "du Château"),
        ("Château Rouge", "à Château Rouge", "de Château Rouge"),
        ("Cité", "à la Cité", "de la Cité"),
        ("Le Breil", "au Breil", "du Breil"),
        ("La Boissière", "à La Boissière", "de La Boissière"),
        ("Bellevue", "à Bellevue", "de Bellevue"),
        ("Orvault", "à Orvault", "d’Orvault"),
        ("Leers", "à Leers", "de Leers"),
        ("Lesquin", "à Lesquin", "de Lesquin"),
        ("L’Étang", "à L’Étang", "de L’Étang"),
    ],
)
def test_places_contract_with_their_article(nom, at, of):
    assert (french.at(nom), french.of(nom)) == (at, of)


@pytest.mark.parametrize(
    ("nom", "role", "expected"),
    [
        ("Tous les QPV", "france_qpv", "dans l’ensemble des QPV de France"),
        ("France métropolitaine", "france", "en France métropolitaine"),
        ("Loire-Atlantique", "departement", "dans le département (Loire-Atlantique)"),
        ("Nantes Métropole", "epci", "à Nantes Métropole"),
        ("Communauté urbaine d’Arras", "epci", "dans la communauté urbaine d’Arras"),
        ("Eurométropole de Metz", "epci", "dans l’eurométropole de Metz"),
        ("Le Havre", "commune", "au Havre"),
    ],
)
def test_comparators_are_called_by_what_they_are(nom, role, expected):
    assert french.comparator(nom, role, "dans") == expected


@pytest.mark.parametrize(
    ("nom", "expected"),
    [
        ("taux d’emploi", "le taux d’emploi"),
        ("part de femmes", "la part de femmes"),
        ("indice de Gini", "l’indice de Gini"),
        ("allocataires de la CAF", "le nombre d’allocataires de la CAF"),
    ],
)
def test_common_names_take_their_article(nom, expected):
    assert french.definite(nom) == expected


@pytest.mark.parametrize(
    ("unit", "number", "expected"),
    [("cas", 1, "cas"), ("mois", 0, "mois"), ("points", 1.9, "point"), ("cas", 3, "cas")],
)
def test_words_that_end_in_s_in_the_singular_keep_it(unit, number, expected):
    assert french.plural(unit, number) == expected


def test_every_indicator_of_the_findings_has_an_article():
    from cvanalysis.catalogue import load_catalogue

    known = load_catalogue()
    used = {ident for declare in known.constats for ident in declare.indicateurs}
    assert [i for i in used if french.definite(known.indicateurs[i].nom).startswith("«")] == []


def test_dates_are_said_in_words():
    assert french.when("2018") == "en 2018"
    assert french.when("31/12/2021") == "au 31 décembre 2021"
    assert french.when("01/01/2015") == "au 1ᵉʳ janvier 2015"
    assert french.when("publication 2019 (année des données non établie)").startswith("selon la publication 2019")


def test_typography_is_enforced_once_and_for_all():
    text = french.typeset("L'écart : 3 % ? « oui » ; non!")
    assert text == "L’écart\u00a0: 3\u00a0%\u00a0? «\u00a0oui\u00a0»\u00a0; non\u00a0!"
    assert french.typeset(text) == text
    assert french.typeset("à 10:30, voir http://exemple.fr?a=1") == "à 10:30, voir http://exemple.fr?a=1"


def test_a_missing_value_raises_instead_of_printing():
    with pytest.raises(UndefinedError):
        phrases.write(Message("quartier.niveau_effectif", {"quartier": "Bellevue"}))
    with pytest.raises(KeyError):
        phrases.write(Message("quartier.inconnu"))


def test_fifteen_quarters_do_not_read_the_same_and_each_always_reads_the_same():
    values = {
        "nom": "population",
        "avant": Valeur(1.0),
        "apres": Valeur(2.0),
        "annee_avant": "2013",
        "annee_apres": "2018",
    }
    values |= {"ecart": Valeur(3.0), "difference": Valeur(4.0), "indicateur": "population", "recent": ""}

    def texts():
        return [phrases.write(Message("quartier.evolution_hausse", {**values, "quartier": f"Q{n}"})) for n in range(15)]

    shapes = {re.sub(r"Q\d+", "Q", text) for text in texts()}
    assert len(shapes) > 1
    assert texts() == texts()


@pytest.mark.parametrize(
    ("filled", "rest"),
    [(4, " ; les autres sont dits « non renseigné »."), (5, " ; l’autre est dit « non renseigné »."), (6, ".")],
)
def test_engagements_that_all_say_their_progress_leave_no_others(filled, rest):
    said = phrases.write(Message("actions.lecture_engagements", {"renseignes": filled, "total": 6}))
    plain = said.replace("\u202f", " ").replace("\u00a0", " ")
    assert plain == f"L’avancement est renseigné pour {filled} engagements sur 6{rest}"


@pytest.mark.parametrize(
    ("gabarit", "values", "most", "expected"),
    [
        ("voix.idees", {"cle": "marche", "idee": "Venir au pied des immeubles", "idees": 2, "personnes": Valeur(11.0, texte="11 à 14"),
                        "quartiers": Valeur(0.0, unite="quartiers"), "theme": ""}, 99, "quartier"),
        ("participation.manquantes", {"quartiers": [], "colleges": ["Bailleurs"], "sur": 2, "tous": False}, 99, "encore celle"),
        ("participation.couverture", {"cle": "couverture-02", "sur": 6, "vides": 0, "entendus": 0}, 99, "0 où"),
        ("qualite.couverture_annees", {"total": 235, "pleins": 226, "quartiers": 1}, 99, "les 1 quartiers"),
        ("synthese.niveau_peu", {"nom": "taux", "an": "2021", "publies": 2, "total": 2}, 1, "2 quartiers sur 2"),
    ],
)  # fmt: skip
def test_where_there_is_none_or_one_no_sentence_counts_it_as_many(gabarit, values, most, expected):
    said = phrases.write(Message(gabarit, values), most).replace("\u00a0", " ").replace("’", "'")
    assert expected not in said


def test_what_is_said_of_many_quarters_has_a_short_form_without_their_names():
    names = [f"Quartier {n}" for n in range(27)]
    base = {"sans": names, "total": 40, "periode": "2015-2022", "muettes": 0, "debut": 2020, "fin": 2022}
    for gabarit in ("theme.actions-02", "theme.besoins-01"):
        said = phrases.write(Message(gabarit, base), phrases.MOTS)
        assert "27 quartiers sur 40" in said.replace("\u00a0", " ")
        assert len(said.split(" ")) <= phrases.MOTS


def test_a_comparator_of_another_year_has_its_year_in_the_same_pair_of_parentheses():
    assert (
        french.comparator("Loire-Atlantique (2016)", "departement", "de") == "du département (Loire-Atlantique, 2016)"
    )
    assert french.comparator("Nantes (2014)", "commune", "dans") == "à Nantes (2014)"


def test_a_matrix_is_read_in_numbers_that_agree():
    values = {"colonne": "2015", "sans": Valeur(1.0, unite="partenaires"), "vus": Valeur(12.0, unite="partenaires")}
    said = phrases.write(Message("partenaires.lecture_matrice", values)).replace("\u00a0", " ")
    assert said == "2015 : 1 partenaire attendu et sans preuve de présence, 12 partenaires constatés."


def test_an_indicator_may_have_its_own_words():
    values = {"quartier": "Bellevue", "valeur": Valeur(12.0, unite="personnes"), "nom": "n"}
    general = phrases.write(Message("quartier.niveau_effectif", {**values, "indicateur": "rsa"}))
    own = phrases.write(Message("quartier.niveau_effectif", {**values, "indicateur": "c2s_beneficiaires"}))
    assert "complémentaire santé" in own
    assert "complémentaire santé" not in general


class Anything(dict):
    """Values for any template: each name that a finding may pass, with a plausible value."""

    NUMBERS = (
        "valeur", "mensuel", "mensuel_repere", "valeur_repere", "ecart", "second", "mesure", "avant", "apres", "difference",
        "ecart_repere", "ecart_avant", "ecart_apres", "variation", "rapport_avant", "rapport_apres", "absolu_avant",
        "absolu_apres", "part_premiere", "part_deuxieme", "valeur_haut", "valeur_bas", "mesure_haut", "mesure_bas",
        "premier", "valeurs", "taux", "tolerance", "besoin", "nominale", "prix", "ailleurs",
        "mediane", "distance", "nombre_avant", "par_an_premiere", "par_an_deuxieme", "taux_haut", "taux_bas",
    )  # fmt: skip
    COUNTS = (
        "sur", "ex_aequo", "manquants", "plus_haut", "plus_bas", "autres", "manquantes", "nb_parts",
        "publies", "total", "hausse", "baisse", "stable", "rapproche", "eloigne", "negatifs", "fichiers", "ecartes",
        "inconnues", "suspects", "pleins", "quartiers", "genres", "montrees", "nombre", "non_mesures",
        "incertain", "aussi_haut", "aussi_bas", "actions", "attendus", "servis", "vides", "perdues",
        "stable_incertaine",
        "hausse_incertaine", "baisse_incertaine", "proches", "centile", "femmes_publies", "indicateurs", "lus", "montres",
    )  # fmt: skip

    def __init__(self, count):
        super().__init__({name: Valeur(count + 0.5, unite="points", decimales=1) for name in self.NUMBERS})
        self.update(dict.fromkeys(self.COUNTS, count))


def render(text, count, flag):
    values = Anything(count)
    words = (
        "nom", "nom_second", "quartier", "repere", "raison", "premiere", "deuxieme", "haut", "fichier",
        "nom_tous", "nom_proche", "femmes_bas", "femmes_haut", "noms_rapproche", "noms_eloigne", "parmi", "theme", "annees", "annee_besoin",
        "cote_avant", "cote_apres", "question",
    )  # fmt: skip
    values |= dict.fromkeys(words, "taux d’emploi") | {"indicateur": "revenu_d1" if count else "taux_emploi"}
    values |= dict.fromkeys(("annee", "annee_avant", "annee_apres", "periode"), "2018")
    values |= {"bas": count, "role": "epci", "sens": flag, "sens_repere": flag, "sens_avant": flag, "sens_apres": flag}
    values |= {"extreme": flag, "verdict": flag, "unite_ecart": flag, "plus_loin": count > 1, "desaccord": count > 1}
    values["parts"] = {name: Valeur(12.0, unite="%", decimales=1) for name in re.findall(r"parts\.(\w+)", text)}
    values |= {"constants": count > 0, "sens_signe": "+", "signe_repere": "+", "temoin": "2015 et 2017" * (count > 1)}
    values |= {
        "sens_temoin": flag,
        "dernier": count > 0,
        "effectifs": count > 0,
        "dite": count > 0,
        "egales": count > 1,
        "effectif": count > 1,
    }
    values |= {"court": "secret", "an": "2018", "quand": "2018", "place": "le plus faible des quinze" if count else ""}
    values["reperes"] = [(Zone("Ici", "0", "epci"), Valeur(1.0)), (Zone("Là", "1", "commune"), Valeur(2.0))][:count]
    values["rang"] = Rank(2, 15, 0, 0, 0) if "rang." in text else count
    values["absents"] = ["emploi"] * count
    values |= {"recent": Valeur(3.0) if count else "", "publication": "dans la publication 2024", "date": Valeur(2.0)}
    values["borne_basse"], values["borne_haute"] = (Valeur(n, unite="%", decimales=1) for n in (3.4, 3.4 + count))
    if "dans(bas)" in text or "{{ bas }}" in text:
        values["bas"] = "Bellevue"
    return french.typeset(phrases._template(text).render(values))


@pytest.mark.parametrize("domain", ["quartier", "synthese", "qualite"])
@pytest.mark.parametrize("flag", ["points", "%", "hausse", "stable", "dessus", "proche", "haut", "bas", ""])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_branch_of_every_sentence_can_be_written(domain, flag, count):
    for text in phrases.every_text(domain):
        written = render(text, count, flag)
        assert not re.search(r"[{}]|\bNone\b|  |,\s*,|\s\.", written), written


CAUSES = (
    "grâce à", "grace à", "à cause", "permis de", "permet de", "entraîn", "en raison", "du fait", "effet de", "impact",
    "parce que", "provoqu", "résulte de", "conséquence", "s'explique", "s’explique", "explique par", "améliore grâce",
)  # fmt: skip


def test_no_sentence_says_why():
    texts = phrases.every_text()
    assert len(texts) > 100
    found = [(cause, text) for text in texts for cause in CAUSES if cause in text.lower()]
    assert found == []


def test_job_seekers_are_never_called_a_rate_of_unemployment():
    assert [text for text in phrases.every_text() if "taux de chômage" in text.lower()] == []


def test_every_template_compiles():
    phrases.warm()
    assert phrases._template.cache_info().currsize >= len(set(phrases.every_text()))


def test_a_part_for_one_indicator_never_stands_without_the_general_sentence():
    for page, entries in pages().items():
        for name, entry in ((name, part) for name, part in entries.items() if isinstance(part, dict)):
            parts = [key for key, part in entry.items() if isinstance(part, dict) and "variantes" in part]
            assert entry.get("variantes") or not parts, f"{page}.toml : [{name}] n'a pas de variante générale"


def test_a_label_that_lacks_a_value_is_an_error_and_not_a_hole():
    with pytest.raises(KeyError):
        label("quartier.rien_de_tel")
