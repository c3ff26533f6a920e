"""Hostile declarations and files that are no plain file: `contrat.toml`, the CSV beside it, names and links."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from carnets import CONTRAT, QUARTIERS
from hostiles import DECLARES, LUS, MIO, Hostile, repeat, write
from hostiles_tables import action, parole, revn

Writer = Callable[[Path], object]


def _toml() -> Iterator[tuple[str, str | bytes | Writer]]:
    yield from (
        ("profond-3000", CONTRAT + "[palette]\nx = " + "[" * 3_000 + "]" * 3_000),
        ("profond-100000", CONTRAT + "x = " + "[" * 100_000),
        ("tables-3000", CONTRAT + "x = " + "{a = " * 3_000 + "1" + "}" * 3_000),
        ("cle-pointee", CONTRAT + "[a" + ".a" * 3_000 + "]\n"),
        ("cle-pointee-valeur", CONTRAT + "[seuils]\n" + "a." * 20_000 + "b = 1\n"),
        ("entier-5000", CONTRAT.replace("2015", "9" * 5_000, 2)),
        ("annee-geante", CONTRAT.replace("fin = 2022", "fin = 99999999999999999999")),
        ("annee-negative", CONTRAT.replace("debut = 2015", "debut = -99999")),
        ("annees-10-millions", CONTRAT.replace("debut = 2015", "debut = 0").replace("fin = 2022", "fin = 10000000")),
        ("date-impossible", CONTRAT.replace("2022-05-02", "2022-02-30")),
        ("date-an-0", CONTRAT.replace("2022-05-02", "0000-01-01")),
        ("date-heure", CONTRAT.replace("2022-12-31", "2022-12-31T25:00:00")),
        ("date-9999", CONTRAT.replace("2022-12-31", "9999-12-31")),
        ("seuil-nan", CONTRAT + "[seuils]\nstable_points = nan\npersonnes = -inf\n"),
        ("seuil-geant", CONTRAT + "[seuils]\npersonnes = " + "9" * 4_000 + "\n"),
        ("seuil-1e999", CONTRAT + "[seuils]\nstable_points = 1e999\n"),
        ("seuil-zero", CONTRAT + "[seuils]\npersonnes = 0\nvoisins = 0\n"),
        ("id-traverse", CONTRAT.replace('id = "essai"', 'id = "../../x"')),
        ("id-territoire", CONTRAT.replace("petit-pays", "../x")),
        ("id-vide", CONTRAT.replace('id = "essai"', 'id = ""')),
        ("id-double", CONTRAT.replace('id = "autre"', 'id = "essai"')),
        ("id-long", CONTRAT.replace('"essai"', '"' + "a" * 300 + '"')),
        ("nom-html", CONTRAT.replace("Petit Pays", "<script>alert(4242)</script>")),
        ("nom-bidi", CONTRAT.replace("Petit Pays", "\\u202eabc\\u0000")),
        ("nom-100000", CONTRAT.replace("Petit Pays", "é" * 100_000)),
        ("vide", b""),
        ("nuls", bytes(5_000)),
        ("utf16", CONTRAT.encode("utf-16")),
        ("cp1252", CONTRAT.encode("cp1252")),
        ("hasard", bytes(range(256))),
        ("bom", b"\xef\xbb\xbf\xef\xbb\xbf" + CONTRAT.encode()),
        ("cle-double", CONTRAT + "[contrat]\nnom = 1\n"),
        ("types", CONTRAT.replace('nom = "Petit Pays"', "nom = [1]")),
        ("sections-types", "territoire = 1\ncontrat = []\neditions = 2\n"),
        ("actions-types", CONTRAT + "[[actions]]\nfichier = 12\ncolonnes = 3\nentete = ['a', -1]\n"),
        ("actions-entete", CONTRAT + "[[actions]]\nfichier = 'actions/suivi.csv'\nentete = [999999999999, -5]\n"),
        (
            "actions-traverse",
            CONTRAT + "[[actions]]\nfichier = '../../../etc/passwd'\n[actions.colonnes]\na = 'action'\n",
        ),
        (
            "actions-cycle",
            CONTRAT
            + "[[actions]]\nfichier = 'actions/suivi.csv'\n[actions.colonnes]\naction = 'porteur'\nporteur = 'action'\n",
        ),
        ("exemples-globe", CONTRAT + "[[exemples]]\nfichiers = '" + "*a" * 60 + "'\n"),
        ("exemples-crochets", CONTRAT + "[[exemples]]\nfichiers = '" + "[!" * 3_000 + "'\n"),
        (
            "editions-20000",
            CONTRAT + "".join(f"[[editions]]\nid = 'e{i}'\nnom = 'a'\njusqu_au = 2022-01-01\n" for i in range(20_000)),
        ),
        ("chaine-50mo", repeat(CONTRAT.encode() + b"\n[x]\na = '", b"a", 50 * MIO, b"'\n")),
        ("lignes-20mo", repeat(CONTRAT.encode(), b"# a\n", 5 * MIO)),
        ("mois-fou", CONTRAT + "[[calendrier]]\nid = 'a'\nnom = 'a'\nmois = '99999-13'\n"),
        ("palette-folle", CONTRAT + "[palette]\nsujet = 'red;}</style><script>alert(4242)</script>'\npart = 3\n"),
        ("paroles-types", CONTRAT + "[paroles]\nseuil = [[1]]\n"),
        ("partenaires-types", CONTRAT + "[[partenaires]]\na = 1\n[[engagements]]\nb = 2\n"),
        ("dossier", Path.mkdir),
        ("fifo", os.mkfifo),
        ("lien-rompu", lambda p: p.symlink_to("nulle-part")),
        ("lien-boucle", lambda p: p.symlink_to(p.name)),
        ("lien-zero", lambda p: p.symlink_to("/dev/zero")),
    )


def _csv() -> Iterator[tuple[str, str, str | bytes | Writer]]:
    themes, engaged = (
        "id;nom;question\n",
        "code;libelle;pilier;theme;nature;pilote;partenaires;quartiers;avancement;actions;indicateurs\n",
    )
    yield from (
        ("quartiers-fifo", "quartiers.csv", os.mkfifo),
        ("quartiers-dossier", "quartiers.csv", Path.mkdir),
        ("quartiers-boucle", "quartiers.csv", lambda p: p.symlink_to(p.name)),
        ("quartiers-zero", "quartiers.csv", lambda p: p.symlink_to("/dev/zero")),
        ("quartiers-vide", "quartiers.csv", b""),
        ("quartiers-nuls", "quartiers.csv", bytes(99)),
        ("quartiers-double", "quartiers.csv", QUARTIERS * 2),
        ("quartiers-traverse", "quartiers.csv", QUARTIERS.replace("QP973001", "../../x")),
        ("quartiers-html", "quartiers.csv", QUARTIERS.replace("Le Port", "<script>alert(4242)</script>")),
        ("quartiers-saut", "quartiers.csv", QUARTIERS.replace("Le Port", '"Le\nPort"')),
        ("quartiers-carre", "quartiers.csv", QUARTIERS.replace("QP973001", "QP97300²")),
        ("quartiers-arabe", "quartiers.csv", QUARTIERS.replace("QP973001", "QP٩٧٣٠٠١")),
        ("quartiers-guillemet", "quartiers.csv", QUARTIERS + '"' + "a" * 200_000),
        ("quartiers-champ", "quartiers.csv", QUARTIERS + "QP973004;" + "a" * 200_000 + ";97390\n"),
        ("quartiers-50000", "quartiers.csv", QUARTIERS + "".join(f"QP97{i:05};N;99999\n" for i in range(50_000))),
        ("quartiers-utf16", "quartiers.csv", QUARTIERS.encode("utf-16")),
        ("quartiers-xlsx", "quartiers.csv", b"PK\x03\x04\0\0"),
        ("communes-colonnes", "communes.csv", "code;nom" + ";x" * 20_000 + "\n"),
        ("communes-cp1252", "communes.csv", "code;nom\n97390;L’Étang\x81\n".encode("latin-1", "replace")),
        ("comparateurs-fous", "comparateurs.csv", "zone;niveau;nom\n²;EPCI;a\nFRANCE;FRANCE;\n;;\n1;LUNE;b\n"),
        ("themes-traverse", "themes.csv", themes + "../../x;A;B\n"),
        ("themes-absolu", "themes.csv", themes + "/etc/passwd;A;B\n"),
        ("themes-double", "themes.csv", themes + "a;A;B\na;A;B\n"),
        ("themes-long", "themes.csv", themes + "a" * 300 + ";A;B\n"),
        ("themes-long-200", "themes.csv", themes + "a" * 200 + ";A;B\n"),
        ("themes-html", "themes.csv", themes + "a;<img src=x onerror=alert(4242)>;</script>\n"),
        ("themes-con", "themes.csv", themes + "index;A;B\ncon;A;B\n"),
        ("piliers-fou", "piliers.csv", "id;nom;transversal\na;A;²\n"),
        ("colleges-sans", "colleges.csv", "nom\nA\n"),
        (
            "engagements-cycle",
            "engagements.csv",
            engaged
            + "E1;A;cadre;associations;nouveau;villes;;tous;en cours;E1|E2;x\nE2;B;cadre;associations;nouveau;villes;;tous;en cours;E1;x\n",
        ),
        ("engagements-double", "engagements.csv", engaged + "E1;A;cadre;associations;;;;;;;\n" * 2),
        ("engagements-traverse", "engagements.csv", engaged + "../x;A;cadre;../y;;;;;;;\n"),
        ("engagements-nuls", "engagements.csv", bytes(400)),
        ("engagements-dossier", "engagements.csv", Path.mkdir),
        ("engagements-fifo", "engagements.csv", os.mkfifo),
        (
            "engagements-dates",
            "engagements.csv",
            engaged.strip() + ";date_preuve\nE1;A;cadre;associations;nouveau;villes;;tous;en cours;;;99999-99-99\n",
        ),
        (
            "partenaires-fous",
            "partenaires.csv",
            "id;nom;college;alias;siren;themes;quartiers;debut;fin\n../x;A;²;" + "|" * 9_000 + ";²;y;QP999;99999;-1\n",
        ),
        ("partenaires-alias", "partenaires.csv", "id;nom;college;alias\na;A;villes;B\nb;B;villes;A\n"),
        ("partenaires-fifo", "partenaires.csv", os.mkfifo),
        ("correspondances-cycle", "correspondances.csv", "domaine;libelle;code\ntheme;a;b\ntheme;b;a\nlune;a;b\n"),
        ("correspondances-nuls", "correspondances.csv", bytes(99)),
        (
            "decisions-folles",
            "decisions.csv",
            "genre;a;b;decision;note\n²;A;A;x;\nrenouvellement;a;b;même action;\nrenouvellement;b;a;même action;\n",
        ),
        ("decisions-hasard", "decisions.csv", bytes(range(256)) * 9),
        (
            "preconisations-folles",
            "preconisations.csv",
            "id;theme;question;preconisation;preuves;date\n../x;../y;;;parole:²|action:../z|lune:1;99999-99-99\n",
        ),
        ("preconisations-fifo", "preconisations.csv", os.mkfifo),
        (
            "chronologie-folle",
            "chronologie.csv",
            "date;evenement;source\n99999-99-99;a;b\n0;;\n²;<script>alert(4242)</script>;\n",
        ),
        ("chronologie-hasard", "chronologie.csv", bytes(range(256)) * 9),
        (
            "millesimes-fous",
            "insee/millesimes.csv",
            "fichier;annee\nREVN_2022.csv;" + "9" * 5_000 + "\n../x;²\n" + "*" * 3_000 + ";2020\n",
        ),
        ("millesimes-dossier", "insee/millesimes.csv", Path.mkdir),
        ("millesimes-hasard", "insee/millesimes.csv", bytes(range(256)) * 9),
    )


def _secret(content: str) -> Writer:
    def put(path: Path) -> None:
        path.write_text(content)
        path.chmod(0)

    return put


def _places() -> Iterator[tuple[str, str | bytes, str, Writer]]:
    """(name, path, what names it, writer): files that are not plain files, and names made to hurt."""
    r, good = revn(), {"insee": revn(), "actions": action(), "paroles": parole()}
    for folder, content in good.items():
        yield from (
            (f"{folder}-fifo", f"{folder}/tube.csv", "tube.csv", os.mkfifo),
            (f"{folder}-lien-rompu", f"{folder}/rompu.csv", "rompu.csv", lambda p: p.symlink_to("nulle-part")),
            (f"{folder}-lien-boucle", f"{folder}/boucle.csv", "boucle.csv", lambda p: p.symlink_to(p.name)),
            (f"{folder}-dossier", f"{folder}/dossier.csv/REVN_2021.csv", "dossier.csv", write(content)),
            (f"{folder}-dossier-boucle", f"{folder}/cercle", "cercle", lambda p: p.symlink_to("..")),
            (f"{folder}-zero", f"{folder}/sans-fin.csv", "sans-fin.csv", lambda p: p.symlink_to("/dev/zero")),
            (
                f"{folder}-nom-octets",
                f"{folder}/REVN_2021_\udcff\udce9.csv".encode("utf-8", "surrogateescape"),
                "REVN_2021_",
                write(content),
            ),
            (f"{folder}-nom-255", f"{folder}/REVN_2021_{'a' * 241}.csv", "", write(content)),
            (f"{folder}-nom-saut", f"{folder}/REVN_2021\n✓ faux.csv", "faux.csv", write(content)),
            (
                f"{folder}-nom-html",
                f"{folder}/REVN_2021_<script>alert(4242)<&quot;.csv",
                "REVN_2021_<script>",
                write(content),
            ),
            (f"{folder}-nom-guillemets", f"{folder}/REVN_2021 \"'`$(x);.csv", "REVN_2021 ", write(content)),
            (f"{folder}-nom-terminal", f"{folder}/REVN_2021\x1b[2J\x1b]0;x\x07.csv", "REVN_2021", write(content)),
            (f"{folder}-nom-bidi", f"{folder}/REVN_2021_\u202evsc.csv", "REVN_2021_", write(content)),
            (f"{folder}-nom-globe", f"{folder}/REVN_2021_[a-*]?.csv", "", write(content)),
            (f"{folder}-profond", f"{folder}/" + "d/" * 300 + "REVN_2021.csv", "REVN_2021.csv", write(content)),
        )
        if os.geteuid():
            yield f"{folder}-interdit", f"{folder}/interdit.csv", "interdit.csv", _secret(content)
    yield from (
        ("socket", "insee/prise.csv", "prise.csv", _socket),
        ("fichier-insee", "geo", "geo", write(r)),
        ("fichier-textes", "textes", "textes", write("a")),
        ("geo-fifo", "geo/tube.geojson", "tube.geojson", os.mkfifo),
        ("geo-dossier", "geo/d.geojson", "d.geojson", Path.mkdir),
        ("texte-fifo", "textes/presentation.md", "presentation.md", os.mkfifo),
        ("texte-dossier", "textes/methode.md", "methode.md", Path.mkdir),
        ("geo-nom-octets", b"geo/\xff.geojson", ".geojson", write("{}")),
        ("texte-nom-octets", b"textes/\xff.md", ".md", write("a")),
        ("racine-xlsx", "engagements.xlsx", "engagements.xlsx", write(b"PK\x03\x04")),
        ("autre-dossier", "indicateurs/x.csv", "indicateurs/x.csv", write(r)),
        ("image", "logo.png", "logo.png", write(b"\x89PNG")),
        ("racine-fifo", "tube", "tube", os.mkfifo),
        ("qdpx-fifo", "paroles/tube.qdpx", "tube.qdpx", os.mkfifo),
        ("qdc-fifo", "paroles/tube.qdc", "tube.qdc", os.mkfifo),
    )


def _socket(path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(os.path.relpath(path))


LOURDS = frozenset({"contrat-chaine-50mo", "contrat-lignes-20mo", "lieu-autre-dossier"})


def hostiles() -> Iterator[Hostile]:
    def over(content: str | bytes | Writer) -> Writer:
        """What the ground has written there leaves first."""
        put = content if callable(content) else write(content)

        def replace(path: Path) -> None:
            path.unlink(missing_ok=True)
            put(path)

        return replace

    for name, content in _toml():
        yield Hostile(f"contrat-{name}", "contrat", "contrat.toml", over(content), DECLARES, toujours=False)
    for name, path, content in _csv():
        yield Hostile(f"declare-{name}", "declare", path, over(content), DECLARES, toujours=False)
    for name, path, cite, content in _places():
        report = (
            "quartiers/QP973001"
            if path in ("geo", "geo/tube.geojson", "geo/d.geojson")
            else "synthese"
            if str(path).startswith("textes")
            else ""
        )
        yield Hostile(
            f"lieu-{name}",
            "lieu",
            path,
            content,
            DECLARES if name == "racine-xlsx" else LUS,  # engagements are declared, as a workbook too
            cite=cite,
            rapport=report,
            seul=any(word in name for word in ("fifo", "zero", "boucle", "fichier")),
        )
