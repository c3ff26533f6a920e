"""What changed between two editions is named with its reason, from what each one printed."""

import json

import pytest

from cvanalysis.display.phrases import write
from cvanalysis.findings.editions import diff, find_changes, follow, record
from cvanalysis.findings.finding import Finding, Message, Table, Valeur
from cvanalysis.findings.quotations import Contribution
from cvanalysis.territory import read_territory


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


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ({"value": 2.0, "source": "Filosofi 2018"}, "millesime"),
        ({"value": 2.0}, "revision"),
        ({"value": 2.0, "question": "Combien, en euros ?"}, "methode"),
        ({"value": 2.0, "champ": "Ailleurs."}, "perimetre"),
        ({"message": "Le même, dit autrement"}, "methode"),
    ],
)
def test_a_revision_has_its_reason(after, reason):
    (change,) = diff([printed()], [printed(**after)])
    assert (change.nature, change.raison) == ("révisé", reason)


def test_new_voices_are_the_reason_in_the_sections_of_voices():
    (change,) = diff([printed(section="voix")], [printed(value=3.0, section="voix", source="Autre")])
    assert change.raison == "voix"


def test_new_and_gone_findings_are_told():
    changes = diff([printed(id="a-x-01")], [printed(id="b-voix-01", section="voix")])
    assert [(c.id, c.nature, c.raison) for c in changes] == [
        ("b-voix-01", "nouveau", "voix"),
        ("a-x-01", "disparu", "retire"),
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
    constats, contributions = find_changes((), moved, territory, "juin")
    assert write(constats.message) == "Rien n’a changé depuis l’édition «\u00a0juin\u00a0»"
    assert len(contributions.table.lignes) == 2
