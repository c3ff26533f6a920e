"""Raw files come out as tables of text, whole and with the right line numbers, or are refused by a sentence."""

import base64
import codecs
import csv
import datetime as dt
import io
import json
import zipfile
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from cvanalysis.errors import ReadError
from cvanalysis.files.sheets import read_grid, read_raw

TABLE = "CODGEO;LIBGEO;TX\r\nQP001001;Île d’Été;1\u202f234,5\r\nQP001002;Œuvre;2,5\r\n"


@pytest.fixture
def read(tmp_path):
    """Write bytes (or text, in UTF-8) under a name and read them as tables."""

    def _read(content, name="f.csv", connus=frozenset()):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_raw(path, name, connus)

    return _read


def rows(table):
    return table.cells.to_numpy().tolist()


def workbook(sheets, *, dates=()):
    """Bytes of an XLSX whose sheets are lists of rows."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    for name, lines in sheets.items():
        sheet = book.add_worksheet(name)
        for i, line in enumerate(lines):
            for j, value in enumerate(line):
                if value is not None:
                    sheet.write(i, j, value)
    book.close()
    return out.getvalue()


# ------------------------------------------------------------------------------------------------- encodings, separators


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_same_table_comes_out_of_every_encoding_newline_and_separator(read, encoding, newline, separator):
    (table,) = read(TABLE.replace("\r\n", newline).replace(";", separator).encode(encoding))
    assert table.colonnes == ("CODGEO", "LIBGEO", "TX")
    assert rows(table) == [["QP001001", "Île d’Été", "1\u202f234,5"], ["QP001002", "Œuvre", "2,5"]]
    assert table.lignes.tolist() == [2, 3]


def test_windows_1252_is_told_from_utf_8(read):
    (table,) = read("CODGEO;LIBGEO\nQP1;Île d’Été à 5 €\n".encode("cp1252"))
    assert rows(table) == [["QP1", "Île d’Été à 5 €"]]
    assert table.anomalies == ()


def test_a_stray_windows_byte_does_not_spoil_a_utf_8_file(read):
    (table,) = read("CODGEO;LIBGEO\nQP1;Été\nQP2;Île".encode() + b" \x80\n")
    assert rows(table) == [["QP1", "Été"], ["QP2", "Île €"]]
    assert "hors UTF-8" in table.anomalies[0].trouve


def test_a_comma_separates_where_decimal_commas_are_quoted(read):
    (table,) = read('CODGEO,TX,LIB\nQP1,"1,5","a; b"\nQP2,"2,5",c\n')
    assert rows(table) == [["QP1", "1,5", "a; b"], ["QP2", "2,5", "c"]]


def test_excel_s_own_separator_line_is_obeyed_and_counted(read):
    (table,) = read("sep=,\r\nCODGEO,TX\r\nQP1,5\r\n")
    assert rows(table) == [["QP1", "5"]]
    assert table.lignes.tolist() == [3]


def test_a_single_column_is_a_table(read):
    (table,) = read("texte\nune phrase, avec une virgule\nune autre\n")
    assert rows(table) == [["une phrase, avec une virgule"], ["une autre"]]


# --------------------------------------------------------------------------------------------- quotes, lines, odd widths


def test_a_cell_on_several_lines_counts_for_one_spreadsheet_row(read):
    (table,) = read('a;b\n"x\ny; z";1\n\n"il dit ""oui""";2\n')
    assert rows(table) == [["x\ny; z", "1"], ['il dit "oui"', "2"]]
    assert table.lignes.tolist() == [2, 4]  # row 3 is blank


def test_a_quote_that_never_closes_swallows_nothing(read):
    (table,) = read('nom;n\n"Les Lilas;1\nLe Bois;2\n"Le Parc";3\n"Le Pré;4\n')
    assert [row[-1] for row in rows(table)][-1] == "4"
    assert len(rows(table)) == 4
    assert {p.ligne for p in table.anomalies if "guillemet" in p.trouve} == {2, 5}


def test_lines_that_are_quoted_whole_are_unwrapped(read):
    (table,) = read('"CODGEO,LIBGEO,TX"\n"QP1,""Bois, Pré"",1"\n\n"QP2,Lande,2"\n')
    assert rows(table) == [["QP1", "Bois, Pré", "1"], ["QP2", "Lande", "2"]]
    assert table.lignes.tolist() == [2, 4]


def test_a_quote_inside_a_cell_is_a_character(read):
    (table,) = read('nom;n\nMaison "Les Lilas" de quartier;1\nécran 12";2\n')
    assert rows(table) == [['Maison "Les Lilas" de quartier', "1"], ['écran 12"', "2"]]


def test_empty_trailing_columns_are_dropped(read):
    (table,) = read("a;b" + ";" * 993 + "\r\n" + ("1;2" + ";" * 993 + "\r\n") * 3)
    assert table.colonnes == ("a", "b")
    assert rows(table) == [["1", "2"]] * 3


def test_a_value_among_the_empty_columns_is_kept_and_told(read):
    (table,) = read("a;b;;;\n1;2;;;\n3;4;;x;\n")
    assert rows(table) == [["1", "2", ""], ["3", "4", "x"]]
    assert table.colonnes[2] == "(sans titre, colonne 4)"
    assert "sans titre" in table.anomalies[0].trouve


def test_rows_of_another_width_lose_nothing_and_are_told(read):
    (table,) = read("a;b;c\n1;2;3\n4;5\n6;7;8;9\n1;1;1\n")
    assert rows(table) == [["1", "2", "3", ""], ["4", "5", "", ""], ["6", "7", "8", "9"], ["1", "1", "1", ""]]
    assert [(p.ligne, p.trouve[:30]) for p in table.anomalies[1:]] == [
        (3, "1 ligne a des cellules de moin"),
        (4, "1 ligne a des cellules de plus"),
    ]


def test_a_long_row_of_another_width_is_kept_whole(read):
    long = "é" * 40_000
    (table,) = read(f"a;b;c\n1;2;3\n{long};x\n4;5;6\n")
    assert rows(table)[1] == [long, "x", ""]


def test_a_header_written_twice_is_made_unique_and_told(read):
    (table,) = read("CODGEO;NOTE;NOTE ;NOTE\nQP1;0;2;3\n")
    assert table.colonnes == ("CODGEO", "NOTE", "NOTE (2)", "NOTE (3)")
    assert [p.colonne for p in table.anomalies] == ["NOTE", "NOTE"]


def test_nul_bytes_huge_cells_and_formulas_survive_as_text(read):
    huge = "é" * 50_000
    (table,) = read(f"a;b;c\nx\0y;{huge};=HYPERLINK(1)\n\u202eabc;😀;<script>\n")
    assert rows(table) == [["x\0y", huge, "=HYPERLINK(1)"], ["\u202eabc", "😀", "<script>"]]


# ---------------------------------------------------------------------------------------------------- finding the header


TITRES = [["Données quartiers"], [], ["Insee, RP 2018"]]
CODES = ["CODGEO", "LIBGEO", "POP_MUN", "TX_F"]
LIBELLES = ["Code du quartier", "Nom du quartier", "Population municipale", "Part des femmes (%)"]
DONNEES = [["QP001001", "Grande Reyssouze", 6490, 54.2], ["QP001002", "Terre des Fleurs", 1926, None]]


@pytest.mark.parametrize("connus", [frozenset(), frozenset({"codgeo", "pop_mun", "tx_f"})])
@pytest.mark.parametrize(("head", "line"), [([LIBELLES, CODES], 5), ([CODES, LIBELLES], 4), ([CODES], 4)])
def test_the_header_is_found_under_titles_with_labels_in_either_order(read, head, line, connus):
    (table,) = read(workbook({"QP": TITRES + head + DONNEES}), "f.xlsx", connus)
    assert table.colonnes == tuple(CODES)
    assert table.ligne_entete == line
    assert table.etiquettes == (dict(zip(CODES, LIBELLES, strict=True)) if len(head) == 2 else {})
    assert table.preambule == ("Données quartiers", "Insee, RP 2018")
    assert table.lignes.tolist() == [4 + len(head), 5 + len(head)]
    assert rows(table) == [
        ["QP001001", "Grande Reyssouze", "6490", "54.2"],
        ["QP001002", "Terre des Fleurs", "1926", ""],
    ]


def test_a_first_row_of_marks_is_data_not_labels(read):
    (table,) = read("CODGEO;TX_F;TX_H;TX_E\nQP001001;ns;nd;s\nQP001002;1;2;3\n")
    assert table.etiquettes == {}
    assert len(rows(table)) == 2


def test_the_header_of_a_log_all_in_words_is_its_first_full_row(read):
    (table,) = read("Bilan 2019;;;\n;;;\nAction;Porteur;Quartier;Statut\nAtelier;Les Amis;Bellevue;Favorable\n")
    assert table.colonnes == ("Action", "Porteur", "Quartier", "Statut")
    assert table.lignes.tolist() == [4]


def test_the_grid_leaves_headers_alone_and_keeps_places(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("titre\n\na;;b\n1;;2\na;;b\n3;;4\n", encoding="utf-8")
    (grid,) = read_grid(path, "f.csv")
    assert grid.lignes.tolist() == [1, 3, 4, 5, 6]
    assert grid.cells.columns.tolist() == [0, 2]
    assert grid.cells.to_numpy().tolist() == [["titre", ""], ["a", "b"], ["1", "2"], ["a", "b"], ["3", "4"]]


def test_keeping_some_rows_keeps_their_line_numbers(read):
    (table,) = read("a;b\n1;x\n2;y\n3;z\n")
    kept = table.keep((table.cells["b"] != "y").to_numpy(), table.colonnes)
    assert kept.cells["a"].tolist() == ["1", "3"]
    assert kept.lignes.tolist() == [2, 4]


# -------------------------------------------------------------------------------------------------------------- workbooks


def test_cells_of_a_workbook_become_text_without_loss(read):
    head = ["siret", "code", "taux", "jour", "vrai", "gros"]
    values = [83831012600027, "044005", 0.1, dt.date(2018, 11, 20), True, 1e15]
    (table,) = read(workbook({"s": [head, values]}), "f.xlsx")
    assert rows(table) == [["83831012600027", "044005", "0.1", "2018-11-20", "VRAI", "1000000000000000"]]


def test_a_stray_cell_far_below_is_kept_in_its_place_and_costs_nothing(read):
    lines = [[None, None], [None, "nom", "n"], [None, "Bois", 1]]
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("s")
    for i, line in enumerate(lines):
        sheet.write_row(i, 0, line)
    sheet.write(300_000, 2, "ici")
    book.close()
    (table,) = read(out.getvalue(), "f.xlsx")
    assert rows(table) == [["Bois", "1"], ["", "ici"]]
    assert table.lignes.tolist() == [3, 300_001]


def test_every_sheet_comes_out_and_an_empty_one_is_told(read):
    tables = read(workbook({"Documentation": [["lisez-moi"]], "Vide": [], "QP": [CODES, *DONNEES]}), "f.xlsx")
    assert [t.feuille for t in tables] == ["Documentation", "QP"]
    assert "« Vide »" in tables[0].anomalies[0].trouve


def test_error_cells_of_a_workbook_keep_their_name(read):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("A & B")
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_formula(1, 0, "=NA()", None, "#N/A")
    sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    book.close()
    (table,) = read(out.getvalue(), "f.xlsx")
    assert rows(table) == [["#N/A", "#DIV/0!"]]


def test_an_old_xls_is_read(read):
    (table,) = read(zlib.decompress(base64.b85decode(XLS)), "f.xls")
    assert table.colonnes == ("CODGEO", "LIBGEO", "A", "DATE")
    assert rows(table) == [["QP001001", "Été à l’Île", "1234", "2018-11-20"], ["QP001002", "x", "0.5", ""]]
    assert table.lignes.tolist() == [4, 5]


def ods(rows_xml):
    """Bytes of a minimal ODS around some rows."""
    out = io.BytesIO()
    spaces = " ".join(
        f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{p}:1.0"' for p in ("office", "table", "text", "manifest")
    )
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest {spaces}><manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry '
            'manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name="Q">'
            f"{rows_xml}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


TEXTE = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
NOMBRE = '<table:table-cell office:value-type="float" office:value="{0}"><text:p>{0}</text:p></table:table-cell>'
LIGNE = "<table:table-row>{}</table:table-row>"


@pytest.mark.parametrize("broken", [False, True], ids=["calamine", "odfpy"])
def test_an_ods_is_read_even_where_calamine_cannot(read, monkeypatch, broken):
    content = ods(
        LIGNE.format(TEXTE.format("nom") + TEXTE.format("n") + TEXTE.format("m"))
        + '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        + LIGNE.format(TEXTE.format("Été") + NOMBRE.format("3.0") + NOMBRE.format("0.5"))
        + '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/>'
        + "</table:table-row>"
    )
    if broken:
        monkeypatch.setattr("cvanalysis.files.sheets.read_workbook", lambda _: 1 / 0)
    (table,) = read(content, "f.ods")
    assert table.feuille == "Q"
    assert rows(table) == [["Été", "3", "0.5"]]
    assert table.lignes.tolist() == [4]


def test_a_list_of_objects_in_json_is_a_table_numbered_by_position(read):
    content = json.dumps([{"id": "1", "montant": 19875.06, "vu": None}, {"id": "2", "annee": 2020, "l": [1]}])
    (table,) = read(content, "f.json")
    assert table.colonnes == ("id", "montant", "vu", "annee", "l")
    assert rows(table) == [["1", "19875.06", "", "", ""], ["2", "", "", "2020", '["1"]']]
    assert table.lignes.tolist() == [1, 2]


# ------------------------------------------------------------------------------------------ files that are not what they say


def protected():
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook({"s": [["a"]]}))).encrypt("secret", out)
    return out.getvalue()


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("donnees.csv", TABLE)
    return out.getvalue()


def stretched():
    out = io.BytesIO()
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", "b"
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("f.csv", lambda: b"%PDF-1.3\n%\xe2\xe3", "est un PDF"),
        ("f.csv", lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointeur Git LFS"),
        ("f.xls", lambda: b"\n<!DOCTYPE html><html><body>404</body></html>", "page web"),
        ("f.csv", zipped, "archive ZIP"),
        ("f.csv", lambda: b"", "est vide"),
        ("f.csv", lambda: b"\r\n\r\n  \r\n;;;\r\n", "que des lignes vides"),
        ("f.csv", lambda: codecs.BOM_UTF8, "que des lignes vides"),
        ("f.xlsx", lambda: workbook({"s": [["a"] * 50] * 50})[:-900], "incomplet ou abîmé"),
        ("f.xlsx", protected, "mot de passe"),
        ("f.xlsx", stretched, "démesuré"),
        ("f.xlsx", lambda: workbook({"s": []}), "aucune cellule"),
        ("f.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "incomplet ou abîmé"),
        ("f.json", lambda: b'{"type": "FeatureCollection"}', "pas une liste d'objets"),
        ("f.json", lambda: b"[" * 100_000, "pas une liste d'objets"),
        ("f.csv", lambda: b"\x1f\x8b\x08\0\0", "GZIP"),
    ],
)
def test_what_is_no_table_is_refused_by_its_name_with_what_to_do(read, name, content, said):
    with pytest.raises(ReadError, match=said) as refused:
        read(content(), name)
    problem = refused.value.problem
    assert problem.fichier == name
    assert problem.que_faire


def test_a_file_that_is_gone_or_a_folder_is_refused(tmp_path):
    with pytest.raises(ReadError, match="n'est plus là"):
        read_raw(tmp_path / "rien.csv", "rien.csv")
    with pytest.raises(ReadError, match="dossier"):
        read_raw(tmp_path, "dossier")


def test_a_file_without_the_right_to_read_it_is_refused(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "f.csv").touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ReadError, match="l'accès est refusé"):
        read_raw(tmp_path / "f.csv", "f.csv")


TABLEAU = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="windows-1252"><style>td {x:"a"}</style></head>
<body><p>Édité le 3 mars</p><table border=1><tr><th colspan=2>Subventions</th></tr>
<tr><th>Porteur<th>Objet</th><th>Montant</th></tr>
<tr><td rowspan=2>Les&nbsp;Livres</td><td>Lire<br>dehors</td><td>1&nbsp;234,50&nbsp;&euro;</td></tr>
<tr><td>L&#39;été <b>&amp; l'hiver</b></td><td>500</td></tr></table></body></html>"""


def test_a_table_of_a_web_page_called_xls_is_read_with_its_merged_cells_in_their_place(read):
    (table,) = read(TABLEAU.encode("cp1252"), "f.xls", frozenset({"porteur", "objet", "montant"}))
    assert table.cells.to_numpy().tolist() == [
        ["Les Livres", "Lire\ndehors", "1 234,50 €"],
        ["", "L'été & l'hiver", "500"],
    ]
    assert (table.colonnes, table.lignes.tolist()) == (("Porteur", "Objet", "Montant"), [3, 4])


CLASSEUR_2003 = """<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="s1"/></Styles>
<Worksheet ss:Name="2021"><Table>
<Row><Cell><Data ss:Type="String">Porteur</Data></Cell><Cell><Data ss:Type="String">Date</Data></Cell>
<Cell><Data ss:Type="String">Montant</Data></Cell></Row>
<Row ss:Index="4"><Cell><Data ss:Type="String">Les Livres</Data><Comment ss:Author="x"><ss:Data>à voir</ss:Data></Comment></Cell>
<Cell ss:StyleID="s1"><Data ss:Type="DateTime">2021-03-01T00:00:00.000</Data></Cell><Cell><Data ss:Type="Number">1234.5</Data></Cell></Row>
<Row><Cell/><Cell ss:Index="3" ss:StyleID="s1"><Data ss:Type="Number">500</Data></Cell></Row></Table></Worksheet>
<Worksheet ss:Name="2022"><Table><Row><Cell><Data ss:Type="String">Porteur</Data></Cell>
<Cell><Data ss:Type="String">Montant</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">La Course</Data></Cell>
<Cell><Data ss:Type="Number">7</Data></Cell></Row></Table></Worksheet></Workbook>"""


def test_a_workbook_in_the_xml_of_excel_2003_is_read_sheet_by_sheet(read):
    one, two = read(CLASSEUR_2003.encode(), "f.xls")
    assert (one.feuille, two.feuille) == ("2021", "2022")
    assert one.cells.to_numpy().tolist() == [["Les Livres", "2021-03-01", "1234.5"], ["", "", "500"]]
    assert one.lignes.tolist() == [4, 5]
    assert two.cells.to_numpy().tolist() == [["La Course", "7"]]


def test_no_entity_of_a_markup_is_expanded_and_its_size_is_bounded(read):
    bomb = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + CLASSEUR_2003.partition("?>")[2]
    (one, _) = read(bomb.replace("Les Livres", "&b;").encode(), "f.xls")
    assert one.cells.iloc[0, 0] == "&b;"
    for stretched in (
        TABLEAU.replace("colspan=2", "colspan=9999999"),
        CLASSEUR_2003.replace('Index="4"', 'Index="4000000"'),
    ):
        with pytest.raises(ReadError, match="démesuré"):
            read(stretched.encode(), "f.xls")


def test_a_web_page_with_no_table_says_what_to_do(read):
    with pytest.raises(ReadError) as refused:
        read(b"<html><body><table><tr><td>Erreur 404</td></tr></table></body></html>", "f.xls")
    assert refused.value.problem.que_faire == "Ouvrez-le dans un tableur et enregistrez-le en .xlsx ou en .csv"


def test_a_workbook_called_csv_is_read_as_what_it_is(read):
    (table,) = read(workbook({"QP": [CODES, *DONNEES]}), "f.csv")
    assert table.colonnes == tuple(CODES)


# ------------------------------------------------------------------------------------------------------------- properties


@given(content=st.binary(max_size=300), name=st.sampled_from(["f.csv", "f.xlsx", "f.ods", "f.xls", "f.json", "f"]))
def test_random_bytes_raise_nothing_but_our_error(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    try:
        tables = read_raw(path, name)
    except ReadError:
        return
    assert all(len(t.cells) == len(t.lignes) for t in tables)


@cache
def sound_workbooks():
    return {
        "xlsx": workbook({"s": [CODES, *DONNEES]}),
        "xls": zlib.decompress(base64.b85decode(XLS)),
        "ods": ods(LIGNE.format(TEXTE.format("nom"))),
    }


@given(data=st.data(), start=st.sampled_from(["xlsx", "xls", "ods"]))
def test_a_damaged_workbook_raises_nothing_but_our_error(tmp_path, data, start):
    whole = sound_workbooks()[start]
    spoilt = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        spoilt[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"f.{start}"
    path.write_bytes(spoilt[: data.draw(st.integers(1, len(whole)))])
    with suppress(ReadError):
        assert read_raw(path, path.name)


BRIBES = st.sampled_from(["a", "é", "1,5", '"', '""', ";", "\n", "\r\n", "\r", " ", "x y", "", "12", '"a;b"', '"l\nm"'])


@given(pieces=st.lists(BRIBES, max_size=40))
@example(pieces=[";", ";", ";", " "])  # a cell of blanks, past the last column, holds nothing
def test_no_cell_of_a_text_file_is_lost_whatever_its_quotes_and_widths(tmp_path, pieces):
    """Against the csv module, cell by cell and row by row, wherever each quote is closed."""
    text = "a;b;c\n" * 40 + "".join(pieces)
    expected = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    path = tmp_path / "f.csv"
    path.write_bytes(text.encode())
    (grid,) = read_grid(path, "f.csv")
    if any("guillemet" in p.trouve for p in grid.anomalies):
        flat = "".join("".join(row) for row in grid.cells.to_numpy().tolist())
        assert sum(map(flat.count, "aé15xylm")) == sum(map(text.count, "aé15xylm"))
        return
    rows = zip(grid.lignes.tolist(), grid.cells.to_numpy().tolist(), strict=True)
    assert filled(rows) == filled(enumerate(expected, start=1))


def filled(rows) -> dict[int, list[str]]:
    """The cells of each row that hold something."""
    return {n: cells for n, row in rows if (cells := [cell for cell in row if cell.strip()])}


CELLULES = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\ufeff"), max_size=12)


@given(
    st.lists(st.lists(CELLULES, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from([";", "\t", ",", "|"]),
    st.integers(0, 200),
)
def test_what_csv_wrote_is_read_back_with_its_line_numbers(tmp_path, body, separator, trailing):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(["CODGEO", "LIBGEO", "TX_F"] + [""] * trailing)
    writer.writerows([*row, *[""] * trailing] for row in body)
    path = tmp_path / "f.csv"
    path.write_bytes(out.getvalue().encode())
    (table,) = read_raw(path, "f.csv", frozenset({"CODGEO", "LIBGEO", "TX_F"}))
    filled = [(i, row) for i, row in enumerate(body, start=2) if any(row)]
    assert table.lignes.tolist() == [i for i, _ in filled]
    assert rows(table) == [row for _, row in filled]


# ------------------------------------------------------------------------------------------------------------- real files


@pytest.mark.reel
def test_every_published_insee_file_is_read_whole(real):
    """As many non-empty cells, row by row, as the csv module finds; nothing doubtful."""
    for path in sorted(real.glob("insee/*.csv")):
        (table,) = read_raw(path, path.name)
        assert table.colonnes[0].upper() in ("CODGEO", "COD_VAR")
        assert table.ligne_entete == 1
        assert table.anomalies == ()
        with path.open(encoding="utf-8-sig", newline="") as lines:
            expected = [sum(map(bool, row)) for row in csv.reader(lines, delimiter=";")][1:]
        found = (table.cells != "").to_numpy().sum(axis=1)
        assert table.lignes.tolist() == list(range(2, len(expected) + 2))
        assert found.tolist() == expected


@pytest.mark.reel
def test_published_traps_are_refused_or_read_for_what_they_are(real):
    for name, said in (("pdf_renomme.csv", "PDF"), ("pointeur_lfs.csv", "LFS")):
        with pytest.raises(ReadError, match=said):
            read_raw(real / "traps" / name, name)
    (table,) = read_raw(real / "traps" / "file_comma_wrong_type.csv", "f.csv")
    assert table.cells["annee_exercice"].tolist() == ["l'année dernière"] * 3


@pytest.mark.reel
def test_published_logs_in_json_have_every_post_of_the_contract(real):
    for kind, counts in (("adulte-relais", (33, 46, 54)), ("postes-fonjep", (14, 14, 15))):
        for year, count in zip((2020, 2021, 2022), counts, strict=True):
            (table,) = read_raw(real / "actions" / f"{kind}-{year}.json", "f.json")
            assert (table.cells["code_cv"] == "CV142").sum() == count


# A workbook of Excel 97, since nothing writes them any more: a title, a blank row, a table, an empty sheet.
XLS = (
    "c-rk)O-NKx6#njeZ=4zPXU3mE0~v&@Oi*jn#wKk{iu?=dkD$ipEe1v7HA1y0(`Fe3t%^2+1#PT0{ZK*eibA6nK@g0!idI2E3-xu*"
    "nK${9f&(TP?|XC4J@?#m&;2|1ygTphL@+gSzkCu4uoF6FY(H}5$P^`irVs$t+cvYA+(*fFv8Len(MINY@Ff3@m-mqOdlDM%883(e"
    "pD7)~DYW(XnW0rglZ+v%cnl57Am7t)lTrc7WL!l;PYNv-dRKIx3f(1=%R(DSH>HkZBHUKJ!|~(8TBXz#5LI|6Z9a;m9;JB6ethAo"
    "O6z*iXvL$wYpkNe$ipaTOIyr7)8cX=ZXp+lL~2`GYmX38D532h#ZNl~{K%Z^=OI_Vx^e}Q|C%rNE+O~PCN7j;(+pq`_6fz#oJ0_D"
    "0}`q`2clLYZd#|4$io#0<pvJMW9AfkB$E5nfxIi8u*^_wAe4x9_nOfG(%ju1X=!dJX8+zMV#v7~$!MgptC^yFXGdLKJ^j`}y+Q(C"
    "X+SATy(kNf6E!ibvyEDw$>pvj&;;fMntVBac|>C<6h0`2FhB;T?tFjO+T9U8E|Nicxujn~8+pF4agke4;{vJiAU!>xT3T!sIwV#%"
    "2wyI=gfuCy>L_)XJ;S1NNouR8pY4M8;Z1Y+&BQ0abv~*{ehF_OeynBkT*=sn@CYht5o6SzpJCLf8g=73<8e5XD<@ce5?c0G;PPn!"
    "XKuFho-M>QA5}t7C~IgkyZIWLXz-e(OPTdcmozHre@Z%)49Awfh%H@gc^rLRZ1EmFqtWYPYhN*k-J#oTi><IVeSsB2tau$OhFIa9"
    "JFjtxt-R*Tg;s<IJWvYMvsgJV!IEAwi?!w@vSwIp&0M%};lhOr7cQ~_Umi8N$fYmO9_P~Kb-wFNQ<`x<ll-?hfPQ)s^zW@1eUw``"
    "o0b2pheu^>sb#jwd@p1iqTVg~H`*=Z=*ilD>C&v`&S%*T11oogvh9B+n{oc*{(l2U?-oG"
)
