"""Builds Word documents as Word writes them: the same bytes for the same calls, with nothing but zipfile.

`Word().add(paragraph("…")).build()` gives the bytes of a .docx with styles, numbering, relationships and media.
What a test needs beyond that goes in as WordprocessingML: `add` takes any XML, `parts` any file of the zip.
"""

import io
import zipfile
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

_NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
}
NAMESPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"

STYLES = f"""{_HEAD}<w:styles {NAMESPACES}>
<w:docDefaults>
<w:rPrDefault><w:rPr><w:rFonts w:eastAsia="仿宋"/><w:sz w:val="32"/></w:rPr></w:rPrDefault></w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/><w:qFormat/></w:style>
<w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/><w:basedOn w:val="a"/>
<w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="2"><w:name w:val="heading 2"/>
<w:basedOn w:val="a"/><w:rPr><w:b/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="3"><w:name w:val="heading 3"/>
<w:basedOn w:val="a"/><w:rPr><w:b/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="20"><w:name w:val="栏目"/><w:basedOn w:val="2"/></w:style>
<w:style w:type="paragraph" w:styleId="a3"><w:name w:val="Title"/><w:basedOn w:val="a"/><w:rPr><w:b/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="a4"><w:name w:val="List Paragraph"/><w:basedOn w:val="a"/></w:style>
<w:style w:type="paragraph" w:styleId="a5"><w:name w:val="Quote"/><w:basedOn w:val="a"/><w:rPr><w:i/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/><w:basedOn w:val="a"/></w:style>
<w:style w:type="paragraph" w:styleId="hid"><w:name w:val="批注"/>
<w:basedOn w:val="a"/><w:rPr><w:vanish/></w:rPr></w:style>
<w:style w:type="character" w:styleId="b"><w:name w:val="Strong"/><w:rPr><w:b/><w:bCs/></w:rPr></w:style>
<w:style w:type="table" w:styleId="a6"><w:name w:val="Table Grid"/></w:style>
</w:styles>"""


def _levels(*levels: tuple[str, str]) -> str:
    return "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for depth, (form, text) in enumerate(levels)
    )


_CHINESE = _levels(("chineseCountingThousand", "%1、"), ("chineseCounting", "（%2）"))

_RESTART = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
_ANEW = "\n".join(f'<w:num w:numId="{at}"><w:abstractNumId w:val="1"/>{_RESTART}</w:num>' for at in range(20, 100))

#: Lists by numId: 1 bullets, 2 `1.` over `1.`, 3 一、 over （一）, 4 the digits of 2 begun anew, 5 1.1, 6 circled.
#: From 20 on, each list counts 1. 2. 3. on its own.
NUMBERING = f"""{_HEAD}<w:numbering {NAMESPACES}>
<w:abstractNum w:abstractNumId="0">{_levels(("bullet", "·"), ("bullet", "o"))}</w:abstractNum>
<w:abstractNum w:abstractNumId="1">{_levels(("decimal", "%1."), ("decimal", "%2."))}</w:abstractNum>
<w:abstractNum w:abstractNumId="2">{_CHINESE}</w:abstractNum>
<w:abstractNum w:abstractNumId="3">{_levels(("decimal", "%1"), ("decimal", "%1.%2"))}</w:abstractNum>
<w:abstractNum w:abstractNumId="4">{_levels(("decimalEnclosedCircleChinese", "%1"))}</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="1"/>
<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
<w:num w:numId="5"><w:abstractNumId w:val="3"/></w:num>
<w:num w:numId="6"><w:abstractNumId w:val="4"/></w:num>
{_ANEW}
</w:numbering>"""


def run(text: str, *, bold: bool = False, italic: bool = False, look: str = "") -> str:
    """A `w:r`; a tab or line break in the text becomes Word's own. `look` is more `rPr`."""
    look = ("<w:b/><w:bCs/>" if bold else "") + ("<w:i/>" if italic else "") + look
    body = "".join(
        "<w:tab/>"
        if piece == "\t"
        else "<w:br/>"
        if piece == "\n"
        else f'<w:t xml:space="preserve">{escape(piece)}</w:t>'
        for piece in _pieces(text)
    )
    return f"<w:r>{f'<w:rPr>{look}</w:rPr>' if look else ''}{body}</w:r>"


def _pieces(text: str) -> list[str]:
    return [piece for piece in text.replace("\t", "\0\t\0").replace("\n", "\0\n\0").split("\0") if piece]


def paragraph(*runs: str, style: str = "", number: tuple[int, int] | None = None, shape: str = "") -> str:
    """A `w:p`. Runs are XML or plain text; `number` is numId and level; `shape` is more `pPr`."""
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number:
        properties += f'<w:numPr><w:ilvl w:val="{number[1]}"/><w:numId w:val="{number[0]}"/></w:numPr>'
    inside = "".join(each if each.startswith("<") else run(each) for each in runs if each)
    return f"<w:p>{f'<w:pPr>{properties}{shape}</w:pPr>' if properties or shape else ''}{inside}</w:p>"


def cell(content: str, *, span: int = 1, merge: str = "") -> str:
    """A `w:tc`; `merge` is `restart` or `continue` of a vertical merge. Content is paragraphs or plain text."""
    properties = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    properties += f'<w:vMerge w:val="{merge}"/>' if merge else ""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content if content.startswith('<') else paragraph(content)}</w:tc>"


def table(*rows: tuple[str, ...], heading: bool = True) -> str:
    """A `w:tbl` of rows of cells (XML of `cell`, or plain text); `heading`: the look of a first row that is one."""
    look = f'<w:tblLook w:val="{"04A0" if heading else "0480"}" w:firstRow="{int(heading)}"/>'
    body = "".join(
        f"<w:tr>{''.join(each if each.startswith('<w:tc>') else cell(each) for each in row)}</w:tr>" for row in rows
    )
    return f'<w:tbl><w:tblPr><w:tblStyle w:val="a6"/>{look}</w:tblPr><w:tblGrid/>{body}</w:tbl>'


def picture(relation: str, alt: str = "", *, crop: str = "", link: bool = False) -> str:
    """A `w:r` with a drawing of an embedded picture (or, `link`, of one elsewhere)."""
    attribute = f'r:{"link" if link else "embed"}="{relation}"'
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="图片 1" descr={quoteattr(alt)}/>'
        f'<a:graphic><a:graphicData uri="{_NAMESPACES["pic"]}"><pic:pic><pic:nvPicPr><pic:cNvPr id="0" name="x"/>'
        f"</pic:nvPicPr><pic:blipFill><a:blip {attribute}/>{crop}<a:stretch/></pic:blipFill></pic:pic>"
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def text_box(*content: str, old: bool = True) -> str:
    """A `w:r` with a text box as Word 2010 and later write it; `old`: with the second version for older ones."""
    body = f"<w:txbxContent>{''.join(content)}</w:txbxContent>"
    fallback = f"<mc:Fallback><w:pict><v:shape><v:textbox>{body}</v:textbox></v:shape></w:pict></mc:Fallback>"
    return (
        '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><wp:docPr id="2" name="文本框 2"/>'
        f"<a:graphic><a:graphicData><wps:wsp><wps:txbx>{body}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor>"
        f"</w:drawing></mc:Choice>{fallback if old else ''}</mc:AlternateContent></w:r>"
    )


def link(relation: str, text: str) -> str:
    return f'<w:hyperlink r:id="{relation}">{run(text)}</w:hyperlink>'


@dataclass(slots=True)
class Word:
    """One document while it is built."""

    body: list[str] = field(default_factory=list)
    parts: dict[str, bytes | str] = field(default_factory=dict)
    relations: list[tuple[str, str, str, bool]] = field(default_factory=list)  # id, kind, target, external
    main_type: str = _MAIN

    def add(self, *blocks: str) -> "Word":
        """Adds paragraphs and tables."""
        self.body += blocks
        return self

    def relate(self, kind: str, target: str, *, external: bool = False) -> str:
        """Adds a relationship of the main part and gives its id."""
        self.relations.append((f"rId{len(self.relations) + 10}", kind, target, external))
        return self.relations[-1][0]

    def media(self, content: bytes, name: str) -> str:
        """Embeds a picture and gives the id of its relationship."""
        self.parts[f"word/media/{name}"] = content
        return self.relate("image", f"media/{name}")

    def remarks(self, kind: str, *texts: str) -> "Word":
        """Adds comments, footnotes or endnotes with the ids 1, 2, …"""
        body = "".join(
            f'<w:{kind} w:id="{at}" w:author="李审">{paragraph(text)}</w:{kind}>' for at, text in enumerate(texts, 1)
        )
        self.parts[f"word/{kind}s.xml"] = f"{_HEAD}<w:{kind}s {NAMESPACES}>{body}</w:{kind}s>"
        self.relate(f"{kind}s", f"{kind}s.xml")
        return self

    def margin(self, kind: str, *paragraphs: str) -> "Word":
        """Adds a `header` or `footer`."""
        tag = "hdr" if kind == "header" else "ftr"
        self.parts[f"word/{kind}1.xml"] = f"{_HEAD}<w:{tag} {NAMESPACES}>{''.join(paragraphs)}</w:{tag}>"
        self.relate(kind, f"{kind}1.xml")
        return self

    def document(self) -> str:
        return f"{_HEAD}<w:document {NAMESPACES}><w:body>{''.join(self.body)}<w:sectPr/></w:body></w:document>"

    def files(self) -> dict[str, bytes | str]:
        """Every file of the zip by its name."""
        relations = [
            ("rId1", "styles", "styles.xml", False),
            ("rId2", "numbering", "numbering.xml", False),
            *self.relations,
        ]
        return {
            "[Content_Types].xml": _types(self.main_type),
            "_rels/.rels": _relations([("rId1", "officeDocument", "word/document.xml", False)]),
            "word/document.xml": self.document(),
            "word/_rels/document.xml.rels": _relations(relations),
            "word/styles.xml": STYLES,
            "word/numbering.xml": NUMBERING,
            **self.parts,
        }

    def build(self) -> bytes:
        """The bytes of the document; the same for the same contents, whenever they are built."""
        return zipped(self.files())


def zipped(files: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip whose entries bear no date."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as package:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = compression
            entry.create_system = 3  # the same bytes on every system
            package.writestr(entry, content)
    return stream.getvalue()


def _types(main: str) -> str:
    return (
        f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>'
    )


def _relations(relations: list[tuple[str, str, str, bool]]) -> str:
    body = "".join(
        f'<Relationship Id="{by_id}" Type="{RELATIONS}/{kind}" Target={quoteattr(target)}'
        f"{' TargetMode=' + quoteattr('External') if external else ''}/>"
        for by_id, kind, target, external in relations
    )
    return f'{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{body}</Relationships>'
