"""Text files of any encoding, rewritten as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from charset_normalizer import from_bytes

from storage.errors import DamagedTableError, NoEncodingError, NulError, OversizedTableError, UnknownEncodingError

if TYPE_CHECKING:
    from pathlib import Path

# The 4-byte mark begins with the 2-byte one.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK_BYTES: Final = 2**20
_MOST_BYTES: Final = 2**31

# What charset-normalizer gets to see: enough to tell languages apart, little enough to be quick.
_SAMPLE_BYTES: Final = 2**17

# Every second byte of Western text in UTF-16 is 0; in a damaged file few are.
_UTF_16_SHARE: Final = 0.6


def rewrite_as_utf8(path: Path, target: Path, *, gzipped: bool, named: str | None = None) -> tuple[str, bool]:
    """Write the text of a file to another in UTF-8 without a mark; return its encoding and whether that is a guess.

    An encoding that is ``named`` is believed. Raises NoEncodingError, DamagedTableError, NulError, OversizedTableError
    or UnknownEncodingError.
    """
    if named is not None:
        _check_name(named)
    with _open(path, gzipped=gzipped) as stream:
        head = _read(stream, path)
    known = (
        named or next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None) or _unmarked_utf_16(head)
    )
    try:
        _rewrite(path, target, known or "utf-8", gzipped=gzipped)
    except UnicodeDecodeError as error:
        guess = None if known is not None else _guess(_sample(path, gzipped=gzipped))
        if guess is None:
            raise UnknownEncodingError(path, line=_find_bad_line(path, known or "utf-8", gzipped=gzipped)) from error
    else:
        return known or "utf-8", False
    try:
        _rewrite(path, target, guess, gzipped=gzipped)
    except UnicodeDecodeError as error:
        raise UnknownEncodingError(path, line=_find_bad_line(path, guess, gzipped=gzipped)) from error
    return guess, True


def _check_name(encoding: str) -> None:
    try:
        with suppress(UnicodeDecodeError):
            b"a".decode(encoding)
    except LookupError as error:
        raise NoEncodingError(encoding) from error


def _open(path: Path, *, gzipped: bool) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path) if gzipped else path.open("rb")


def _read(stream: BinaryIO | gzip.GzipFile, path: Path) -> bytes:
    try:
        return stream.read(_CHUNK_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedTableError(path, "its compressed data end too early or make no sense") from error


def _unmarked_utf_16(head: bytes) -> str | None:
    even, odd = head[0::2], head[1::2]
    if odd and odd.count(0) > _UTF_16_SHARE * len(odd) and not even.count(0):
        return "utf-16-le"
    if even and even.count(0) > _UTF_16_SHARE * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _rewrite(path: Path, target: Path, encoding: str, *, gzipped: bool) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line, size = 1, 0
    with _open(path, gzipped=gzipped) as stream, target.open("w", encoding="utf-8", newline="") as written:
        while True:
            chunk = _read(stream, path)
            size += len(chunk)
            if size > _MOST_BYTES:
                raise OversizedTableError(path, most_bytes=_MOST_BYTES)
            text = decoder.decode(chunk, final=not chunk)
            if "\0" in text:
                raise NulError(path, line=line + text.count("\n", 0, text.index("\0")))
            line += text.count("\n")
            written.write(text)
            if not chunk:
                return


def _find_bad_line(path: Path, encoding: str, *, gzipped: bool) -> int:
    """Return the line of the first bytes that are no text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with _open(path, gzipped=gzipped) as stream:
        while True:
            chunk = _read(stream, path)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            if not chunk:
                return line


def _sample(path: Path, *, gzipped: bool) -> bytes:
    """Return lines with other than ASCII characters in them: what tells one encoding from another."""
    lines, size = [], 0
    with _open(path, gzipped=gzipped) as stream:
        while size < _SAMPLE_BYTES and (line := stream.readline(_SAMPLE_BYTES)):
            if not line.isascii():
                lines.append(line)
                size += len(line)
    return b"".join(lines)


def _guess(sample: bytes) -> str | None:
    """Return the likeliest encoding; between equals Windows' Western one, by far the commonest."""
    matches = from_bytes(sample)
    best = matches.best()
    if best is None:
        return None
    western = next((match for match in matches if "cp1252" in match.could_be_from_charset), None)
    if western is not None and western.chaos <= best.chaos:
        return "cp1252"
    return str(best.encoding)
