"""Reports of real programs are understood: what they are, whom they speak of, what that means."""

import datetime as dt

import pytest

from distributor.receipts.report import Class, plain_address, same_address
from distributor.receipts.simulated import MARK, simulated_dsn, simulated_mdn
from distributor.receipts.trace import Candidate, Trace
from distributor.receipts.understand import Kind, understand
from tests.unit import reports
from tests.unit.reports import ALICE, ENVELOPE, MESSAGE, answer, dsn, mdn, wire


@pytest.mark.parametrize(
    ("fields", "action", "status", "class_", "reason"),
    [
        pytest.param(reports.POSTFIX_FAILED, "failed", "5.1.1", Class.PERMANENT, "no_such_user", id="postfix failed"),
        pytest.param(reports.POSTFIX_EXPIRED, "failed", "4.4.1", Class.PERMANENT, "network", id="gave up with a 4.x"),
        pytest.param(reports.EXIM_FAILED, "failed", "5.2.2", Class.PERMANENT, "mailbox_full", id="exim, action first"),
        pytest.param(reports.EXCHANGE_FAILED, "failed", "5.1.10", Class.PERMANENT, "no_such_user", id="exchange"),
        pytest.param(reports.DELAYED, "delayed", "4.2.1", Class.TEMPORARY, "disabled", id="delayed is not failed"),
        pytest.param(reports.RELAYED, "relayed", "2.0.0", Class.SUCCESS, "", id="relayed with a comment"),
        pytest.param(reports.NO_BLANK_LINE, "failed", "5.2.1", Class.PERMANENT, "disabled", id="one group, no action"),
    ],
)
def test_a_delivery_report_is_understood(fields: str, action: str, status: str, class_: Class, reason: str) -> None:
    found = understand(dsn(fields))

    assert found.kind is Kind.DSN
    (one,) = found.recipients
    assert (one.address, one.action, one.status, one.class_, one.reason) == (ALICE, action, status, class_, reason)


def test_a_report_speaks_of_several_recipients_each_with_a_verdict_of_its_own() -> None:
    more = (
        "\n\nDiagnostic-Code: smtp; 250 ok\nAction: delivered\nFinal-Recipient: rfc822;bob@example.com\nStatus: 2.1.5"
    )

    alice, bob = understand(dsn(reports.POSTFIX_FAILED + more)).recipients

    assert (alice.address, alice.class_) == (ALICE, Class.PERMANENT)
    assert (bob.address, bob.class_) == ("bob@example.com", Class.SUCCESS)


def test_a_folded_diagnostic_is_one_sentence() -> None:
    (one,) = understand(dsn(reports.POSTFIX_FAILED)).recipients

    assert one.text.endswith("Recipient address rejected: User unknown in virtual mailbox table")
    assert one.server == "in.example.com"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        pytest.param("rfc822; alice@example.com", ALICE, id="postfix"),
        pytest.param("RFC822;rfc822;alice@example.com", ALICE, id="horde"),
        pytest.param("rfc822;<alice@example.com> (Alice)", ALICE, id="brackets and comment"),
        pytest.param("alice@example.com", ALICE, id="no type"),
        pytest.param("rfc822;a+2Bb@example.com", "a+b@example.com", id="xtext"),
        pytest.param("rfc822;a+41@example.com", "a+41@example.com", id="a plus that is part of the name"),
        pytest.param(r"utf-8; \x{5F20}\x{4E09}@例子.cn", "张三@例子.cn", id="RFC 6533"),
        pytest.param("utf-8; 张三@例子.cn", "张三@例子.cn", id="international"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_an_address_field_gives_its_address(value: str, address: str) -> None:
    assert plain_address(value) == address


def test_an_international_domain_is_the_same_in_both_forms() -> None:
    assert same_address("Zhang@例子.cn", "zhang@xn--fsqu00a.CN")
    assert not same_address("zhang@example.cn", "li@example.cn")
    assert not same_address("", "")


def test_an_international_report_is_understood() -> None:
    text = dsn(reports.POSTFIX_FAILED.replace("rfc822; alice", r"utf-8; \x{5F20}")).decode()
    raw = text.replace("message/delivery-status", "message/global-delivery-status").encode()

    (one,) = understand(raw).recipients

    assert one.address == "张@example.com"


@pytest.mark.parametrize(
    ("disposition", "action", "mode", "class_"),
    [
        ("manual-action/MDN-sent-manually; displayed", "displayed", "manual", Class.READ),
        ("automatic-action/MDN-sent-automatically; displayed", "displayed", "automatic", Class.READ),
        ("manual-action/MDN-sent-manually;deleted", "deleted", "manual", Class.NOT_READ),
        ("automatic-action/MDN-sent-automatically; dispatched", "dispatched", "automatic", Class.NOT_READ),
        ("manual-action/MDN-sent-manually; denied", "denied", "manual", Class.NOT_READ),
        ("automatic-action/MDN-sent-automatically; processed/error", "processed", "automatic", Class.NOT_READ),
        ("displayed", "displayed", "automatic", Class.READ),
    ],
)
def test_only_displayed_counts_and_the_mode_is_kept(disposition: str, action: str, mode: str, class_: Class) -> None:
    found = understand(mdn(disposition))

    assert found.kind is Kind.MDN
    (one,) = found.recipients
    assert (one.address, one.action, one.mode, one.class_) == (ALICE, action, mode, class_)
    assert found.candidates == (Candidate(Trace.MESSAGE_ID, MESSAGE),)


def test_a_filter_that_rejects_is_not_a_person_who_deletes() -> None:
    raw = mdn(
        "automatic-action/MDN-sent-automatically; deleted",
        subject="Rejected: bulletin",
        words="Your message to <alice@example.com> was automatically rejected:\nnot for me",
    )

    (one,) = understand(raw).recipients

    assert one.class_ is Class.REFUSED


def test_a_space_before_the_colon_and_a_doubled_type_are_read() -> None:
    raw = mdn(
        "manual-action/MDN-sent-manually; displayed",
        message_id=f"Original-Message-ID : <{MESSAGE}@example.gov.cn>",
        recipient="rfc822;rfc822;alice@example.com",
    )

    found = understand(raw)

    assert found.recipients[0].address == ALICE
    assert found.candidates


@pytest.mark.parametrize(
    "subject", ["Read: bulletin", "已读：巡河工作快报", "已读回执", "Not read: bulletin", "阅读回执: x"]
)
def test_a_receipt_in_free_words_is_never_taken_for_reading(subject: str) -> None:
    found = understand(answer(subject=subject))

    assert found.kind is Kind.UNCLASSIFIED
    assert found.recipients[0].class_ is Class.UNCLEAR


@pytest.mark.parametrize(
    ("head", "subject", "because"),
    [
        ("Auto-Submitted: auto-replied (vacation)\n", "Away", "auto-submitted"),
        ("Precedence: bulk\n", "Re: bulletin", "precedence"),
        ("X-Autoreply: yes\n", "Re: bulletin", "x-autoreply"),
        ("X-Auto-Reply-From: a@b.c\n", "Re: bulletin", "x-auto-reply-from"),
        ("Return-Path: <>\n", "Re: bulletin", "return-path"),
        ("List-Id: <x.example.com>\n", "Re: bulletin", "list-id"),
        ("", "自动回复：巡河工作快报", "subject"),
        ("", "Automatic reply: bulletin", "subject"),
    ],
)
def test_a_programs_answer_is_not_a_persons(head: str, subject: str, because: str) -> None:
    found = understand(answer(subject=subject, head=head))

    assert (found.kind, found.because) == (Kind.AUTO_REPLY, (because,))
    assert found.recipients[0].class_ is Class.AUTOMATIC


@pytest.mark.parametrize("head", ["", "Auto-Submitted: no\n", "X-Auto-Response-Suppress: All\n"])
def test_a_persons_answer_is_a_reply(head: str) -> None:
    found = understand(answer(head=head))

    assert found.kind is Kind.REPLY
    assert found.recipients[0].address == ALICE
    assert found.candidates == (Candidate(Trace.MESSAGE_ID, MESSAGE),)


def test_a_complaint_names_the_letter_it_returns() -> None:
    found = understand(wire(reports.ARF))

    assert found.kind is Kind.COMPLAINT
    assert (found.recipients[0].address, found.recipients[0].action) == (ALICE, "abuse")
    assert found.candidates == (Candidate(Trace.MESSAGE_ID, MESSAGE), Candidate(Trace.HEADER, MESSAGE))


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        pytest.param(wire(reports.QMAIL), "5.1.1", "no_such_user", id="qmail"),
        pytest.param(
            wire(reports.QQ.format(reason="收件人邮件地址（alice@example.com）不存在，邮件无法送达。")),
            "",
            "no_such_user",
            id="QQ, its own words",
        ),
        pytest.param(
            wire(reports.QQ.format(reason="未知原因<br/>host mx.example.com[192.0.2.1] said: 552 5.2.2 mailbox full")),
            "5.2.2",
            "mailbox_full",
            id="QQ, the other server's words",
        ),
        pytest.param(
            wire(
                reports.NETEASE.format(reason="您可能写了外星人的地址", english="550 User not found: alice@example.com")
            ),
            "",
            "no_such_user",
            id="163",
        ),
        pytest.param(
            wire(reports.NETEASE.format(reason="您现在发送的邮件被怀疑为是垃圾邮件", english="554 DT:SPM rejected")),
            "",
            "policy",
            id="163, spam",
        ),
        pytest.param(
            wire(reports.COREMAIL.format(reason="收件人邮箱已满")).decode().encode("gb18030"),
            "",
            "mailbox_full",
            id="Coremail in GBK",
        ),
        pytest.param(wire(reports.ALIYUN.format(reason="对方服务器连接超时")), "", "network", id="Aliyun"),
    ],
)
def test_a_bounce_in_words_is_understood(raw: bytes, status: str, reason: str) -> None:
    found = understand(raw)

    assert (found.kind, found.because) == (Kind.DSN, ("bounce_text",))
    (one,) = found.recipients
    assert (one.address, one.action, one.class_) == (ALICE, "failed", Class.PERMANENT)
    assert (one.status, one.reason) == (status, reason)


def test_a_person_who_quotes_a_bounce_has_not_bounced() -> None:
    quoted = wire(reports.QMAIL.replace("Return-Path: <>\n", "", 1).replace("MAILER-DAEMON@mx", "bob@mx"))

    assert understand(quoted).kind is not Kind.DSN


def test_a_bounce_that_somebody_forwards_as_an_attachment_is_not_ours() -> None:
    inner = dsn(reports.POSTFIX_FAILED).decode()
    raw = b"From: bob@example.com\r\nContent-Type: message/rfc822\r\n\r\n" + inner.encode()

    assert understand(raw).kind is Kind.UNRELATED


def test_traces_come_in_the_order_of_their_worth() -> None:
    returned = f"Message-ID: <{MESSAGE}@example.gov.cn>\nX-Bulletin-Delivery: {MESSAGE}"
    to = f"bounce+{ENVELOPE.upper()}@example.gov.cn"

    found = understand(dsn(reports.POSTFIX_FAILED, to=to, returned=returned)).candidates

    assert [(one.by, one.token) for one in found] == [
        (Trace.VERP, ENVELOPE),
        (Trace.ENVID, ENVELOPE),
        (Trace.MESSAGE_ID, MESSAGE),
        (Trace.HEADER, MESSAGE),
    ]


def test_a_mail_that_runs_in_circles_is_dropped() -> None:
    hops = "Received: from a by b\n" * 26

    found = understand(dsn(reports.POSTFIX_FAILED, head=hops))

    assert (found.kind, found.because) == (Kind.UNRELATED, ("loop",))


def test_ordinary_mail_is_unrelated() -> None:
    assert understand(wire("From: bob@example.com\nSubject: 开会\n\n明天下午三点。")).kind is Kind.UNRELATED


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_any_line_end_will_do(end: bytes) -> None:
    raw = dsn(reports.POSTFIX_FAILED).replace(b"\r\n", end)

    assert understand(raw).recipients[0].address == ALICE


def test_simulated_reports_are_understood_like_real_ones_and_say_what_they_are() -> None:
    letter = wire(
        f"From: hzb@example.gov.cn\nTo: Alice <{ALICE}>\nMessage-ID: <{MESSAGE}@example.gov.cn>\n"
        f"X-Bulletin-Delivery: {MESSAGE}\n\ntext"
    )
    now = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
    delivered = simulated_dsn(letter, envid=ENVELOPE, now=now)
    read = simulated_mdn(letter, now=now)

    assert understand(delivered).recipients[0].class_ is Class.SUCCESS
    assert Candidate(Trace.ENVID, ENVELOPE) in understand(delivered).candidates
    assert understand(read).recipients[0].class_ is Class.READ
    assert understand(read).candidates == (Candidate(Trace.MESSAGE_ID, MESSAGE),)
    assert MARK.encode() in delivered
    assert MARK.encode() in read
