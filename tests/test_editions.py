"""What changed between two editions is named with its reason, from what each one printed."""

import json

import pytest

from cvanalysis.constat.record import record
from cvanalysis.constat.shape import Contribution, Finding, Message, Table, Valeur
from cvanalysis.display.phrases import write
from cvanalysis.pages.changements import diff, find_changes, follow
from cvanalysis.territory.contract import read_territory


def printed(value=1.0, message="Un titre", **more):
    finding = Finding(
        id=more.pop("id", "QP044006-revenus-03"),
        section=more.pop("section", "revenus"),
        question=more.pop("question", "Combien ?"),
        message=Message("x.y"),
        sous_titre="",
        figure=None,
        table=Table(("Zone", "Valeur"), ((Valeur(None, texte="A"), Valeur(value)),)),
        lecture=None,
        champ=more.pop("champ", "Ici."),
        source=more.pop("source", "Filosofi 2017"),
    )
    return record(finding, message)


SAME = {"chiffres": "a", "actions": "a", "engagements": "a", "voix": "a", "chronologie": "a", "methode": "a"}


def reasons(before, after, *moved):
    (change,) = diff([before], [after], (SAME, SAME | dict.fromkeys(moved, "b")))
    return set(change.raisons)


@pytest.mark.parametrize(
    ("after", "moved", "expected"),
    [
        ({"value": 2.0, "source": "Filosofi 2018"}, ["chiffres"], {"millesime"}),
        ({"value": 2.0}, ["chiffres"], {"revision"}),
        ({"value": 2.0}, ["actions"], {"date"}),  # nothing that it comes from has moved: only the edition's date has
        ({"value": 2.0}, ["methode"], {"methode"}),
        ({"value": 2.0}, ["chiffres", "methode"], {"revision", "methode"}),  # nobody can tell them apart
        ({"value": 2.0, "question": "Combien, en euros ?"}, ["chiffres"], {"methode", "revision"}),
        ({"value": 2.0, "champ": "Ailleurs."}, [], {"perimetre"}),
        ({"message": "Le même, dit autrement"}, [], {"methode"}),
        ({"message": "Le même, dit autrement"}, ["chiffres"], {"methode"}),  # other words are no other figures
        ({"message": "Un titre : 3,5 % de plus"}, ["chiffres"], {"revision"}),
    ],
)
def test_a_revised_figure_has_the_reasons_that_the_two_editions_state(after, moved, expected):
    assert reasons(printed(), printed(**after), *moved) == expected


@pytest.mark.parametrize(
    ("source", "moved", "expected"),
    [
        ("Journaux d'actions du contrat (suivi.ods)", ["actions", "chiffres"], "actions"),
        ("Table des engagements (engagements.csv)", ["engagements"], "engagements"),
        ("Table des engagements (engagements.csv)", ["actions"], "date"),
        ("Paroles recueillies pour l'évaluation.", ["voix", "chiffres"], "voix"),
        ("Chronologie du contrat.", ["chronologie"], "recit"),
        ("Préconisations des groupes de travail.", ["preconisations"], "preconisations"),
    ],
)
def test_a_page_that_is_not_of_published_figures_is_never_revised_at_the_source(source, moved, expected):
    assert reasons(printed(source=source), printed(value=2.0, source=source), *moved) == {expected}


def test_a_reason_that_nothing_states_is_not_guessed():
    (change,) = diff([printed()], [printed(value=2.0)])
    assert (change.nature, change.raison) == ("révisé", "raison non établie")


def test_the_name_of_a_file_is_no_vintage():
    one, two = "Insee, 2018 (fichier REVN_2020.csv)", "Insee, 2018 (fichier REVN_2022.csv)"
    assert reasons(printed(source=one), printed(value=2.0, source=two), "chiffres") == {"revision"}


def test_an_answer_to_a_contribution_is_not_a_new_voice():
    def said(answer):
        one = printed(section="voix", source="Paroles recueillies pour l'évaluation.")
        return one | {
            "colonnes": ["Constat cité", "Statut", "Réponse"],
            "lignes": [[[None, "publié", "E01"], *([None, "publié", t] for t in answer)]],
        }

    assert reasons(said(("reçue", "")), said(("répondue", "Fait.")), "voix") == {"reponses"}


def test_new_and_gone_findings_are_told():
    made = (SAME, SAME | {"voix": "b"})
    voices = "Paroles recueillies pour l'évaluation."
    changes = diff([printed(id="a-x-01")], [printed(id="b-voix-01", source=voices), printed(id="c-x-01")], made)
    assert [(c.id, c.nature, c.raisons) for c in changes] == [
        ("b-voix-01", "nouveau", ("voix",)),
        ("c-x-01", "nouveau", ("constat",)),
        ("a-x-01", "disparu", ("retire",)),
    ]


def test_nothing_changed_is_no_change_even_through_json():
    kept = json.loads(json.dumps(printed()))
    assert diff([kept], [printed()]) == ()


def test_contributions_that_moved_are_followed(brut):
    was = Contribution("QP044006-revenus-03", "Étonnant.", "", "2022-04", "reçue", "")
    now = Contribution("QP044006-revenus-03", "Étonnant.", "", "2022-04", "répondue", "Il date de 2018.")
    new = Contribution("E01", "Pas ouvert.", "", "2022-09", "reçue", "")
    moved = follow([was], [now, new])
    assert [(m.cite, m.avant, m.apres) for m in moved] == [
        ("QP044006-revenus-03", "reçue", "répondue"),
        ("E01", "", "reçue"),
    ]
    territory = read_territory(brut)
    constats, contributions = find_changes((), moved, territory, "juin", {"E01": "Ouvrir un lieu"})
    assert write(constats.message) == "Rien n’a changé depuis l’édition «\u00a0juin\u00a0»"
    assert write(contributions.message) == "1 contribution nouvelle\u00a0; 1 a changé de statut ou reçu une réponse"
    assert contributions.table.lignes[1][0].texte == "Ouvrir un lieu (E01)"
    assert len(contributions.table.lignes) == 2
    assert contributions.table.lignes[0][0].texte.startswith("Les Dervallières\u00a0: Le revenu se rapproche-t-il")
    marks = [point.etiquette for serie in contributions.figure.series for point in serie.points]
    assert any(
        "1. Étonnant. (QP044006-revenus-03)" in text for text in (*marks, *(s.nom for s in contributions.figure.series))
    )


def test_a_contribution_that_could_be_read_only_later_is_not_new():
    was = Contribution("E01", "", "", "", "reçue", "")
    now = Contribution("E01", "Pas ouvert.", "", "2022-06", "répondue", "Il ouvre.")
    assert [(one.avant, one.apres) for one in follow([was], [now])] == [("reçue", "répondue")]


def test_a_finding_that_changed_is_told_by_its_question_and_a_title_that_did_not_is_not_said_twice(brut):
    territory = read_territory(brut)
    before = [
        printed(id="associations-voix-02", question="Qu’est-ce qui ne marche pas ?"),
        printed(id="QP044006-emploi-01"),
    ]
    after = [one | {"lignes": [], "source": "Filosofi 2018"} for one in before]
    asked = {one["id"]: one["question"] for one in before}
    constats, _ = find_changes(diff(before, after), (), territory, "juin", asked)
    theme, quarter = (tuple(cell.texte for cell in line) for line in constats.table.lignes)
    assert theme[0] == "Le soutien aux associations\u00a0: Qu’est-ce qui ne marche pas ? (associations-voix-02)"
    assert quarter[0].startswith("Les Dervallières\u00a0: ")
    assert theme[3] == "Un titre"
    assert theme[4].startswith("même titre")


def test_a_table_that_is_shown_for_the_first_time_is_no_other_method():
    voices = "Paroles recueillies pour l'évaluation."
    before = printed(source=voices, message="Personne n’a parlé") | {"colonnes": [], "lignes": []}
    assert reasons(before, printed(source=voices), "voix") == {"voix"}
