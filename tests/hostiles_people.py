"""Hostile tables that people fill in: voices and what stands beside them, logs of actions. Owns the words that hurt."""

from collections.abc import Callable, Iterator
from pathlib import Path

from hostiles import ACTIONS, DECLARES, LUS, PAROLES, Hostile, repeat, write
from hostiles_tables import action, parole

Writer = Callable[[Path], object]


def _beside(name: str, content: str | bytes) -> Writer:
    """The writer of one of the team's files, with a voice that it speaks of."""

    def put(path: Path) -> None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.with_name("v.csv").write_text(parole())

    return put if name != "v.csv" else write(content)


def _voices() -> Iterator[tuple[str, str, str | bytes | Writer]]:
    """(name, file under `paroles/`, content)."""
    for name, text in {
        "e-12500": "É-" * 12_500,
        "e-50000": "É-" * 25_000,
        "majuscules": "Marie " * 10_000,
        "points": "A." * 25_000,
        "chiffres": "06 " * 17_000,
        "arobases": "a@" * 25_000,
        "courriels": "a.b@c." * 10_000,
        "apostrophes": "d'" * 25_000,
        "rues": "12 rue de " * 5_000,
        "madame": "Mme " * 12_000,
        "zero-largeur": "Ma\u200brie Du\u200dpont " * 3_000,
        "bidi": "\u202eeiraM" * 5_000,
        "combinants": "e\u0301" * 25_000,
        "html": "<script>alert(4242)</script><img src=x onerror=alert(4242)>",
        "espaces": " \u00a0\u202f" * 17_000,
        "traits": "J-" * 25_000,
        "tirets-noms": "Jean-Jean-" * 5_000,
        "zeros": "0" * 50_000,
        "plages": "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 20_000,
        "nul-largeur-seul": "\u200b\u200c\u200d\ufeff",
        "formule": "=1+1",
        "chez": "chez M. " * 7_000,
        "allocataire": "numéro allocataire " * 3_000,
        "cafe": "point com " * 6_000,
        "nees": "née le 1 " * 6_000,
    }.items():
        yield name, f"texte-{name}.csv", parole('"' + text.replace('"', '""') + '"')
    for name, file, content in (
        ("retraits-autres", "retraits.csv", "identifiant;quand\n7;2022\n"),
        ("retraits-vide", "retraits.csv", b""),
        ("retraits-dossier", "retraits.csv", Path.mkdir),
        ("retraits-utf16", "retraits.csv", "parole;locuteur\n7;\n".encode("utf-16")),
        ("retraits-zero", "retraits.csv", "parole;fichier\n07;V.csv\n"),
        ("retraits-nul", "retraits.csv", b"parole\n\0\n"),
        ("retraits-xlsx", "retraits.csv", b"PK\x03\x04" + b"\0" * 50),
        ("retraits-500000", "retraits.csv", "parole;locuteur\n" + "".join(f"{i};x{i}\n" for i in range(500_000))),
        (
            "relectures-folles",
            "relectures.csv",
            "empreinte;decision;texte_retenu\n²;publier;\n;;\n" + "a" * 9_000 + ";oui;=1\n",
        ),
        ("relectures-nuls", "relectures.csv", bytes(9_000)),
        ("relectures-colonnes", "relectures.csv", "a;b\n1;2\n"),
        (
            "reponses-folles",
            "reponses.csv",
            "parole;statut;reponse;date\n²;?;x;99999-99-99\n7;répondue;<script>alert(4242)</script>;0000\n",
        ),
        ("reponses-vide", "reponses.csv", b""),
        (
            "colonnes-boucle",
            "colonnes.csv",
            "fichier;colonne;champ;valeur\nv.csv;texte;audience;\nv.csv;audience;texte;\n../v.csv;;audience;public\n",
        ),
        ("colonnes-inconnues", "colonnes.csv", "fichier;colonne;champ;valeur\nv.csv;x;mot de passe;\n;;;\n"),
        ("codes-fous", "codes.csv", "code;nom;theme;tonalite\n|;|;../x;²\n;;;\n|;a;b;c\n"),
        ("immersions-folles", "immersions.csv", "immersion;theme;qpv;date\n²;../x;QP999999;32/13/0000\n"),
        ("instances-folles", "instances.csv", "date;instance;detail\n99999-01-01;a;b\n0;;\n²;c;d\n"),
        ("instances-hasard", "instances.csv", bytes(range(256)) * 40),
        ("codes-dossier", "codes.csv", Path.mkdir),
        (
            "consentement",
            "v.csv",
            parole(audience="PUBLIC ²") + "8;;;;;;;;;peut-être;0.5\n9;2022;;;;;a;;public;=OUI();NON;trop;de;colonnes\n",
        ),
        ("consentement-zero", "v.csv", parole(audience="\u200bpublic")),
        ("locuteur-long", "v.csv", parole().replace("L9", "L" * 70_000)),
        ("themes-10000", "v.csv", parole().replace("Les associations", "|".join(["Les associations"] * 10_000))),
        (
            "codes-10000",
            "v.csv",
            parole().replace(";;public", ";" + "|".join(f"c{i}" for i in range(10_000)) + ";public"),
        ),
        ("quartier-traverse", "v.csv", parole(qpv="../../x")),
        ("paroles-30000", "v.csv", PAROLES + "\n" + parole().split("\n")[1].join(["", "\n"]) * 30_000),
        ("texte-seul", "v.csv", "texte\n" + "a\n" * 50),
        ("age", "v.csv", "texte;age;audience;web\na;²;public;oui\nb;-1;public;oui\nc;1e9;public;oui\n"),
        ("mineur", "v.csv", "texte;mineur;accord_parental;audience\na;peut-être;?;public\n"),
    ):
        yield name, file, content if callable(content) else _beside(file, content)


def _logs() -> Iterator[tuple[str, str | bytes | Writer]]:
    for name, value in {
        "formule": "=1+1",
        "monnaie": "1.000.000,00 € (dont 5)",
        "negatif": "-(1 000)",
        "parentheses": "(" * 30_000,
        "espaces": "1 " * 25_000,
        "virgules": "1," * 25_000,
        "points": "1." * 25_000,
        "apostrophes": "1'" * 25_000,
        "euros": "€" * 50_000,
        "dont": "1 (dont " * 6_000,
        "1e400": "1e400",
        "signes": "+-" * 25_000,
        "chiffres-50000": "1" * 50_000,
        "milliards": "9" * 18,
        "nan": "nan",
        "kiloeuros": "12 k€ k€ k€",
        "plages": "1000 à 2000 ou 3000",
        "pourcent": "150 %",
        "arabe": "١٠٠٠",
        "fraction": "½",
        "exposant": "10²",
        "zero-largeur": "1\u200b000",
        "nir": "1 85 05 78 006 084 36",
        "nul-espace": "\u00a0" * 50_000,
    }.items():
        yield f"montant-{name}", action(value)
    row = action().split("\n")[1] + "\n"
    total = "Total;;;;;;;;;;{};;;;\n"
    yield from (
        ("totaux", action() + total.format("999999999") * 200 + "Sous-total;;;;;;;;;;1;;;;\n"),
        ("total-faux", action() + total.format("=SOMME(K2:K9)")),
        ("total-seul", f"{ACTIONS}\n" + total.format(12)),
        ("lignes-vides-1000000", repeat(action().encode(), b";;;;;;;;;;;;;;\n", 1_000_000)),
        ("vraies-vides-1000000", repeat(action().encode(), b"\n", 1_000_000)),
        ("doublons-20000", f"{ACTIONS}\n" + row * 20_000),
        (
            "titres-proches-6000",
            f"{ACTIONS}\n" + "".join(row.replace("Aide", f"Aide aux devoirs du soir {i}") for i in range(6_000)),
        ),
        (
            "titres-longs",
            f"{ACTIONS}\n" + "".join(row.replace("Aide", "aide aux devoirs " * 300 + str(i)) for i in range(400)),
        ),
        ("nir-siret", action().replace("Asso;;", "Asso;185057800608436;")),
        ("titre-50000", action(titre="A-" * 25_000)),
        ("porteur-50000", action().replace("Asso;", "CHEZ MME " * 5_000 + ";")),
        ("quartiers-10000", action(qpv="|".join(["QP973001"] * 10_000))),
        ("quartiers-faux", action(qpv="QP973001-QP999999 / " * 3_000)),
        ("quartier-traverse", action(qpv="../../x")),
        ("titre-html", action(titre="<script>alert(4242)</script>")),
        ("titre-lignes", action(titre='"' + "a\n" * 20_000 + '"')),
        ("bidi", action(titre="\u202eedia")),
        ("entetes-empilees", (ACTIONS + "\n") * 2_000 + row),
        ("entete-loin", "\n" * 5_000 + action()),
        ("entete-absent", row * 20),
        ("colonnes-doubles", f"{ACTIONS};{ACTIONS}\n" + row.strip() + ";" + row),
        ("siret-carre", action().replace("Asso;;", "Asso;²²²²²²²²²;")),
        (
            "scdl-fou",
            "nomAttribuant,idAttribuant,dateConvention,referenceDecision,nomBeneficiaire,idBeneficiaire,objet,montant,nature,conditionsVersement,pourcentageSubvention\nA,²,99999-99-99,,B,1e999,C,1e999,x,=1,9999\n",
        ),
        ("inconnu", "alpha;beta\n1;2\n"),
        ("propose-5000", ";".join(f"Montant {i}" for i in range(5_000)) + "\n" + ";".join(["1"] * 5_000)),
    )


LOURDS = frozenset(
    {
        "voix-e-50000",
        "journal-lignes-vides-1000000",
        "journal-propose-5000",
        "journal-quartiers-faux",
    }
)

BESIDE = frozenset(
    {"retraits.csv", "relectures.csv", "reponses.csv", "colonnes.csv", "codes.csv", "immersions.csv", "instances.csv"}
)
"""Read, and told of only where something of them is wrong."""


def hostiles() -> Iterator[Hostile]:
    def made(kind: str, name: str, path: str, content: str | bytes | Writer, **more: object) -> Hostile:
        title = f"{kind}-{name}"
        return Hostile(
            title, kind, path, content if callable(content) else write(content), seul=title in LOURDS, **more
        )

    for name, file, content in _voices():
        refusing = file in {"retraits.csv", "relectures.csv", "colonnes.csv"}  # what the team declares is never guessed
        yield made(
            "voix", name, f"paroles/{file}", content, statuts=DECLARES if refusing else LUS, toujours=file not in BESIDE
        )
    for name, content in _logs():
        yield made("journal", name, f"actions/{name}.csv", content)
