"""Rules about replies: what a text finds, which rule decides, and what is said about a rule that is wrong."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.smtp.classify import Ruling, ruling
from distributor.channels.smtp.replies import read_reply
from distributor.channels.smtp.rules import Phrase, Rules
from distributor.channels.smtp.rules_file import load_rules, parse_rules, shipped_rules
from distributor.delivery.outcome import Fault, Reply, Stage, Verdict
from distributor.errors import BadFile, BadInput
from distributor.resources import shipped

S, F, V = Stage, Fault, Verdict


def reply(line: str) -> Reply:
    return read_reply(int(line[:3]), [line[4:]])


def ruled(own: str, line: str, stage: Stage = S.DOT) -> Ruling:
    """What the office's own rules and the shipped ones make of a reply."""
    rules = Rules((*parse_rules(own.encode()), *shipped_rules().rules))
    return ruling(stage, reply(line), rules)


@pytest.mark.parametrize(
    ("text", "said", "found"),
    [
        ("spam", "this is spam.", True),
        ("spam", "see antispam.example", False),
        ("spam", "spammers", False),
        ("*spam", "antispam", True),
        ("spam*", "spammers", True),
        ("SPAM", "spam", True),
        ("MI:*", "451 mi:sfq", True),
        ("MI:*", "semi:final", False),
        ("mailbox*quota", "mailbox over quota", True),
        ("mailbox*quota", "quota of the mailbox", False),
        ("mailbox*quota", "mailboxes and quota", True),
        ("a b*c d*e f", "a b, c d, e f", True),
        ("a b*c d*e f", "a b, e f, c d", False),
        ("频率", "您的发信频率过高", True),
        ("发信频率*限制", "发信频率超过限制了", True),
        ("spam", "antispam, spam", True),
    ],
)
def test_a_text_is_found_as_whole_words_with_anything_between_its_stars(text: str, said: str, found: bool) -> None:
    assert Phrase(text).occurs_in(said) is found


@given(st.text("ab *", min_size=1, max_size=6).filter(lambda text: text.strip(" *")), st.text("ab ", max_size=12))
def test_a_text_finds_what_the_same_regular_expression_finds(text: str, said: str) -> None:
    body = ".*".join(re.escape(piece) for piece in text.split("*"))
    begins = "(?<![a-z])" if text[0].isalpha() else ""
    ends = "(?![a-z])" if text[-1].isalpha() else ""
    assert Phrase(text).occurs_in(said) is bool(re.search(begins + body + ends, said))


def test_no_text_takes_long_whatever_the_reply() -> None:
    phrase = Phrase("*".join(["aa"] * 60) + "*b")
    begun = time.process_time()
    assert not phrase.occurs_in("a" * 1000)
    assert time.process_time() - begun < 2  # some microseconds; what tries every way takes years


@pytest.mark.parametrize(
    ("stage", "line", "verdict", "fault"),
    [
        # facts of 网易
        (S.AUTH, "535 Error: authentication failed", V.DEFERRED, F.ACCOUNT),
        (S.MAIL, "451 MI:SFQ 163 smtp1", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "450 RP:RCL 163", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "451 RP:QRC 163", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "550 RP:RCL 163", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "550 RP:TRC 163", V.DEFERRED, F.ACCOUNT),
        (S.DOT, "451 DT:SPM, please try again", V.DEFERRED, F.THROTTLE),
        (S.GREETING, "421 HL:IFC 163", V.DEFERRED, F.THROTTLE),
        (S.GREETING, "421 HL:ICC 163", V.DEFERRED, F.THROTTLE),
        (S.GREETING, "421 HL:REP 163", V.DEFERRED, F.THROTTLE),
        (S.GREETING, "421 HL:MEP 163", V.DEFERRED, F.THROTTLE),
        (S.MAIL, "450 MI:DMC 163", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "450 RP:DRC 163", V.DEFERRED, F.THROTTLE),
        (S.DOT, "550 DT:SPM 126", V.REJECTED, F.CONTENT),
        (S.DOT, "554 5.7.1 DT:SPM 163", V.REJECTED, F.CONTENT),
        (S.RCPT, "550 User suspended", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "550 Invalid User", V.REJECTED, F.RECIPIENT),
        (S.MAIL, "553 Mail from must equal authorized user", V.DEFERRED, F.CONFIGURATION),
        (S.GREETING, "554 IP in blacklist", V.DEFERRED, F.ACCOUNT),
        # QQ and 腾讯企业邮
        (S.AUTH, "535 Login Fail. Please enter your authorization code", V.DEFERRED, F.ACCOUNT),
        (S.RCPT, "550 Ip frequency limited", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "550 Domain frequency limited", V.DEFERRED, F.THROTTLE),
        (S.MAIL, "550 Sender frequency limited", V.DEFERRED, F.THROTTLE),
        (S.GREETING, "550 Connection frequency limited", V.DEFERRED, F.THROTTLE),
        (S.GREETING, "550 Connection denied", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "550 Mailbox unavailable or access denied", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "550 Mailbox not found", V.REJECTED, F.RECIPIENT),
        (S.DOT, "550 Mail content denied", V.REJECTED, F.CONTENT),
        (S.DOT, "550 Spam is embedded in the email", V.REJECTED, F.CONTENT),
        (S.MAIL, "552 Message too large", V.REJECTED, F.CONTENT),
        # 阿里云
        (S.MAIL, "436 MAIL FROM doesn't conform with authentication", V.DEFERRED, F.CONFIGURATION),
        (S.DOT, "552 Daily sending quota exceeded", V.DEFERRED, F.ACCOUNT),
        (S.MAIL, "552 Monthly sending quota exceeded", V.DEFERRED, F.ACCOUNT),
        (S.DOT, "554 Reject by content spam", V.REJECTED, F.CONTENT),
        (S.RCPT, "556 too many RCPT", V.DEFERRED, F.THROTTLE),
        (S.DOT, "557 size", V.REJECTED, F.CONTENT),
        (S.RCPT, "559 invalid rcptto", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "561 honeypot", V.REJECTED, F.RECIPIENT),
        (S.RCPT, "563 blocked list", V.REJECTED, F.RECIPIENT),
        (S.AUTH, "551 Main account unavailable", V.DEFERRED, F.ACCOUNT),
        # 阿里邮箱
        (S.AUTH, "526 Authentication failure[0]", V.DEFERRED, F.ACCOUNT),
        (S.AUTH, "526 Authentication failure[1]", V.DEFERRED, F.ACCOUNT),
        (S.MAIL, "440 mail from account doesn't conform with authentication", V.DEFERRED, F.CONFIGURATION),
        (S.DOT, "454 Transient reject by behaviour spam", V.DEFERRED, F.THROTTLE),
        (S.DOT, "554 Reject by behaviour spam at data phase, too frequently", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "504 the number of RCPT attempts is achieved the maximum threshold", V.DEFERRED, F.THROTTLE),
        (S.RCPT, "505 the total of RCPTs is achieved the maximum threshold", V.DEFERRED, F.THROTTLE),
        # Everybody
        (S.RCPT, "450 4.7.1 greylisted", V.DEFERRED, F.RECIPIENT),
        (S.DOT, "550 该用户不存在", V.REJECTED, F.RECIPIENT),
        (S.MAIL, "550 发信频率超过限制", V.DEFERRED, F.THROTTLE),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_provider_s_reply_means(stage: Stage, line: str, verdict: Verdict, fault: Fault) -> None:
    found = ruling(stage, reply(line))
    assert (found.outcome.verdict, found.outcome.fault) == (verdict, fault)
    assert found.rule is not None


#: The stages of a conversation by SMTP; other media answer otherwise.
SMTP_STAGES = [stage for stage in Stage if stage not in (Stage.UPLOAD, Stage.REQUEST)]


@given(st.sampled_from(SMTP_STAGES), st.integers(400, 599), st.text(max_size=40))
def test_every_refusal_is_decided_by_a_rule_with_a_place(stage: Stage, code: int, text: str) -> None:
    found = ruling(stage, read_reply(code, [text]))
    assert found.rule is not None
    assert found.rule.place.file.endswith("replies.yaml")
    assert found.rule.place.line > 0


def test_the_place_of_a_rule_is_where_it_stands_in_the_file() -> None:
    rule = ruling(S.MAIL, reply("451 MI:SFQ")).rule
    assert rule is not None
    line = shipped("providers/replies.yaml").read_text(encoding="utf-8").splitlines()[rule.place.line - 1]
    assert line.strip() == '- text: "MI:SFQ"'


def test_a_quota_s_pause_goes_with_the_outcome() -> None:
    wait = ruling(S.MAIL, reply("552 Daily sending quota exceeded")).outcome.wait
    assert wait is not None
    assert wait.total_seconds() == 3600


OWN = """\
rules:
  - text: our partner says no
    code: 550
    stage: rcpt
    class: temporary
    note: they restart at noon
  - enhanced: x.7.1
    class: recipient
    final: false
"""


@pytest.mark.parametrize(
    ("line", "stage", "verdict", "fault", "at"),
    [
        ("550 5.1.1 Our Partner says NO", S.RCPT, V.DEFERRED, F.NONE, 2),
        ("550 5.1.1 our partner says no", S.DOT, V.REJECTED, F.RECIPIENT, None),
        ("554 5.7.1 DT:SPM", S.DOT, V.DEFERRED, F.RECIPIENT, 7),
        ("450 4.7.1 greylisted", S.RCPT, V.DEFERRED, F.RECIPIENT, 7),
    ],
    ids=["text, code and stage", "another stage", "before a shipped text", "a group of enhanced codes"],
)
def test_the_office_s_rules_win(line: str, stage: Stage, verdict: Verdict, fault: Fault, at: int | None) -> None:
    found = ruled(OWN, line, stage)
    assert (found.outcome.verdict, found.outcome.fault) == (verdict, fault)
    assert found.rule is not None
    if at is not None:
        assert (found.rule.place.file, found.rule.place.line) == ("replies.yaml", at)


@pytest.mark.parametrize(
    ("line", "stage"), [("450 4.2.0 x", S.DOT), ("552 5.3.4 x", S.RCPT)], ids=["a 4xx", "552 to RCPT"]
)
def test_no_rule_makes_final_what_the_standard_calls_temporary(line: str, stage: Stage) -> None:
    own = "rules:\n  - {code: [4xx, 552], class: recipient}\n"
    assert ruled(own, line, stage).outcome.verdict is V.DEFERRED


@pytest.mark.parametrize(
    ("rules", "code", "place", "advice"),
    [
        pytest.param("- {class: throttle}", "no_condition", "2:5", "Add text", id="fits everything"),
        pytest.param("- {stage: rcpt, class: throttle}", "no_condition", "2:5", "Add text", id="only a stage"),
        pytest.param("- {text: ok so, class: slow}", "not_a_choice", "2:26", "Possible are", id="class"),
        pytest.param("- {text: ok so, class: thottle}", "not_a_choice", "2:26", "throttle", id="class misspelt"),
        pytest.param("- {text: a, class: throttle}", "text_short", "2:12", "some words", id="short text"),
        pytest.param('- {text: ["so long", "*"], class: throttle}', "text_short", "2:24", "some words", id="a star"),
        pytest.param("- {code: 250, class: throttle}", "code", "2:12", "550", id="no refusal"),
        pytest.param("- {code: 5x0, class: throttle}", "code", "2:12", "5xx", id="code"),
        pytest.param("- {enhanced: 5.7, class: throttle}", "enhanced", "2:16", "5.7.1", id="enhanced"),
        pytest.param("- {text: so it is, stage: rctp, class: throttle}", "stage", "2:29", "rcpt", id="stage"),
        pytest.param("- {text: so it is}", "missing", "2:5", "class", id="no class"),
        pytest.param("- {txt: so it is, class: throttle}", "unknown_key", "2:6", "text", id="key"),
        pytest.param("- {text: so it is, class: content, final: no}", "wrong_type", "2:45", "true or", id="truth"),
        pytest.param("- {text: so it is, class: content, wait: soon}", None, "2:44", "", id="wait"),
        pytest.param(
            "- {text: So it is, class: content}\n  - {text: so  it is, class: throttle}",
            "never_reached", "3:5", "one of the two", id="never reached",
        ),
    ],
)  # fmt: skip
def test_a_rule_that_is_wrong_is_refused_with_its_place(rules: str, code: str | None, place: str, advice: str) -> None:
    with pytest.raises(BadFile) as caught:
        parse_rules(f"rules:\n  {rules}\n".encode())
    problem = caught.value.problems[0]
    assert str(problem.place) == f"replies.yaml:{place}"
    assert code is None or problem.code == code
    assert advice in str(problem.do)


def test_a_file_with_too_many_rules_is_refused() -> None:
    many = "".join(f"  - {{text: text number {n}, class: throttle}}\n" for n in range(1001))
    with pytest.raises(BadFile, match="more than 1000"):
        parse_rules(f"rules:\n{many}".encode())


def test_the_office_s_file_may_be_missing_but_not_be_unreadable(tmp_path: Path) -> None:
    assert load_rules(tmp_path / "replies.yaml") is shipped_rules()
    (tmp_path / "replies.yaml").mkdir()
    with pytest.raises(BadInput, match=r"replies\.yaml"):
        load_rules(tmp_path / "replies.yaml")


def test_the_office_s_file_stands_before_the_shipped_rules(tmp_path: Path) -> None:
    (tmp_path / "replies.yaml").write_text(OWN, encoding="utf-8")
    rules = load_rules(tmp_path / "replies.yaml").rules
    assert len(rules) == len(shipped_rules().rules) + 2
    assert rules[0].note == "they restart at noon"
