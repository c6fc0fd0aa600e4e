"""Nothing that a mail holds can break the reader, hold it up or fill its memory (fault 61)."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.receipts.mail import LARGEST, PARTS, read_mail
from distributor.receipts.understand import Kind, understand
from tests.unit import reports
from tests.unit.reports import ENVELOPE, dsn, wire

#: Of the processor, so that a busy machine does not decide.
SECONDS = 2.0
OCTETS = 100_000_000

HEAD = b"Return-Path: <>\r\nFrom: MAILER-DAEMON@x.com\r\n"


def nested(levels: int, kind: str = "multipart/mixed") -> bytes:
    return HEAD + b"".join(f'Content-Type: {kind}; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode() for n in range(levels))


def report(fields: bytes) -> bytes:
    return HEAD + b"Content-Type: message/delivery-status\r\n\r\n" + fields


BOMBS = {
    "a report of 200 MB": lambda: dsn(reports.POSTFIX_FAILED) + b"x" * 200_000_000,
    "2,000 levels": lambda: nested(2_000),
    "2,000 enclosed messages": lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 2_000,
    "2,000 digests": lambda: nested(2_000, "multipart/digest"),
    "100,000 parts": lambda: HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
    "half a million delimiters": lambda: (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\n" * 500_000
    ),
    "a subject of 32,000 encoded words": lambda: HEAD + b"Subject: " + b"=?utf-8?b?YQ==?= " * 32_000 + b"\r\n\r\n",
    "a subject of open encoded words": lambda: HEAD + b"Subject: " + b"=?a?q?" * 100_000 + b"\r\n\r\n",
    "200,000 recipients": lambda: report(b"\r\nFinal-Recipient: rfc822;a@b.c\r\nAction: failed\r\n" * 200_000),
    "a million fields": lambda: report(b"A: b\r\n" * 1_000_000),
    "one field folded a million times": lambda: report(b"Action: failed\r\n" + b" x\r\n" * 1_000_000),
    "blank lines of spaces": lambda: report((b" " * 400 + b"\n") * 2_000),
    "quotes in a parameter": lambda: HEAD + b'Content-Type: text/plain; a="' + b'";' * 200_000 + b"\r\n\r\nx",
    "an absurd continuation": lambda: HEAD + b"Content-Type: text/plain; a*" + b"9" * 1_900 + b"=b\r\n\r\nx",
    "punycode": lambda: HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"-a9" * 300_000,
    "html of open tags": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style" * 150_000,
    "a text of one line": lambda: HEAD + b"Subject: returned\r\n\r\n" + b"a@" * 500_000,
    "recipients without an end": lambda: HEAD + b"Subject: returned\r\n\r\n" + "收件人a".encode() * 100_000,
    "brackets": lambda: HEAD + b"Subject: returned mail\r\n\r\n" + b"<" * 1_000_000,
    "references": lambda: HEAD + b"References: " + b"<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 30_000 + b"\r\n\r\n",
    "nothing but NUL": lambda: b"\0" * 1_000_000,
    "bare CR": lambda: HEAD.replace(b"\r\n", b"\r") + b"\r" * 500_000,
    "bad base64": lambda: HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=A" * 500_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little(name: str) -> None:
    raw = BOMBS[name]()

    began = time.process_time()
    understand(raw)
    assert time.process_time() - began < SECONDS

    raw = raw[: LARGEST + 1]
    tracemalloc.start()
    try:
        understand(raw)
        assert tracemalloc.get_traced_memory()[1] < OCTETS
    finally:
        tracemalloc.stop()


def test_a_huge_report_is_still_understood() -> None:
    found = understand(dsn(reports.POSTFIX_FAILED) + b"x" * 3_000_000)

    assert found.kind is Kind.DSN
    assert found.truncated
    assert found.candidates[0].token == ENVELOPE


@pytest.mark.parametrize("charset", ["gb18030", "gb2312", "iso-2022-jp", "x-unknown", "utf-7", "", "utf-16"])
@pytest.mark.parametrize(
    "body", ["退信原因：用户不存在".encode("gb18030"), "退信".encode(), b"\xff\xfe\x00", b"\x1b$B"]
)
def test_any_charset_gives_some_text(charset: str, body: bytes) -> None:
    part = read_mail(f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + body)

    assert isinstance(part.string, str)


def test_a_missing_charset_is_guessed() -> None:
    assert read_mail("Subject: x\r\n\r\n用户不存在".encode("gb18030")).string == "用户不存在"
    assert read_mail("Subject: 退信\r\n\r\n".encode("gb18030")).text("subject") == "退信"


def test_parts_and_levels_end_at_the_limit() -> None:
    wide = read_mail(b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000)

    assert len(list(wide.walk())) <= PARTS + 1


SAMPLES = [
    dsn(reports.POSTFIX_FAILED),
    wire(reports.ARF),
    wire(reports.QMAIL),
    wire(reports.QQ),
    reports.mdn("manual-action/MDN-sent-manually; displayed"),
]


def test_a_header_that_breaks_off_in_its_base64_stays_as_it_is() -> None:
    mail = b"From: PostMaster@qq.com\r\nSubject: =?utf-8?b?/57O757uf6YCA5L+h?= =?utf-8?b?5?=\r\n\r\nx"
    assert understand(mail).because != ("unreadable",)


@given(st.binary(max_size=3_000))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_understood_as_something(raw: bytes) -> None:
    assert understand(raw).because != ("unreadable",)


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 60), st.binary(max_size=40)), max_size=6),
)
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_report_leaves_it_readable(raw: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, instead in cuts:
        raw = raw[:at] + instead + raw[at + length :]

    assert understand(raw).because != ("unreadable",)


@given(st.lists(st.sampled_from([line + b"\r\n" for line in b"".join(SAMPLES).split(b"\r\n")]), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_mixture_of_lines_of_reports_is_readable(lines: list[bytes]) -> None:
    assert understand(b"".join(lines)).because != ("unreadable",)


def test_a_reader_that_breaks_is_no_end_of_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(mail: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("distributor.receipts.understand.read_dsn", broken)

    found = understand(dsn(reports.POSTFIX_FAILED))

    assert (found.kind, found.because) == (Kind.UNCLASSIFIED, ("unreadable",))
