"""What people say reaches an audience as they agreed to, and nothing of what they did not agree to is anywhere in its tables."""

import csv
import io
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import examples
from cvanalysis.errors import DeclarationError
from cvanalysis.paroles.clean.consent import readable_texts
from cvanalysis.paroles.clean.review import fingerprint, read_reviews, write_reading_list
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.personnes.masking import mask
from cvanalysis.territory.contract import read_territory

COLUMNS = (
    "parole",
    "date",
    "nature",
    "themes",
    "qpv",
    "college",
    "qualite",
    "age",
    "locuteur",
    "texte",
    "codes",
    "tonalite",
    "constat",
    "rapport",
    "engagement",
    "action",
    "audience",
    "citation_anonyme",
    "citation_nommee",
    "web",
    "mineur",
    "accord_parental",
    "art9",
    "retrait",
)
OPEN = {"audience": "public", "citation_anonyme": "oui", "web": "oui", "date": "2022-03-10", "nature": "témoignage"}


@pytest.fixture
def territory(brut, tmp_path):
    (tmp_path / "paroles").mkdir()
    return replace(read_territory(brut), dossier=tmp_path)


def put(territory, *rows, name="voix.csv", columns=COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=";", restval="")
    writer.writeheader()
    writer.writerows(rows)
    path = territory.dossier / "paroles" / name
    path.write_text(out.getvalue(), encoding="utf-8-sig")
    return path


def review(territory, *texts, decision="publier", instead=""):
    rows = [{"empreinte": fingerprint(mask(t).texte), "decision": decision, "texte_retenu": instead} for t in texts]
    put(territory, *rows, name="relectures.csv", columns=("empreinte", "decision", "texte_retenu"))


def everything(voices) -> str:
    """All that a build for this audience holds, as text."""
    tables = [table.to_csv() for table in voices.tables.values()]
    return "\n".join([*tables, voices.anomalies.to_csv(), repr(voices.fichiers), str(voices.illisibles)])


# ------------------------------------------------------------------------------------------------------------- audience


def test_nothing_said_gives_empty_tables_with_their_columns(territory):
    voices = clean_voices(territory)
    assert voices.paroles.empty
    assert {"texte", "qpv", "locuteur", "qpv_montre"} <= set(voices.paroles.columns)
    assert voices.anomalies.empty


def test_no_paroles_folder_at_all_is_nothing_said(territory):
    (territory.dossier / "paroles").rmdir()
    assert clean_voices(territory).paroles.empty


def test_a_reviewed_public_voice_is_quoted(territory):
    put(territory, OPEN | {"texte": "La salle ferme trop tôt."})
    review(territory, "La salle ferme trop tôt.")
    assert clean_voices(territory).paroles["texte"].tolist() == ["La salle ferme trop tôt."]


def test_an_unread_voice_counts_but_is_not_quoted_in_public(territory):
    put(territory, OPEN | {"texte": "La salle ferme trop tôt."})
    public = clean_voices(territory).paroles
    assert public[["texte", "texte_statut"]].values.tolist() == [["", "non_relu"]]
    assert clean_voices(territory, "groupe").paroles["texte"].tolist() == ["La salle ferme trop tôt."]


def test_a_text_that_changed_is_to_be_read_again(territory):
    review(territory, "La salle ferme trop tôt.")
    put(territory, OPEN | {"texte": "La salle ferme trop tôt, dit le gardien."})
    assert clean_voices(territory).paroles["texte_statut"].tolist() == ["non_relu"]


def test_a_reviewer_can_mend_or_hold_a_text(territory):
    put(territory, OPEN | {"texte": "Karim m'a aidée."}, OPEN | {"texte": "Autre."})
    review(territory, "Karim m'a aidée.", instead="Quelqu'un m'a aidée.")
    assert "Quelqu'un m'a aidée." in clean_voices(territory).paroles["texte"].tolist()
    review(territory, "Karim m'a aidée.", decision="retenir")
    assert "Karim" not in everything(clean_voices(territory))


@pytest.mark.parametrize(
    ("fields", "reached"),
    [
        ({"audience": "groupe"}, "groupe"),
        ({"audience": "equipe"}, "equipe"),
        ({"audience": ""}, "equipe"),
        ({"audience": "tout le monde"}, "equipe"),
        ({"mineur": "oui"}, "equipe"),
        ({"age": "16 ans"}, "equipe"),
        ({"age": "- de 18 ans"}, "equipe"),
        ({"age": "16-25 ans"}, "equipe"),
        ({"age": "18-25 ans"}, "public"),
        ({"age": "12/03/2006"}, "equipe"),
        ({"age": "né en 1985"}, "public"),
        ({"age": "mineure"}, "equipe"),
        ({"mineur": "à vérifier"}, "equipe"),
        ({"mineur": "majeure"}, "public"),
        ({"mineur": "oui", "accord_parental": "oui"}, "public"),
        ({"art9": "oui"}, "equipe"),
        ({"art9": "à vérifier"}, "equipe"),
        ({}, "public"),
    ],
)
def test_who_may_know_of_a_voice(territory, fields, reached):
    put(territory, OPEN | fields | {"texte": "Une parole."})
    known = [audience for audience in ("public", "groupe", "equipe") if len(clean_voices(territory, audience).paroles)]
    assert known[0] == reached


@pytest.mark.parametrize(
    "fields",
    [
        {"citation_anonyme": "non"},
        {"citation_anonyme": ""},
        {"citation_anonyme": "peut-être"},
        {"citation_anonyme": "non", "citation_nommee": "oui"},
        {"web": "non"},
    ],
)
def test_without_its_consent_a_voice_counts_and_is_not_quoted(territory, fields):
    put(territory, OPEN | fields | {"texte": "Une parole."})
    review(territory, "Une parole.")
    assert clean_voices(territory).paroles[["texte", "texte_statut"]].values.tolist() == [["", "sans_accord"]]


TOKEN = "JETON"
LEVELS = ("public", "groupe", "equipe")


def secret_voices(count=300):
    """Voices with a token in every field; what of each token a public build may hold is nothing."""
    for i in range(count):
        mark = f"{TOKEN}{i:03d}"
        fields = {
            c: f"{mark}{c}"
            for c in (
                "parole",
                "locuteur",
                "texte",
                "codes",
                "themes",
                "qpv",
                "college",
                "qualite",
                "action",
                "tonalite",
            )
        }
        fields |= {
            "constat": f"{mark}-constat-01",
            "engagement": f"{mark}1",
            "date": "2022-03-10",
            "nature": f"{mark}nature",
            "rapport": f"{mark}r",
        }
        fields |= {"audience": LEVELS[i % 3], "citation_anonyme": "oui", "web": "oui"}
        if i % 3 == 0:  # open to all, but for one reason each
            hidden = (
                {"retrait": "2022-04-01"},
                {"art9": "oui"},
                {"mineur": "oui"},
                {"citation_anonyme": "non", "constat": "", "engagement": ""},
            )[i % 4]
            fields |= hidden
        yield fields


def test_no_token_of_a_restricted_field_is_in_any_table_of_a_public_build(territory):
    put(territory, *secret_voices())
    assert TOKEN not in everything(clean_voices(territory, "public"))
    assert TOKEN in everything(clean_voices(territory, "equipe"))


def test_a_public_build_is_the_same_whether_what_it_may_not_know_exists_or_not(territory):
    shown = [
        OPEN | {"texte": f"Parole {i}.", "qpv": "QP044006", "locuteur": f"a{i % 4}" if i % 2 else ""} for i in range(12)
    ]
    put(territory, *shown)
    alone = everything(clean_voices(territory))
    hidden = [r for r in secret_voices(60) if r["audience"] != "public" or "retrait" in r]
    mixed = [row for pair in zip(hidden, shown * 5, strict=False) for row in pair][: 2 * len(shown)] + hidden
    put(territory, *mixed)
    put(territory, *hidden, name="autre.csv")
    assert everything(clean_voices(territory)) == alone


@examples(20)
@given(order=st.permutations(range(8)), also=st.lists(st.sampled_from(["groupe", "equipe", ""]), max_size=4))
def test_neither_order_nor_number_tells_what_was_left_out(territory, order, also):
    shown = [OPEN | {"texte": f"Parole {i}.", "themes": "scolarite"} for i in range(8)]
    put(territory, *shown)
    alone = clean_voices(territory).paroles
    put(territory, *(shown[i] for i in order), *({"audience": a, "texte": "Réservé"} for a in also))
    pd.testing.assert_frame_equal(clean_voices(territory).paroles, alone)


@pytest.mark.parametrize("cell", ["0639981234", "06 39 98 12 34", "Karim-2", "voir QP044006", "karim@exemple.fr"])
def test_a_citation_is_a_number_of_a_finding_and_never_what_else_was_typed_there(territory, cell):
    put(
        territory,
        OPEN | {"texte": "Une parole.", "constat": f"QP044006-revenus-03, {cell}", "engagement": f"E01;{cell}"},
    )
    cited = set(clean_voices(territory).contributions["cite"])
    assert {"QP044006-revenus-03", "E01"} <= cited <= {"QP044006-revenus-03", "E01", "QP044006", "Karim-2"}


# ------------------------------------------------------------------------------------------------------------ withdrawal


@pytest.mark.parametrize("how", ["ligne", "parole", "locuteur"])
def test_a_withdrawn_voice_leaves_no_trace_in_any_audience(territory, how):
    kept = OPEN | {"parole": "V1", "locuteur": "p1", "texte": "Je reste."}
    gone = OPEN | {"parole": "V2", "locuteur": "p2", "texte": "Je retire ma parole."}
    put(territory, kept)
    without = {audience: everything(clean_voices(territory, audience)) for audience in LEVELS}
    put(territory, gone | {"retrait": "2022-05-01" if how == "ligne" else ""}, kept)
    if how != "ligne":
        put(territory, {how: gone[how]}, name="retraits.csv", columns=("parole", "locuteur", "date"))
    assert {audience: everything(clean_voices(territory, audience)) for audience in ("public", "groupe")} == {
        audience: without[audience] for audience in ("public", "groupe")
    }
    assert "Je retire" not in everything(clean_voices(territory, "equipe"))


def test_withdrawals_that_cannot_be_read_stop_everything(territory):
    put(territory, OPEN | {"texte": "Une parole."})
    (territory.dossier / "paroles" / "retraits.csv").write_bytes(b"%PDF-1.4")
    with pytest.raises(DeclarationError, match="retraits"):
        clean_voices(territory)


# --------------------------------------------------------------------------------------------------------------- edition


def test_an_edition_ignores_what_was_said_after_it(territory):
    put(
        territory,
        OPEN | {"date": "2022-03-10", "texte": "Tôt."},
        OPEN | {"date": "10/10/2022", "texte": "Tard."},
        OPEN | {"date": "", "texte": "Sans date."},
    )
    june, december = sorted(territory.editions, key=lambda e: e.jusqu_au)
    assert june.jusqu_au < date(2022, 10, 1)
    assert len(clean_voices(territory, "public", june).paroles) == 1
    full = clean_voices(territory, "public", december).paroles
    assert sorted(full["arrivee"]) == ["", june.id, december.id]


def test_an_answer_shows_from_the_edition_that_follows_it(territory):
    put(
        territory,
        OPEN
        | {"parole": "C1", "texte": "Ce chiffre étonne.", "constat": "QP044006-revenus-03", "rapport": "interroge"},
    )
    answer = {"parole": "C1", "statut": "répondue", "reponse": "Il date de 2018.", "date": "2022-09-01"}
    put(territory, answer, name="reponses.csv", columns=("parole", "statut", "reponse", "date", "audience"))
    review(territory, "Il date de 2018.")
    june, december = sorted(territory.editions, key=lambda e: e.jusqu_au)
    statuses = [
        clean_voices(territory, "public", e).contributions[["cite", "statut", "reponse"]].values.tolist()
        for e in (june, december)
    ]
    assert statuses == [
        [["QP044006-revenus-03", "reçue", ""]],
        [["QP044006-revenus-03", "répondue", "Il date de 2018."]],
    ]


def test_an_answer_kept_for_the_team_is_not_public(territory):
    put(territory, OPEN | {"parole": "C1", "texte": "X.", "constat": "QP044006-revenus-03"})
    answer = {"parole": "C1", "statut": "écartée", "reponse": "Motif réservé.", "audience": "equipe"}
    put(territory, answer, name="reponses.csv", columns=("parole", "statut", "reponse", "date", "audience"))
    assert "Motif réservé" not in everything(clean_voices(territory))


def test_setting_a_contribution_aside_needs_a_reason(territory):
    put(
        territory,
        {"parole": "C1", "statut": "écartée", "reponse": ""},
        name="reponses.csv",
        columns=("parole", "statut", "reponse"),
    )
    assert clean_voices(territory).anomalies["probleme"].str.contains("sans dire pourquoi").any()


# ---------------------------------------------------------------------------------------------------------------- values


def test_names_are_matched_to_the_declared_words_and_the_rest_is_told(territory):
    put(
        territory,
        OPEN
        | {
            "texte": "A.",
            "themes": "L'aller-vers les habitants|Aller-vers|nimporte",
            "qpv": "les dervallieres",
            "college": "VILLES",
            "tonalite": "Ne marche pas",
        },
    )
    (row,) = clean_voices(territory, "equipe").paroles.itertuples()
    assert (row.themes, row.qpv, row.college, row.tonalite) == ("aller-vers", "QP044006", "villes", "ne_marche_pas")
    (anomaly,) = clean_voices(territory, "equipe").anomalies.itertuples()
    assert (anomaly.ligne, anomaly.brut, anomaly.probleme) == (2, "nimporte", "thème non déclaré")


def test_a_quarter_is_never_taken_by_a_name_that_two_bear(territory):
    first, second = territory.quartiers[:2]
    twins = replace(territory, quartiers=(first, replace(second, nom=first.nom), *territory.quartiers[2:]))
    put(territory, OPEN | {"texte": "A.", "qpv": first.nom}, OPEN | {"texte": "B.", "qpv": second.code})
    assert sorted(clean_voices(twins, "equipe").paroles["qpv"]) == ["", second.code]


def test_for_the_public_a_problem_is_told_without_line_nor_content(territory):
    put(territory, OPEN | {"texte": "A.", "themes": "nimporte"})
    (anomaly,) = clean_voices(territory).anomalies.itertuples()
    assert (anomaly.ligne, anomaly.brut) == (0, "")


def test_a_role_is_one_of_five_words_and_no_age_is_kept(territory):
    put(territory, OPEN | {"texte": "A.", "qualite": "gardienne du 3 allée X", "age": "47"})
    voices = clean_voices(territory, "equipe")
    assert voices.paroles["qualite"].tolist() == ["autre"]
    assert "47" not in everything(voices)


HOSTILE = [
    '=HYPERLINK("http://x")',
    "<script>alert(1)</script>",
    "</style>",
    "javascript:alert(1)",
    "x" * 50_000,
    "a\u202eb",
    "🙂 œuf",
    '"; DROP',
    "{{ 7*7 }}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_text(territory, text):
    put(territory, OPEN | {"texte": text})
    review(territory, text)
    (kept,) = clean_voices(territory).paroles["texte"]
    assert kept == mask(text).texte.strip()


@examples(30)
@given(cells=st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=30)))
def test_no_cell_of_any_content_raises(territory, cells):
    put(territory, cells | {"texte": "A."})
    clean_voices(territory, "equipe")


# ---------------------------------------------------------------------------------------------------------------- review


def test_the_reading_list_holds_what_could_be_public_and_waits(territory):
    put(
        territory,
        OPEN | {"texte": "Appelez Mme Durand au 06 12 34 56 78."},
        OPEN | {"texte": "Lue."},
        {"texte": "Réservée", "audience": "equipe"},
    )
    review(territory, "Lue.")
    listing = write_reading_list(readable_texts(territory), read_reviews(territory.dossier))
    text = listing.contenu.decode("utf-8-sig")
    assert (listing.a_relire, listing.deja_relues) == (1, 1)
    assert "Durand" not in text
    assert "Réservée" not in text
    assert "nom, telephone" in text


def test_leave_to_publish_is_of_the_editions_that_follow_it_and_holding_back_is_of_all(territory):
    put(territory, OPEN | {"texte": "Relue en octobre."}, OPEN | {"texte": "Retenue en octobre."})
    rows = [
        {"empreinte": fingerprint(mask(t).texte), "decision": d, "date": "2022-10-03"}
        for t, d in (("Relue en octobre.", "publier"), ("Retenue en octobre.", "retenir"))
    ]
    put(territory, *rows, name="relectures.csv", columns=("empreinte", "decision", "date"))
    june, december = sorted(territory.editions, key=lambda e: e.jusqu_au)
    told = {e.id: sorted(clean_voices(territory, "public", e).paroles["texte_statut"]) for e in (june, december)}
    assert told == {june.id: ["non_relu", "réservé"], december.id: ["publié", "réservé"]}


def test_the_reading_list_underlines_the_capitals_that_no_pattern_could_judge(territory):
    put(
        territory,
        OPEN | {"texte": "Durand a aidé. Le local est froid."},
        OPEN | {"texte": "Dans le local de Bellevue, le froid."},
    )
    listing = write_reading_list(readable_texts(territory), {}).contenu.decode("utf-8-sig")
    doubtful = {
        row["texte_masque"][:5]: row["a_regarder"] for row in csv.DictReader(io.StringIO(listing), delimiter=";")
    }
    assert doubtful == {"Duran": "Durand", "Dans ": "Dans, Bellevue"}


def test_a_reading_list_filled_in_and_saved_is_read_back(territory):
    put(territory, OPEN | {"texte": "=1+1, disait la case."})
    listing = write_reading_list(readable_texts(territory), {})
    text = listing.contenu.decode("utf-8-sig")
    assert "'=1+1" in text  # a spreadsheet must not run it
    head, line = text.splitlines()[:2]
    filled = next(csv.reader([line], delimiter=";"))
    filled[3] = "publier"
    (territory.dossier / "paroles" / "relectures.csv").write_text(f"{head}\n{';'.join(filled)}\n", encoding="utf-8")
    assert clean_voices(territory).paroles["texte"].tolist() == ["=1+1, disait la case."]


# ------------------------------------------------------------------------------------------------------------ attribution


def test_a_quotation_names_quarter_and_role_only_where_enough_people_share_them(territory):
    many = [
        OPEN | {"texte": f"P{i}.", "themes": "scolarite", "qpv": "QP044006", "qualite": "habitant"} for i in range(11)
    ]
    few = [OPEN | {"texte": f"E{i}.", "themes": "scolarite", "qpv": "QP044006", "qualite": "élu"} for i in range(2)]
    alone = [OPEN | {"texte": "S.", "themes": "scolarite", "qpv": "QP044007", "qualite": "habitant"}]
    put(territory, *many, *few, *alone)
    paroles = clean_voices(territory).paroles
    shown = set(zip(paroles["qpv"], paroles["qualite"], paroles["qpv_montre"], paroles["qualite_montree"], strict=True))
    assert shown == {
        ("QP044006", "habitant", "QP044006", "habitant"),
        ("QP044006", "elu", "QP044006", ""),
        ("QP044007", "habitant", "", "habitant"),
    }


# ---------------------------------------------------------------------------------------------------------- example data


def test_the_example_has_enough_voices_all_marked_and_no_anomaly(brut):
    voices = clean_voices(read_territory(brut), "equipe")
    assert len(voices.paroles) >= 120
    assert voices.paroles["exemple"].all()
    assert voices.anomalies.empty
    assert len(voices.immersions) == 5  # six are expected
    assert {s.famille for s in voices.fichiers} >= {
        f"paroles ({f})" for f in ("modele", "framaforms", "limesurvey", "kobotoolbox", "decidim", "refi-qda")
    }
