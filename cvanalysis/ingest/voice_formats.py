"""Files in which voices arrive → tables with our field names. Owns how each tool writes its exports; refuses to judge a value.

Known without a word of configuration: the template of `cvanalysis modele paroles` and spreadsheets that use its headers or a common
synonym; Decidim's proposals and comments; LimeSurvey's, KoboToolbox's and Framaforms' answers (whose questions are everyone's own:
those that are not recognised are named in `colonnes.csv`); coded interviews in REFI-QDA (`.qdpx`). Technical columns that identify
people (IP address, e-mail, user name) are never read, whatever they are called.

REFI-QDA is read here rather than by a library: those on PyPI either bring 25 MB and refuse a file for one attribute out of
the norm, or are no longer kept; we need five elements of the format.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from cvanalysis.declarations import plain
from cvanalysis.errors import Problem, ReadError
from cvanalysis.ingest.reading import RawTable, read_raw

CHAMPS: dict[str, tuple[str, ...]] = {
    "parole": ("id", "numero", "reference", "identifiant de la parole"),
    "date": ("date de recueil", "jour", "created_at", "published_at"),
    "sequence": ("seance", "etape"),
    "nature": ("type", "type de parole", "mode de recueil"),
    "themes": ("theme", "thematique", "thematiques", "sur quel theme", "sujet", "category/name/fr", "category/name"),
    "qpv": (
        "quartier",
        "code qpv",
        "votre quartier",
        "dans quel quartier habitez-vous ?",
        "scope/name/fr",
        "scope/name",
        "lieu",
    ),
    "college": ("structure", "vous etes", "au titre de", "college du copil"),
    "qualite": ("qualite de la personne", "role", "profil", "statut de la personne"),
    "age": ("tranche d'age", "votre age"),
    "locuteur": ("personne", "code de la personne", "author/id", "participant"),
    "texte": (
        "parole recueillie",
        "temoignage",
        "verbatim",
        "votre temoignage",
        "contribution",
        "message",
        "commentaire",
        "body",
        "body/fr",
    ),
    "codes": ("code", "mots-cles", "codage", "etiquettes"),
    "tonalite": ("ton", "marche / ne marche pas / propose", "ce que vous dites"),
    "constat": ("constat cite", "numero du constat", "constats"),
    "rapport": ("rapport au constat", "confirme ou contredit"),
    "engagement": ("engagement cite", "engagements"),
    "action": ("action citee", "actions"),
    "audience": ("diffusion", "pour qui"),
    "citation_anonyme": (
        "accord citation anonyme",
        "j'accepte d'etre cite anonymement",
        "j'accepte d'etre cite sans mon nom",
    ),
    "citation_nommee": ("accord citation nommee", "j'accepte d'etre cite avec mon nom"),
    "voix": ("accord voix",),
    "image": ("accord image",),
    "web": ("accord web", "j'accepte la publication sur internet"),
    "retrait": ("retire le", "retiree"),
    "mineur": ("mineure", "moins de 18 ans"),
    "accord_parental": ("accord des parents",),
    "art9": ("donnee sensible", "article 9"),
    "reponse": ("answer/fr", "answer"),
    "reponse_statut": ("state",),
}
"""Our fields and the other headers under which they are known, folded (no accents, no capitals)."""

_SYNONYMES = {
    plain(alias): champ for champ, aliases in CHAMPS.items() for alias in (champ, champ.replace("_", " "), *aliases)
}

# Never read: they identify people, and nothing here needs them.
_JAMAIS = frozenset(
    [
        "adresse ip",
        "ip address",
        "ipaddr",
        "adresse e-mail",
        "email",
        "e-mail",
        "courriel",
        "mail",
        "telephone",
        "nom",
        "prenom",
        "nom et prenom",
        "nom d'utilisateur",
        "username",
        "utilisateur",
        "author/name",
        "author/nickname",
        "author/url",
        "_submitted_by",
        "deviceid",
        "phonenumber",
        "subscriberid",
        "simserial",
        "token",
        "code d'invitation",
        "firstname",
        "lastname",
        "url de reference",
        "refurl",
        "user_endorsements",
        "endorsements/user_endorsements",
    ]
)
_TECHNIQUES = {
    "framaforms": "numero de serie|serial|sid|heure|time|date de soumission|submitted time|completed time|"
    "modified time|brouillon|draft|uid|"
    "langue|language|numero|date d'achevement|temps de modification",
    "limesurvey": "id de la reponse|response id|date de soumission|submitdate|date submitted|derniere page|lastpage|"
    "last page|langue de depart|"
    "startlanguage|start language|tete de serie|seed|startdate|date de lancement|date started|datestamp|"
    "date de la derniere action|date last action",
    "kobotoolbox": "start|end|today|_id|_uuid|_submission_time|_validation_status|_notes|_status|__version__|_tags|_index|meta/instanceid|"
    "formhub/uuid|_version_|_attachments|_geolocation|_xform_id_string|_bamboo_dataset_id",
    "decidim": "participatory_space/id|participatory_space/url|component/id|reference|supports|"
    "endorsements/total_count|comments|attachments|"
    "followers|url|meeting_urls|related_proposals|is_amend|locale|alignment|depth|commentable_id|commentable_type|root_commentable_url|"
    "user_group/id|user_group/name|category/id|scope/id|title|title/fr|original_proposal/title|original_proposal/url",
}
_TECHNIQUES_DE = {name: frozenset(text.split("|")) for name, text in _TECHNIQUES.items()}

_DATES = {
    "framaforms": ("heure", "time", "submitted time", "date de soumission", "completed time"),
    "limesurvey": ("submitdate", "date de soumission", "date submitted", "datestamp", "startdate"),
    "kobotoolbox": ("_submission_time", "end", "today"),
}
_NUMEROS = {
    "framaforms": ("sid", "numero de serie", "serial"),
    "limesurvey": ("id de la reponse", "response id", "id"),
    "kobotoolbox": ("_uuid", "_id"),
    "decidim": ("reference", "id"),
}


@dataclass(frozen=True, slots=True)
class VoiceTable:
    """One file's rows under our names: `cells` has a subset of `CHAMPS` as columns (text, '' where blank).

    `lignes[i]` is the spreadsheet row of row i (for an interview, its rank among the coded passages).
    """

    fichier: str
    format: str
    cells: pd.DataFrame
    lignes: np.ndarray
    anomalies: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What `colonnes.csv` says of one file: header → field, and fields that are the same on every row."""

    colonnes: Mapping[str, str]
    valeurs: Mapping[str, str]


NOTHING_DECLARED = Declared({}, {})


def read_voice_file(path: Path, fichier: str, declared: Declared = NOTHING_DECLARED) -> list[VoiceTable]:
    """Every table of voices in a file. Raises `ReadError` where it can't be read or where nothing tells the text of a voice."""
    if path.suffix.lower() in (".qdpx", ".qdc"):
        return [read_interview(path, fichier, declared)]
    known = frozenset(_SYNONYMES) | frozenset(declared.colonnes) | frozenset().union(*_TECHNIQUES_DE.values())
    tables = [_rename(raw, declared) for raw in read_raw(path, fichier, known)]
    found = [table for table in tables if "texte" in table.cells.columns]
    if not found:
        headers = ", ".join(
            f"«\u00a0{h}\u00a0»" for raw in read_raw(path, fichier, known) for h in list(raw.colonnes)[:8]
        )
        raise ReadError(
            Problem(
                fichier,
                0,
                "",
                f"aucune colonne ne porte le texte d'une parole (trouvé\u00a0: {headers})",
                "Une colonne «\u00a0texte\u00a0» était attendue",
                f"Ajoutez à paroles/colonnes.csv la ligne\u00a0: {Path(fichier).name};EN-TÊTE DE LA COLONNE;texte;",
            )
        )
    return found


def recognise(headers: Iterable[str]) -> str:
    """Which tool wrote these headers: `decidim`, `limesurvey`, `kobotoolbox`, `framaforms`, `modele` or `tableur`."""
    names = {plain(h).strip(" *:") for h in headers}
    if "commentable_id" in names or (
        {"body", "body/fr"} & names and {"component/id", "participatory_space/id"} & names
    ):
        return "decidim"
    if {"_uuid", "_submission_time"} <= names:
        return "kobotoolbox"
    if {"derniere page", "lastpage", "last page"} & names and {
        "submitdate",
        "date de soumission",
        "date submitted",
    } & names:
        return "limesurvey"
    if len({"sid", "serial", "numero de serie", "brouillon", "draft", "uid", "adresse ip", "ip address"} & names) >= 3:
        return "framaforms"
    return "modele" if {"texte", "audience", "citation_anonyme"} <= names else "tableur"


def _rename(raw: RawTable, declared: Declared) -> VoiceTable:
    """The raw table with our field names; several columns of one field are joined, unread ones are said once."""
    kind = recognise(raw.colonnes)
    technical = _TECHNIQUES_DE.get(kind, frozenset())
    columns: dict[str, list[str]] = {}
    unread = []
    own = {plain(k): v for k, v in declared.colonnes.items()}
    for header in raw.colonnes:
        names = _names(header)
        champ = next((known[n] for known in (own, _SYNONYMES) for n in names if n in known), None)
        if not any(n in own for n in names) and any(n in _JAMAIS or n in technical for n in names):
            continue
        if champ is None:
            unread.append(header)
        else:
            columns.setdefault(champ, []).append(header)
    for champ, wanted in (("date", _DATES.get(kind, ())), ("parole", _NUMEROS.get(kind, ()))):
        header = next((h for n in wanted for h in raw.colonnes if _names(h)[0] == n), None)
        if header is not None and champ not in own.values():
            columns[champ] = [header]
    titles = [h for h in raw.colonnes if kind == "decidim" and _names(h)[0] in ("title", "title/fr")][:1]
    if titles and "texte" in columns:
        columns["texte"] = [*titles, *columns["texte"]]
    joiner = {"texte": ". "}
    cells = pd.DataFrame(
        {champ: _join([raw.cells[h] for h in headers], joiner.get(champ, "|")) for champ, headers in columns.items()},
        index=range(len(raw.lignes)),
    )
    if kind == "decidim" and "texte" in cells:
        cells["texte"] = [_without_tags(t) for t in cells["texte"]]
    for champ, value in declared.valeurs.items():
        cells[champ] = cells[champ].mask(cells[champ] == "", value) if champ in cells else value
    filled = cells["texte"].str.strip().ne("") if "texte" in cells else pd.Series(True, index=cells.index)
    said = tuple(
        Problem(
            raw.fichier,
            raw.ligne_entete,
            header,
            "colonne non lue",
            "",
            f"si elle compte, déclarez-la dans paroles/colonnes.csv\u00a0: {Path(raw.fichier).name};{header};CHAMP;",
        )
        for header in unread
    )
    return VoiceTable(
        raw.fichier, kind, cells[filled].reset_index(drop=True), np.asarray(raw.lignes)[filled.to_numpy()], said
    )


def _names(header: str) -> tuple[str, ...]:
    """A header as compared, without accents, capitals nor marks: whole, then without Kobo's group (`groupe/question`)."""
    name = plain(header).strip(" *:")
    last = name.rsplit("/", 1)[-1]
    return (name, last) if "/" in name and last not in ("id", "name", "fr", "url", "title", "body") else (name,)


_BALISE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]{0,500}>")


def _without_tags(text: str) -> str:
    """The text of an HTML fragment, as the platform's editor writes them: blocks become spaces."""
    return " ".join(html.unescape(_BALISE.sub(" ", text)).split())


def _join(columns: list[pd.Series], joiner: str) -> pd.Series:
    if len(columns) == 1:
        return columns[0].astype(str).str.strip().reset_index(drop=True)
    rows = zip(*(c.astype(str) for c in columns), strict=True)
    return pd.Series([joiner.join(dict.fromkeys(v.strip() for v in row if v.strip())) for row in rows], dtype=object)


# ------------------------------------------------------------------------------------------------------------- REFI-QDA

_MAX_XML = 200 * 1024 * 1024


def read_interview(path: Path, fichier: str, declared: Declared = NOTHING_DECLARED) -> VoiceTable:
    """The coded passages of a REFI-QDA project, one row each, with the codes that bear on it and its case's variables.

    A passage that is not coded is not a voice: an interview is not to be published whole. Raises `ReadError`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((n for n in archive.namelist() if n.lower().endswith(".qde")), None)
            if name is None:
                raise _bad(fichier, "l'archive ne contient pas de fichier «\u00a0project.qde\u00a0»")
            if archive.getinfo(name).file_size > _MAX_XML:
                raise _bad(fichier, "le projet est trop grand pour être lu")
            # Expat fetches no external entity and refuses those that swell: no other parser is needed.
            root = ElementTree.fromstring(archive.read(name))  # noqa: S314
            texts = {Path(n).name: n for n in archive.namelist() if n.lower().endswith(".txt")}
            passages = _passages(root, lambda source: _source_text(archive, texts, source))
    except (zipfile.BadZipFile, OSError, ElementTree.ParseError, NotImplementedError, RuntimeError, EOFError) as error:
        raise _bad(fichier, f"ce n'est pas un projet REFI-QDA lisible ({type(error).__name__})") from None
    cells = (
        pd.DataFrame(passages, dtype=object).fillna("")
        if passages
        else pd.DataFrame({"texte": pd.Series(dtype=object)})
    )
    own = {plain(k): v for k, v in declared.colonnes.items()}
    renamed = {c: own.get(plain(c)) or _SYNONYMES.get(_names(c)[0]) for c in cells.columns}
    keep = {c: champ for c, champ in renamed.items() if champ and _names(c)[0] not in _JAMAIS}
    cells = cells[list(keep)].rename(columns=keep)
    cells = cells.loc[:, ~cells.columns.duplicated()]
    for champ, value in {"nature": "entretien", **declared.valeurs}.items():
        cells[champ] = cells[champ].mask(cells[champ] == "", value) if champ in cells else value
    return VoiceTable(fichier, "refi-qda", cells, np.arange(1, len(cells) + 1))


def _bad(fichier: str, what: str) -> ReadError:
    return ReadError(
        Problem(
            fichier,
            0,
            "",
            what,
            "Un projet exporté au format REFI-QDA (.qdpx) était attendu",
            "Exportez-le de nouveau depuis votre logiciel",
        )
    )


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _source_text(archive: zipfile.ZipFile, texts: Mapping[str, str], source: ElementTree.Element) -> str:
    for child in source:
        if _tag(child) == "PlainTextContent":
            return child.text or ""
    path = source.get("plainTextPath", "")
    name = texts.get(re.split(r"[/\\]", path.removeprefix("internal://"))[-1], "")
    return archive.read(name).decode("utf-8-sig", "replace").replace("\r\n", "\n") if name else ""


def _passages(root: ElementTree.Element, text_of: Callable[[ElementTree.Element], str]) -> list[dict[str, str]]:
    codes = {e.get("guid"): e.get("name", "") for e in root.iter() if _tag(e) == "Code"}
    variables = {e.get("guid"): e.get("name", "") for e in root.iter() if _tag(e) == "Variable"}
    of_source: dict[str | None, dict[str, str]] = {}
    for case in (e for e in root.iter() if _tag(e) == "Case"):
        values = dict(_variables(case, variables))
        for ref in (e for e in case.iter() if _tag(e) == "SourceRef"):
            of_source.setdefault(ref.get("targetGUID"), {}).update(values)
    rows = []
    for source in (e for e in root.iter() if _tag(e) in ("TextSource", "PDFSource")):
        text = text_of(source)
        common = (
            {"locuteur": source.get("guid", "")}
            | dict(_variables(source, variables))
            | of_source.get(source.get("guid"), {})
        )
        merged: dict[tuple[int, int], list[str]] = {}
        for selection in (e for e in source.iter() if _tag(e) == "PlainTextSelection"):
            span = (_position(selection, "startPosition"), _position(selection, "endPosition"))
            names = [codes.get(e.get("targetGUID"), "") for e in selection.iter() if _tag(e) == "CodeRef"]
            merged.setdefault(span, []).extend(n for n in names if n)
        for (start, end), names in sorted(merged.items()):
            excerpt = text[start:end].strip()
            if names and excerpt:
                rows.append(common | {"texte": excerpt, "codes": "|".join(dict.fromkeys(names))})
    return rows


def _position(selection: ElementTree.Element, name: str) -> int:
    value = selection.get(name, "0")
    return int(value) if value.isdigit() else 0


def _variables(element: ElementTree.Element, names: Mapping[str | None, str]) -> Iterable[tuple[str, str]]:
    for value in (e for e in element if _tag(e) == "VariableValue"):
        ref = next((e.get("targetGUID") for e in value if _tag(e) == "VariableRef"), None)
        text = next((e.text for e in value if _tag(e).endswith("Value") and e.text), "")
        if names.get(ref):
            yield names[ref], text.strip()
