"""What stands around the bodies of a letter: boundaries, part headers, pictures and attached files (RFC 2045, 2046).

A letter is text beside HTML; pictures stand with the HTML (related), files with the whole (mixed).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from distributor.rendering.own_file import OwnFile, own_file
from distributor.rendering.rendition import Attachment, InlinePicture, Rendition
from distributor.rendering.splice import lines

#: A line of a file name, as hanzi are written: three bytes each, nine characters.
_NAME_LINE = 60
_PLAIN = re.compile(r"[A-Za-z0-9._-]")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")


@dataclass(frozen=True, slots=True)
class Frame:
    """The value of the letter's Content-Type, and what stands before, between and after text and HTML.

    `closing` is joined; where a file stands in it, each copy has its own.
    """

    kind: str
    opening: bytes
    middle: bytes
    closing: tuple[bytes | OwnFile, ...]


def frame_of(rendition: Rendition) -> Frame:
    """The frame of a rendition: the same for all its copies."""
    # None may begin like another: boundaries are compared with the beginning of a line (RFC 2046 5.1.1).
    whole, outer, inner = (f"=_{place}_{rendition.digest[:32]}" for place in ("whole", "letter", "page"))
    opening, middle, closing = _letter(outer.encode(), inner.encode(), rendition.pictures)
    kind = f'multipart/alternative; boundary="{outer}"'
    if not rendition.attachments:
        return Frame(kind, opening, middle, (closing,))
    edge = f"--{whole}".encode()
    head = edge + b"\r\nContent-Type: " + kind.replace("; ", ";\r\n ").encode() + b"\r\n\r\n"
    files = [part for file in rendition.attachments for part in (edge + b"\r\n" + _file_head(file), _content(file))]
    ending = _joined([closing, *files, edge + b"--\r\n"])
    return Frame(f'multipart/mixed; boundary="{whole}"', head + opening, middle, ending)


def _letter(outer: bytes, inner: bytes, pictures: tuple[InlinePicture, ...]) -> tuple[bytes, bytes, bytes]:
    text, page = (
        f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
        for kind in ("plain", "html")
    )
    edge, near = b"--" + outer, b"--" + inner
    opening, closing = edge + b"\r\n" + text, edge + b"--\r\n"
    if not pictures:
        return opening, edge + b"\r\n" + page, closing
    related = b'Content-Type: multipart/related; type="text/html";\r\n boundary="' + inner + b'"\r\n\r\n'
    middle = b"\r\n".join((edge, related + near, page))
    enclosed = b"".join(near + b"\r\n" + _enclosed(picture) for picture in pictures)
    return opening, middle, enclosed + near + b"--\r\n" + closing


def _enclosed(picture: InlinePicture) -> bytes:
    head = (
        f'Content-Type: {picture.media_type}; name="{picture.file_name}"',
        "Content-Transfer-Encoding: base64",
        f"Content-ID: <{picture.cid}>",
        f'Content-Disposition: inline; filename="{picture.file_name}"',
    )
    return _head(head) + lines(picture.content)


def _joined(parts: Iterable[bytes | OwnFile]) -> tuple[bytes | OwnFile, ...]:
    """What all copies share in as few pieces as can be."""
    joined: list[bytes | OwnFile] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, bytes) and isinstance(last, bytes):
            joined[-1] = last + part
        else:
            joined.append(part)
    return tuple(joined)


def _content(file: Attachment) -> bytes | OwnFile:
    return own_file(file) or lines(file.content)


def _file_head(attachment: Attachment) -> bytes:
    # Programs that do not know RFC 2231 take the plain name beside the type.
    ending = _ENDING.search(attachment.file_name)
    plain = f"bulletin{ending[0] if ending else ''}"
    head = (
        f'Content-Type: {attachment.media_type}; name="{plain}"',
        "Content-Transfer-Encoding: base64",
        ";\r\n ".join(("Content-Disposition: attachment", *_file_name(attachment.file_name))),
    )
    return _head(head)


def _head(head: tuple[str, ...]) -> bytes:
    return "".join(f"{line}\r\n" for line in (*head, "")).encode("ascii")


def _file_name(name: str) -> Iterator[str]:
    """The parameters of a file name in any language (RFC 2231 3 and 4).

    Cut between characters only: some programs decode each line by itself.
    """
    pieces, line = [], "utf-8''"
    for character in name:
        written = character if _PLAIN.fullmatch(character) else "".join(f"%{byte:02X}" for byte in character.encode())
        if len(line) + len(written) > _NAME_LINE:
            pieces.append(line)
            line = ""
        line += written
    pieces.append(line)
    if len(pieces) == 1:
        yield f"filename*={pieces[0]}"
    else:
        yield from (f"filename*{number}*={piece}" for number, piece in enumerate(pieces))
