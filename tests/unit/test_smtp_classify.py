"""What a reply means, by stage, code, enhanced code and text; and how a reply is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.smtp.classify import classify
from distributor.channels.smtp.replies import LONGEST_TEXT, decoded, one_line, read_reply
from distributor.delivery.judgement import suppresses
from distributor.delivery.outcome import Fault, Reply, Stage, Verdict

F, S, V = Fault, Stage, Verdict


def reply(line: str) -> Reply:
    return read_reply(int(line[:3]), [line[4:]])


@pytest.mark.parametrize(
    ("stage", "line", "verdict", "fault"),
    [
        # The account and its settings
        (S.GREETING, "554 5.7.1 listed", V.DEFERRED, F.ACCOUNT),
        (S.GREETING, "421 HL:ICC", V.DEFERRED, F.THROTTLE),
        (S.AUTH, "535 Error: authentication failed", V.DEFERRED, F.ACCOUNT),
        (S.AUTH, "526 Authentication failure[0]", V.DEFERRED, F.ACCOUNT),
        (S.AUTH, "454 4.7.0 temporary", V.DEFERRED, F.THROTTLE),
        (S.STARTTLS, "454 4.7.0 TLS not available", V.DEFERRED, F.CONFIGURATION),
        (S.MAIL, "553 mail from must equal authorized user", V.DEFERRED, F.CONFIGURATION),
        (S.MAIL, "553 authentication is required", V.DEFERRED, F.ACCOUNT),
        (S.MAIL, "436 MAIL FROM doesn't conform with authentication", V.DEFERRED, F.CONFIGURATION),
        (S.MAIL, "440 mail from account doesn't conform with authentication", V.DEFERRED, F.CONFIGURATION),
        (S.MAIL, "501 Mail from address must be same as authorization user", V.DEFERRED, F.CONFIGURATION),
        (S.MAIL, "550 5.7.1 not authorised", V.DEFERRED, F.CONFIGURATION),
        (S.MAIL, "552 Daily sending quota exceeded", V.DEFERRED, F.ACCOUNT),
        (S.DOT, "552 Monthly sending quota exceeded", V.DEFERRED, F.ACCOUNT),
        (S.RCPT, "554 5.7.1 <r@x>: Relay access denied", V.DEFERRED, F.RECIPIENT),
        (S.RCPT, "504 5.5.2 <r@localhost>: need a full address", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "550 5.7.133 sender not authenticated for this group", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "530 5.7.0 authentication required", V.DEFERRED, F.ACCOUNT),
        (S.RCPT, "553 5.7.1 <s@x>: Sender address rejected: not owned by user", V.DEFERRED, F.CONFIGURATION),
        (S.RCPT, "550 5.1.8 nobody answers at your domain", V.DEFERRED, F.CONFIGURATION),
        (S.RCPT, "450 4.1.8 <s@x>: Sender address rejected: Domain not found", V.DEFERRED, F.RECIPIENT),
        (S.DOT, "550 5.7.26 unauthenticated mail, DMARC", V.DEFERRED, F.CONFIGURATION),
        (S.RCPT, "555 5.5.4 unsupported option", V.DEFERRED, F.CONFIGURATION),
        # Too fast
        (S.RCPT, "550 Ip frequency limited", V.DEFERRED, F.THROTTLE),
        (S.MAIL, "550 Sender frequency limited", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "550 Mailbox unavailable or access denied", V.DEFERRED, F.THROTTLE),
        (S.MAIL, "451 MI:SFQ", V.DEFERRED, F.THROTTLE),
        (S.DATA, "451 DT:SPM, please try again", V.DEFERRED, F.THROTTLE),
        (S.DOT, "554 Reject by behaviour spam, too frequently", V.DEFERRED, F.THROTTLE),
        (S.MAIL, "452 4.4.5 too many messages", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "504 RCPT attempts", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "550 5.7.1 try again later", V.DEFERRED, F.THROTTLE),
        (S.DOT, "421 4.3.2 closing", V.DEFERRED, F.THROTTLE),
        # The letter
        (S.DOT, "554 DT:SPM 163 smtp8", V.REJECTED, F.CONTENT),
        (S.DOT, "550 5.7.1 Mail content denied", V.REJECTED, F.CONTENT),
        (S.DOT, "552 5.2.2 quota exceeded", V.REJECTED, F.RECIPIENT),
        (S.DOT, "550 5.2.2 mailbox full", V.REJECTED, F.RECIPIENT),
        (S.MAIL, "552 5.3.4 too big", V.REJECTED, F.CONTENT),
        (S.MAIL, "552 Message too large", V.REJECTED, F.CONTENT),
        (S.BODY, "552 enough", V.REJECTED, F.CONTENT),
        (S.RCPT, "552 5.3.4 message size exceeds fixed limit", V.DEFERRED, F.CONTENT),
        # The person
        (S.RCPT, "550 5.1.1 no such user", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "550 Mailbox not found", V.REJECTED, F.RECIPIENT),
        (S.DOT, "550 Mailbox not found", V.REJECTED, F.RECIPIENT),
        (S.DOT, "550 5.1.1 user unknown", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "550 User suspended", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "552 5.2.2 mailbox quota exceeded", V.DEFERRED, F.RECIPIENT),
        (S.RCPT, "452 4.2.2 over quota", V.DEFERRED, F.RECIPIENT),
        (S.RCPT, "450 4.2.0 greylisted", V.DEFERRED, F.RECIPIENT),
        (S.RCPT, "550 5.7.1 we do not like you", V.REJECTED, F.RECIPIENT),
        # Nobody knows
        (S.RCPT, "503 5.5.1 MAIL first", V.DEFERRED, F.NONE),
        (S.DOT, "451 4.3.0 local error", V.DEFERRED, F.NONE),
        (S.DATA, "250 ok", V.DEFERRED, F.NETWORK),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_reply_means(stage: Stage, line: str, verdict: Verdict, fault: Fault) -> None:
    outcome = classify(stage, reply(line))
    assert (outcome.verdict, outcome.fault, outcome.stage) == (verdict, fault, stage)


@given(st.sampled_from(Stage), st.integers(400, 599), st.text(max_size=60))
def test_every_refusal_has_a_meaning_and_our_own_faults_are_never_charged(stage: Stage, code: int, text: str) -> None:
    outcome = classify(stage, read_reply(code, [text]))
    assert outcome.verdict in (Verdict.DEFERRED, Verdict.REJECTED)
    assert outcome.verdict is Verdict.DEFERRED or outcome.fault in (Fault.RECIPIENT, Fault.CONTENT)
    assert code >= 500 or outcome.verdict is Verdict.DEFERRED


@pytest.mark.parametrize(
    ("code", "lines", "enhanced", "text"),
    [
        (250, ["2.1.0 Ok"], "2.1.0", "Ok"),
        (550, ["5.1.1 no such", "5.1.1 user here"], "5.1.1", "no such user here"),
        (550, ["4.2.1 disagrees"], "5.2.1", "disagrees"),
        (450, ["5.1.1 disagrees"], "4.1.1", "disagrees"),
        (550, ["5.7.1"], "5.7.1", ""),
        (550, ["127.0.0.1 is listed"], "", "127.0.0.1 is listed"),
        (550, ["5.1.10 null MX"], "5.1.10", "null MX"),
        (250, ["a\tb\x00c\x1b[31m\u2028d\u202e"], "", "a b c [31m d"),
        (250, [], "", ""),
    ],
)
def test_a_reply_is_read(code: int, lines: list[str], enhanced: str, text: str) -> None:
    assert read_reply(code, lines) == Reply(code, enhanced, text)


def test_a_temporary_refusal_never_offers_an_address_for_suppression() -> None:
    assert not suppresses(classify(Stage.RCPT, reply("450 5.1.1 disagrees")))
    assert suppresses(classify(Stage.RCPT, reply("550 5.1.1 no such user")))


@pytest.mark.parametrize("line", ["邮箱不存在".encode(), "邮箱不存在".encode("gb18030")], ids=["utf-8", "gb18030"])
def test_chinese_replies_are_read_in_both_encodings(line: bytes) -> None:
    assert decoded(line) == "邮箱不存在"


@given(st.binary())
def test_no_reply_breaks_a_line_or_grows(octets: bytes) -> None:
    text = one_line(decoded(octets))
    assert text.isprintable()
    assert len(text) <= LONGEST_TEXT
