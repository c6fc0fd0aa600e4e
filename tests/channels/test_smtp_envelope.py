"""What goes on the wire: MAIL and RCPT lines, xtext, dot-stuffing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.channels.base import Envelope
from distributor.channels.smtp.envelope import Offer, Unfit, is_mailbox, mail_line, rcpt_line, wire_body, xtext
from distributor.delivery.outcome import Fault, Stage, Verdict
from tests.channels.letters import Checkpoints, channel_to, letter
from tests.channels.server import ScriptedServer

ALL = Offer(pipelining=True, dsn=True, sizes=True, size=1000)

LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b".", b"..", b".x", b"x.", b". ", b"From me"]),
        st.binary(max_size=40).map(lambda octets: bytes(octet % 95 + 32 for octet in octets)),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize(
    ("offer", "envelope", "mail", "rcpt"),
    [
        pytest.param(
            Offer(), {"envid": "e1", "notify": "FAILURE"}, b"MAIL FROM:<s@x.test>", b"RCPT TO:<r@x.test>", id="no offer"
        ),
        pytest.param(ALL, {}, b"MAIL FROM:<s@x.test> SIZE=3", b"RCPT TO:<r@x.test>", id="nothing asked"),
        pytest.param(
            ALL,
            {"envid": "e+1=2", "notify": "failure, delay"},
            b"MAIL FROM:<s@x.test> SIZE=3 RET=HDRS ENVID=e+2B1+3D2",
            b"RCPT TO:<r@x.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;r@x.test",
            id="reports asked",
        ),
        pytest.param(
            ALL,
            {"recipient": "r+tag=1@x.test", "notify": "NEVER"},
            b"MAIL FROM:<s@x.test> SIZE=3 RET=HDRS",
            b"RCPT TO:<r+tag=1@x.test> NOTIFY=NEVER ORCPT=rfc822;r+2Btag+3D1@x.test",
            id="a recipient that xtext must write",
        ),
        pytest.param(ALL, {"sender": ""}, b"MAIL FROM:<> SIZE=3", b"RCPT TO:<r@x.test>", id="null sender"),
    ],
)
def test_the_lines_of_an_envelope(offer: Offer, envelope: dict[str, str], mail: bytes, rcpt: bytes) -> None:
    message = letter(envelope.pop("recipient", "r@x.test"), b"x\r\n", **({"sender": "s@x.test"} | envelope))
    assert mail_line(message, offer) == mail + b"\r\n"
    assert rcpt_line(message.envelope, offer) == rcpt + b"\r\n"


@pytest.mark.parametrize(
    ("envelope", "stage", "fault", "verdict"),
    [
        pytest.param(Envelope("s@x.test", "r x@x.test"), Stage.RCPT, Fault.RECIPIENT, Verdict.REJECTED, id="recipient"),
        pytest.param(Envelope("s", "r@x.test"), Stage.MAIL, Fault.CONFIGURATION, Verdict.DEFERRED, id="sender"),
        pytest.param(
            Envelope("s@x.test", "r@x.test", envid="信"), Stage.MAIL, Fault.CONFIGURATION, Verdict.DEFERRED, id="envid"
        ),
        pytest.param(
            Envelope("s@x.test", "r@x.test", notify="NEVER,FAILURE"),
            Stage.RCPT,
            Fault.CONFIGURATION,
            Verdict.DEFERRED,
            id="notify",
        ),
    ],
)
async def test_an_envelope_that_cannot_be_written_is_not_sent(
    envelope: Envelope, stage: Stage, fault: Fault, verdict: Verdict
) -> None:
    async with ScriptedServer(extensions=("DSN",)) as server:
        channel, checkpoint = channel_to(server), Checkpoints()
        message = letter()
        outcome = await channel.send(type(message)("d", envelope, message.parts), checkpoint)
        await channel.close()
    assert (outcome.stage, outcome.fault, outcome.verdict) == (stage, fault, verdict)
    assert outcome.reply.text
    assert checkpoint.calls == 0
    assert [command for command in server.commands if not command.startswith(("EHLO", "QUIT"))] == []


@pytest.mark.parametrize(
    "address",
    ["", "a", "@x.test", "a@", "a b@x.test", "a@x test", "<a@x.test>", "a@b@x.test", "a\0@x.test", "a@x.test\n",
     "a\r\nb@x.test", "名@x.test", "a@域.test", ".a@x.test", "a..b@x.test", "a@-x.test-", "a" * 65 + "@x.test",
     "a@" + "x" * 260, '"a b"@x.test', "a@x.test>", "a＠x.test"],
)  # fmt: skip
def test_what_is_not_an_address_on_the_wire(address: str) -> None:
    assert not is_mailbox(address)


@pytest.mark.parametrize(
    "address",
    ["a@x.test", "a.b+c=d_e-f@sub.x.test", "a@[127.0.0.1]", "a@[IPv6:::1]", "o'neil@x.test", "a@xn--fiqs8s",
     "a" * 64 + "@x.test", "!#$%&*/?^`{|}~@x.test", "a@localhost"],
)  # fmt: skip
def test_what_is_an_address_on_the_wire(address: str) -> None:
    assert is_mailbox(address)


@given(st.text())
def test_no_address_that_passes_can_end_its_line_or_its_bracket(address: str) -> None:
    assert not is_mailbox(address) or not re.search(r"[\s<>\x00-\x1f\x7f-\U0010ffff]", address)


@given(st.text(st.characters(min_codepoint=0, max_codepoint=127)))
def test_xtext_can_be_read_back(text: str) -> None:
    coded = xtext(text)
    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", coded)
    assert re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), coded) == text


@given(LINES)
def test_a_stuffed_body_has_no_lone_dot_and_can_be_undone(lines: list[bytes]) -> None:
    body = b"\r\n".join(lines) + b"\r\n"
    wire = wire_body((body,)) + b"\r\n"
    assert b"." not in wire.split(b"\r\n")
    assert b"\r\n".join(line.removeprefix(b".") for line in wire.split(b"\r\n")) == body


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"\x0b", b"\x0c", b"\x1c", b".", b"a"]), min_size=1).map(b"".join)
)
def test_a_body_is_fit_when_every_line_end_is_crlf(body: bytes) -> None:
    try:
        wire_body((body,))
    except Unfit:
        assert re.search(rb"\r(?!\n)|(?<!\r)\n", body)
    else:
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", body)


@given(LINES, st.integers(0, 400), st.integers(0, 400))
def test_it_makes_no_difference_how_a_body_is_cut(lines: list[bytes], one: int, other: int) -> None:
    body = b"\r\n".join(lines) + b"\r\n"
    first, second = sorted((one, other))
    assert wire_body((body[:first], body[first:second], body[second:])) == wire_body((body,))


@pytest.mark.parametrize("octets", [b"a", b"." * 4096, b"a" * 4096], ids=["short", "dots", "long"])
def test_every_part_is_looked_at_whatever_was_sent_before(octets: bytes) -> None:
    line = octets + b"\r\n"
    stuffed = line.replace(b".", b"..", 1)
    assert wire_body((line, line, b".\r\n")) == stuffed + stuffed + b".."
    for wrong in (octets + b"\n\r\n", octets + b"\r", octets + b"\x80\r\n", octets + b"\0\r\n"):
        with pytest.raises(Unfit):
            wire_body((line, wrong, line))


@pytest.mark.parametrize(
    "body",
    [b"", b"a\nb\r\n", b"a\rb\r\n", b"a\n\r\n", b"\r\r\n", b"\n.\n", b"a\r\n.\r", "汉".encode() + b"\r\n", b"a\0\r\n"],
)
async def test_a_body_that_is_not_in_wire_form_is_not_sent(body: bytes) -> None:
    with pytest.raises(Unfit):
        wire_body((body,))
    async with ScriptedServer() as server:
        channel = channel_to(server)
        outcome = await channel.send(letter(body=body), Checkpoints())
        await channel.close()
    assert (outcome.verdict, outcome.fault) == (Verdict.REJECTED, Fault.CONTENT)
    assert server.delivered == []
    assert server.abandoned == 0


@settings(max_examples=30, deadline=None)
@given(bodies=st.lists(LINES, min_size=1, max_size=4))
async def test_every_body_arrives_as_it_is(bodies: list[list[bytes]]) -> None:
    letters = [b"\r\n".join(lines) + b"\r\n" for lines in bodies]
    async with ScriptedServer() as server:
        channel = channel_to(server)
        for body in letters:
            await channel.send(letter(body=body), Checkpoints())
        await channel.close()
    assert [one.body for one in server.delivered] == letters


async def test_a_body_larger_than_every_buffer_arrives_as_it_is() -> None:
    body = b"Subject: big\r\n\r\n" + b"".join(b".%070d\r\n" % number for number in range(60_000))
    async with ScriptedServer() as server:
        channel = channel_to(server)
        outcome = await channel.send(letter(body=body), Checkpoints())
        await channel.close()
    assert outcome.verdict is Verdict.ACCEPTED
    assert [one.body for one in server.delivered] == [body]


@pytest.mark.parametrize(
    ("offered", "limit"),
    [("SIZE 5000", 5000), ("SIZE", 0), ("SIZE 0", 0), ("SIZE many", 0), ("SIZE " + "9" * 5000, 0), ("DSN", 0)],
    ids=["number", "bare", "zero", "word", "huge", "none"],
)
def test_the_size_that_a_server_offers(offered: str, limit: int) -> None:
    keyword, _, parameters = offered.lower().partition(" ")
    assert Offer.of({keyword: parameters}).size == limit


@pytest.mark.parametrize("pipelining", [True, False])
async def test_commands_go_in_one_write_only_where_the_server_offers_it(pipelining: bool) -> None:
    async with ScriptedServer(pipelining=pipelining) as server:
        channel = channel_to(server)
        await channel.send(letter(), Checkpoints())
        await channel.close()
    assert ("MAIL RCPT DATA" in server.chunks) is pipelining
