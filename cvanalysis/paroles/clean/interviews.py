"""Coded interviews in REFI-QDA (`.qdpx`, `.qdc`) → voices and codebooks. Owns the format; refuses to judge a code.

Read here rather than by a library: those on PyPI either bring 25 MB and refuse a file for one attribute out of the norm, or are no
longer kept; we need a few elements of the format. What real programs write differently is taken as it comes: the project under
any `.qde` name, sources inside the project, beside it or in a Word file, transcripts of recordings and text layers of PDF,
UTF-8 or UTF-16, and positions that count a Windows line end as one character or as two.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from cvanalysis.errors import CvanalysisError, Problem, ReadError
from cvanalysis.files.guard import TooLargeError
from cvanalysis.files.sheets import read_bytes
from cvanalysis.french import decode, fold
from cvanalysis.paroles.table import (
    JAMAIS,
    MOTS,
    NOTHING_DECLARED,
    PROTECTEURS,
    SYNONYMES,
    Declared,
    VoiceTable,
    bare,
    fill,
)

UNTIL = "ces passages restent à l'équipe tant qu'elle n'est pas déclarée dans paroles/colonnes.csv"
_MAX_PART = 64 * 1024 * 1024  # bytes of a part once unfolded: of a project with all its transcripts, XML has a few


def read_interview(path: Path, fichier: str, declared: Declared = NOTHING_DECLARED) -> VoiceTable:
    """The coded passages of a REFI-QDA project, one row each, with the codes that bear on it and its case's variables.

    A passage that is not coded is not a voice: an interview is not to be published whole. Raises `ReadError`.
    """
    data = read_bytes(path, fichier)
    with _readable(fichier, "un projet"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next((n for n in archive.namelist() if n.lower().endswith(".qde")), None)
        if name is None:
            raise _bad(fichier, "l'archive ne contient pas de fichier «\u00a0project.qde\u00a0»")
        passages = _passages(_tree(_unfold(archive, name)), archive)
    cells = pd.DataFrame(passages, columns=None if passages else ["texte"], dtype=object).fillna("")
    own = {bare(k): v for k, v in declared.colonnes.items()}
    renamed = {c: own.get(bare(c)) or SYNONYMES.get(bare(c)) for c in cells.columns}
    keep = {c: champ for c, champ in renamed.items() if champ and bare(c) not in JAMAIS}
    closing = [c for c in cells.columns if c not in keep and PROTECTEURS.search(fold(c))]
    said = [Problem(fichier, 0, c, "variable qui peut protéger quelqu'un, et non comprise", "", UNTIL) for c in closing]
    if cells.empty:
        todo = "Vérifiez que les sources sont dans le projet, et que des passages y sont codés"
        said.append(Problem(fichier, 0, "", "0 passage lu\u00a0: aucun passage codé n'a de source lisible", "", todo))
    first = [(one, c) for c, champ in reversed(keep.items()) for one in champ.split("|")]
    cells = pd.DataFrame({champ: cells[c] for champ, c in first}, index=cells.index)
    fill(cells, {"nature": "entretien", **declared.valeurs}, closing)
    return VoiceTable(fichier, "refi-qda", cells, np.arange(1, len(cells) + 1), tuple(said))


def read_codebook(path: Path, fichier: str) -> list[tuple[str, str]]:
    """(name, tone) of each code of a REFI-QDA codebook; the tone is said by a code above it (« Ce qui marche »), '' where none is.

    Raises `ReadError`.
    """
    raw = read_bytes(path, fichier)
    found: list[tuple[str, str]] = []

    def walk(element: ElementTree.Element, tone: str) -> None:
        for child in element:
            if _tag(child) == "Code" and (name := child.get("name", "").strip()):
                mine = MOTS["tonalite"].get(fold(name), tone)
                if child.get("isCodable", "true") != "false":
                    found.append((name, mine))
                walk(child, mine)
            elif _tag(child) != "Code":
                walk(child, tone)

    with _readable(fichier, "un livre de codes"):
        if raw.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                raw = _unfold(archive, next(n for n in archive.namelist() if n.lower().endswith((".qdc", ".qde"))))
        walk(_tree(raw), "")
    if not found:
        raise ReadError(Problem(fichier, 0, "", "ce livre de codes ne nomme aucun code", "", "Exportez-le de nouveau"))
    return list(dict.fromkeys(found))


@contextmanager
def _readable(fichier: str, what: str) -> Iterator[None]:
    """Whatever a damaged or twisted file makes zipfile, expat or us raise means that it is one."""
    try:
        yield
    except (CvanalysisError, MemoryError):
        raise
    except TooLargeError as error:
        raise _bad(fichier, f"le projet est trop grand pour être lu ({error})") from None
    except Exception as error:  # noqa: BLE001
        raise _bad(fichier, f"ce n'est pas {what} REFI-QDA lisible ({type(error).__name__})") from None


def _unfold(archive: zipfile.ZipFile, name: str) -> bytes:
    if (size := archive.getinfo(name).file_size) > _MAX_PART:  # zipfile unfolds no more than is said
        raise TooLargeError(f"{size >> 20} Mio")
    return archive.read(name)


def _tree(raw: bytes) -> ElementTree.Element:
    """XML, read: expat fetches no external entity and refuses those that swell, so no other parser is needed."""
    return ElementTree.fromstring(raw)  # noqa: S314


def _bad(fichier: str, what: str) -> ReadError:
    expected = "Un projet exporté au format REFI-QDA (.qdpx) ou son livre de codes (.qdc) était attendu"
    return ReadError(Problem(fichier, 0, "", what, expected, "Exportez-le de nouveau depuis votre logiciel"))


def _all(element: ElementTree.Element, *tags: str) -> Iterator[ElementTree.Element]:
    return (e for e in element.iter() if _tag(e) in tags)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _texts(source: ElementTree.Element, archive: zipfile.ZipFile) -> list[str]:
    """The text of a source, in each way of counting its line ends; empty where there is none to be had."""
    for child in source:
        if _tag(child) == "PlainTextContent" and child.text:
            return _line_ends(child.text)
    for attribute in ("plainTextPath", "richTextPath", "path"):
        name = re.split(r"[/\\]", re.sub(r"^\w+://", "", source.get(attribute, "")))[-1]
        member = next((n for n in archive.namelist() if name and re.split(r"[/\\]", n)[-1] == name), None)
        if member is None:
            continue
        if name.lower().endswith(".docx"):
            return _word(_unfold(archive, member))
        if name.lower().endswith((".txt", ".md")):
            return _line_ends(decode(_unfold(archive, member))[0])
    return []


def _line_ends(text: str) -> list[str]:
    return [text, text.replace("\r\n", "\n")] if "\r\n" in text else [text]


def _word(raw: bytes) -> list[str]:
    """The paragraphs of a Word file."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        root = _tree(_unfold(archive, "word/document.xml"))
    lines = ["".join(t.text or "" for t in _all(p, "t")) for p in _all(root, "p")]
    return ["\n".join(lines), "\r\n".join(lines)]


_TEXTES = ("TextSource", "Representation", "Transcript")
_SOURCES = ("TextSource", "PDFSource", "AudioSource", "VideoSource", "PictureSource")
_EXTRAITS = ("PlainTextSelection", "TranscriptSelection")


def _passages(root: ElementTree.Element, archive: zipfile.ZipFile) -> list[dict[str, str]]:
    codes = {e.get("guid"): e.get("name", "").strip() for e in _all(root, "Code")}
    variables = {e.get("guid"): e.get("name", "") for e in _all(root, "Variable")}
    of_source: dict[str | None, dict[str, str]] = {}
    for case in _all(root, "Case"):
        values = dict(_variables(case, variables)) | {"locuteur": case.get("guid", "")}
        for ref in _all(case, "SourceRef"):
            of_source.setdefault(ref.get("targetGUID"), {}).update(values)
    rows = []
    for source in _all(root, *_SOURCES):
        ident = source.get("guid")
        common = {"locuteur": ident or ""} | dict(_variables(source, variables)) | of_source.get(ident, {})
        for holder in _all(source, *_TEXTES):
            rows += [common | row for row in _coded(holder, codes, archive)]
    return rows


def _coded(
    holder: ElementTree.Element, codes: Mapping[str | None, str], archive: zipfile.ZipFile
) -> Iterable[dict[str, str]]:
    """Text and codes of the coded passages of one text, in its order; passages at one place bear the codes of all."""
    merged: dict[tuple[int, int], list[str]] = {}
    said: dict[tuple[int, int], str] = {}
    for selection in _all(holder, *_EXTRAITS):
        span = (_position(selection, "startPosition"), _position(selection, "endPosition"))
        if names := [name for e in _all(selection, "CodeRef") if (name := codes.get(e.get("targetGUID"), ""))]:
            merged.setdefault(span, []).extend(names)
            said.setdefault(span, " ".join(selection.get("name", "").split()))
    candidates = _texts(holder, archive) if merged else []
    if not candidates:
        return
    text = max(candidates, key=lambda one: _fits(one, said))
    for (start, end), names in sorted(merged.items()):
        if excerpt := text[start:end].strip():
            yield {"texte": excerpt, "codes": "|".join(dict.fromkeys(names))}


def _fits(text: str, said: Mapping[tuple[int, int], str]) -> int:
    """How many passages begin and end between words in this text, or say what their name says: the right way to count its line ends."""
    good = 0
    for (start, end), named in said.items():
        excerpt = text[start:end]
        good += 4 * bool(named and " ".join(excerpt.split())[: len(named)] == named[: len(excerpt)])
        good += not (start and text[start - 1 : start].isalnum() and excerpt[:1].isalnum())
        good += not (excerpt[-1:].isalnum() and text[end : end + 1].isalnum())
        good -= end > len(text)
    return good


def _position(selection: ElementTree.Element, name: str) -> int:
    value = selection.get(name, "0")
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else 0


def _variables(element: ElementTree.Element, names: Mapping[str | None, str]) -> Iterable[tuple[str, str]]:
    for value in (e for e in element if _tag(e) == "VariableValue"):
        ref = next((e.get("targetGUID") for e in value if _tag(e) == "VariableRef"), None)
        text = next((e.text for e in value if _tag(e).endswith("Value") and e.text), "")
        if names.get(ref):
            yield names[ref], text.strip()
