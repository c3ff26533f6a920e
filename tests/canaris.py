"""A small territory where each thing that the public may not know bears a word of its own, to be searched in whatever is made of it.

`canaris(folder)` writes it and returns the words by the reason why each is closed. All is invented. `OUVERT` is the word that must be
found: a search that can't find it finds nothing.
"""

import csv
from pathlib import Path

from carnets import territoire
from cvanalysis.paroles.clean.review import fingerprint
from cvanalysis.personnes.masking import mask

OUVERT = "zouvert"
LIEU = "QP973001"
COLONNES = (
    "parole", "date", "recu", "themes", "qpv", "college", "qualite", "age", "locuteur", "texte", "codes", "constat", "engagement", "action",
    "audience", "citation_anonyme", "web", "mineur", "art9", "retrait", "reponse",
)  # fmt: skip
_OUVERTE = {
    "date": "2022-03-10",
    "qpv": LIEU,
    "themes": "associations",
    "audience": "public",
    "citation_anonyme": "oui",
    "web": "oui",
}

FERMEES: dict[str, dict[str, str]] = {
    "groupe": {"audience": "groupe"},
    "equipe": {"audience": "equipe"},
    "sans audience": {"audience": ""},
    "audience inconnue": {"audience": "tout le monde"},
    "sans accord": {"citation_anonyme": "non"},
    "sans accord web": {"web": "non"},
    "retrait par ligne": {"retrait": "2022-05-01"},
    "retrait par fichier": {"parole": "0042"},
    "retrait de la personne": {"locuteur": "P 7"},
    "mineur": {"mineur": "oui"},
    "mineur par son age": {"age": "16 ans"},
    "article 9": {"art9": "oui"},
    "tardive": {"date": "2099-01-01"},
    "recue tard": {"recu": "2099-01-01"},
    "non relue": {},
    "retenue": {},
}
"""Why a voice is closed, and the fields that close it; `non relue` and `retenue` by what no reader, or a reader, decided."""
NON_RELUES = ("non relue",)


def canaris(dossier: Path) -> dict[str, str]:
    """Write the territory under `dossier/data/raw`; reason → the word that it closes."""
    folder = territoire(dossier) / "paroles"
    folder.mkdir()
    mots = {why: f"zcanari{i:02d}" for i, why in enumerate(FERMEES)}
    said = [
        _OUVERTE | {"texte": f"La salle ferme tôt, {OUVERT} numéro {i}.", "locuteur": f"ouvert{i}"} for i in range(14)
    ]
    for why, closing in FERMEES.items():
        fields = {name: f"{mots[why]} {name}" for name in ("college", "qualite", "codes", "action")}
        said.append(fields | _OUVERTE | {"texte": f"Ce que dit {mots[why]}, en un mot."} | closing)
    said[0] |= {"parole": "R1", "constat": f"{LIEU}-revenus-01"}
    said[1] |= {"parole": "R2", "constat": f"{LIEU}-revenus-01"}
    # What is closed for another reason than being unread or held back has been read: it is not that which closes it.
    relues = [row["texte"] for row in said if not any(mots[why] in row["texte"] for why in (*NON_RELUES, "retenue"))]
    held = next(row["texte"] for row in said if mots["retenue"] in row["texte"])
    masque = f"Appelez Mme {(name := 'Zmasquée')} au 06 39 98 12 34."
    said.append(_OUVERTE | {"texte": masque})
    said[2]["reponse"] = f"Réponse en colonne {(column := 'zreponsecolonne')}."
    said[2]["constat"] = f"{LIEU}-revenus-01"
    said[3]["constat"] = f"{(cited := 'ZCITE')}-Exemple-44"
    mots |= {"masque": name, "telephone": "39 98 12 34", "colonne reponse": column, "constat": cited}
    _write(folder / "voix.csv", COLONNES, said)
    _write(folder / "retraits.csv", ("parole", "locuteur"), [{"parole": "42"}, {"locuteur": "p7"}, {"parole": "u-4"}])
    repeated, mots_kobo = _kobo(folder)
    mots |= mots_kobo
    decisions = [*((text, "publier") for text in (*relues, *repeated, masque)), (held, "retenir")]
    lines = [{"empreinte": fingerprint(mask(text).texte), "decision": word} for text, word in decisions]
    _write(folder / "relectures.csv", ("empreinte", "decision"), lines)
    mots |= {
        "reponse de l'equipe": "zreponseequipe",
        "reponse non relue": "zreponsenonrelue",
        "immersion": "zimmersionlue",
    }
    answers = [
        {"parole": "R1", "statut": "répondue", "reponse": "Dit " + mots["reponse de l'equipe"], "audience": "equipe"},
        {"parole": "R2", "statut": "répondue", "reponse": f"Dit {mots['reponse non relue']}."},
    ]
    _write(folder / "reponses.csv", ("parole", "statut", "reponse", "audience"), answers)
    mots["code"] = "zcodelogiciel"
    (folder / "codes.qdc").write_text(
        '<CodeBook><Codes><Code guid="1" name="zcodelogiciel"/></Codes></CodeBook>', encoding="utf-8"
    )
    told = {
        "theme": "associations",
        "qpv": LIEU,
        "date": "2022-03-29",
        "audience": "public",
        "vu": f"Vu {mots['immersion']}.",
    }
    mots["immersion de l'equipe"] = "zimmersionequipe"
    closed = told | {"audience": "equipe", "vu": "Vu " + mots["immersion de l'equipe"]}
    _write(folder / "immersions.csv", tuple(told), [told, closed])
    return mots


def _kobo(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Repeated rows in a file of their own, closed by what their answer says in another; their texts, all read, and the words closed."""
    answers = [("non", "oui", "40"), ("oui", "non", "40"), ("oui", "oui", "16"), ("oui", "oui", "40")]
    heads = ("_uuid", "citation_anonyme", "web", "age", "qpv", "_submission_time", "_index")
    rows = [(f"u-{i}", *said, LIEU, "2022-03-10T10:00:00", str(i)) for i, said in enumerate(answers, start=1)]
    _write(folder / "kobo.csv", heads, [dict(zip(heads, row, strict=True)) for row in rows])
    why = ("sans accord", "sans accord web", "mineur", "retirée", "réponse absente")
    words = {f"ligne répétée, {reason}": f"zrepetee{i}" for i, reason in enumerate(why)}
    texts = [f"Ce que répète {word}, en un mot." for word in words.values()]
    lines = [
        {"texte": text, "_submission__uuid": f"u-{i}", "_index": str(i), "zquestionkobo": "oui"}
        for i, text in enumerate(texts, start=1)
    ]
    _write(folder / "kobo-paroles.csv", tuple(lines[0]), lines)
    declared = [{"fichier": name, "champ": "audience", "valeur": "public"} for name in ("kobo.csv", "kobo-paroles.csv")]
    _write(folder / "colonnes.csv", ("fichier", "colonne", "champ", "valeur"), declared)
    return texts, words | {"question": "zquestionkobo"}


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(rows)
