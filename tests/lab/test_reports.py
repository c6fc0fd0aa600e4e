"""What a real Postfix and a real Dovecot answer to our letters is understood, and each answer lands on its rung."""

import datetime as dt
import smtplib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest

from distributor.delivery.evidence import Rung
from distributor.delivery.state import State
from distributor.dispatch.mailbox_round import read_round
from distributor.receipts.mailbox import Folder
from distributor.receipts.simulated import simulated_mdn
from distributor.receipts.tokens import Purpose, load_key
from distributor.settings import MailboxSettings
from distributor.store.database import Database
from distributor.store.receipt_records import Receipt, evidence_for, raw_form, receipts_of
from distributor.store.records import DeliveryRecord
from distributor.store.suppressions import is_suppressed
from tests.acceptance.office import Office
from tests.lab import dovecot
from tests.lab.dovecot import PASSWORD, Account, Dovecot
from tests.lab.postfix import PATIENCE, Postfix

HZB = "hzb@example.test"
VACATION = 'require ["vacation"];\nvacation :subject "外出" "本人外出，周一返回。";\n'
REJECT = 'require ["reject"];\nreject "not for me";\n'

ACCOUNTS = (
    Account(HZB),
    Account("read@example.test"),
    Account("full@example.test", quota="1k"),
    Account("away@example.test", filter=VACATION),
    Account("refuses@example.test", filter=REJECT),
)

#: Postfix itself delivers kept.test; slow.test has a server that does not answer; the rest goes to Dovecot.
TRANSPORT = "kept.test virtual:\nslow.test smtp:[127.0.0.1]:1\n"

PEOPLE = {
    "kept": "kept@kept.test",
    "relayed": "read@example.test",
    "missing": "missing@example.test",
    "full": "full@example.test",
    "slow": "slow@slow.test",
    "refuses": "refuses@example.test",
    "away": "away@example.test",
}


@dataclass
class Lab:
    """The relay, the mailboxes behind it, and an office that sends through the one and reads the other."""

    relay: Postfix
    server: Dovecot
    office: Office
    database: Database
    settings: MailboxSettings

    def copy(self, person: str) -> DeliveryRecord:
        return next(each for each in self.office.deliveries() if each.address == PEOPLE[person])

    def token(self, person: str, purpose: Purpose) -> str:
        return load_key(self.office.folder / "secrets" / "token.key").token(purpose, self.copy(person).id)

    def read(self) -> None:
        key = load_key(self.office.folder / "secrets" / "token.key")
        with Folder(self.settings, PASSWORD) as folder:
            read_round(self.database, folder, self.settings, key, clock=lambda: dt.datetime.now(dt.UTC))

    def receipts(self, person: str) -> tuple[Receipt, ...]:
        delivery = self.copy(person).id
        with self.database.read() as conn:
            return receipts_of(conn, [delivery]).get(delivery, ())

    def kinds(self, person: str) -> list[str]:
        return [receipt.kind.value for receipt in self.receipts(person)]

    def rung(self, person: str) -> Rung:
        with self.database.read() as conn:
            return evidence_for(conn, self.copy(person).id)

    def until(self, done: Callable[[], bool]) -> None:
        """Reads the mailbox until something is true."""
        end = time.monotonic() + PATIENCE
        while True:
            self.read()
            if done():
                return
            assert time.monotonic() < end, f"{self.relay.log[-6000:]}\n{self.server.log[-3000:]}"
            time.sleep(0.2)


def write_office(folder: Path, port: int, *, notify: str) -> Office:
    office = Office(folder, port=port)
    text = (folder / "distributor.toml").read_text(encoding="utf-8").replace("hzb@example.gov.cn", HZB)
    account = f'security = "none"\nbounce_address = "hzb+{{token}}@example.test"\ndsn = "{notify}"'
    office.write("distributor.toml", text.replace('security = "none"', account))
    lines = [
        "groups:",
        "  各单位:",
        "    direction: 发",
        "    read_report: ask",
        "    covers: [区委, 区政府领导同志, 各镇人民政府, 各街道办事处]",
    ]
    lines += ["    members:"]
    for name, address in PEOPLE.items():
        lines += [f"      - unit: {name}", "        people:", f"          - {{name: 联络员, email: {address}}}"]
    office.write("recipients.yaml", "\n".join(lines) + "\n")
    return office


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Postfix, Dovecot]]:
    with ExitStack() as stack:
        relay = Postfix(
            settings={
                "transport_maps": "texthash:{folder}/etc/transport",
                "recipient_delimiter": "+",
                "delay_warning_time": "1s",
                "queue_run_delay": "1s",
                "minimal_backoff_time": "1s",
                "maximal_backoff_time": "1s",
            },
            files={"transport": TRANSPORT},
        )
        server = stack.enter_context(dovecot.running(ACCOUNTS, submission=relay.port))
        transport = relay.folder / "etc" / "transport"
        transport.write_text(f"{TRANSPORT}example.test lmtp:inet:127.0.0.1:{server.lmtp}\n", encoding="utf-8")
        stack.callback(relay.stop)
        relay.start()
        yield relay, server


def lab_of(servers: tuple[Postfix, Dovecot], folder: Path, *, notify: str) -> Lab:
    """An office whose bulletin the relay has accepted."""
    relay, server = servers
    server.doveadm("expunge", "-u", HZB, "mailbox", "INBOX", "ALL")
    office = write_office(folder, relay.port, notify=notify)
    assert office.call("send", "bulletin.md", "--now", "--yes") == 0
    settings = MailboxSettings(host="127.0.0.1", port=server.imap, security="none", username=HZB, password=PASSWORD)
    return Lab(relay, server, office, Database.open(f"sqlite:///{folder / 'data' / 'distributor.db'}"), settings)


@pytest.fixture(scope="module")
def lab(servers: tuple[Postfix, Dovecot], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = lab_of(servers, tmp_path_factory.mktemp("office"), notify="SUCCESS,FAILURE,DELAY")
    yield made
    made.database.close()


@pytest.mark.parametrize(
    ("person", "kind", "state", "rung", "reason"),
    [
        pytest.param("kept", "delivered", State.DELIVERED, Rung.DELIVERED, "", id="success"),
        pytest.param("relayed", "relayed", State.ACCEPTED, Rung.RELAYED, "", id="relay"),
        pytest.param("missing", "bounced", State.BOUNCED, Rung.ACCEPTED, "no_such_user", id="failure"),
        pytest.param("full", "bounced", State.BOUNCED, Rung.ACCEPTED, "mailbox_full", id="quota"),
        pytest.param("slow", "delayed", State.ACCEPTED, Rung.ACCEPTED, "network", id="delay"),
    ],
)
def test_each_report_lands_on_its_rung(lab: Lab, person: str, kind: str, state: State, rung: Rung, reason: str) -> None:
    lab.until(lambda: kind in lab.kinds(person))

    assert (lab.copy(person).state, lab.rung(person)) == (state, rung)
    report = next(receipt for receipt in lab.receipts(person) if receipt.kind == kind)
    assert report.details["ground"] == "matched"
    assert report.details["by"] == "verp"
    assert report.details.get("reason", "") == reason


def test_a_dead_address_is_suppressed_and_a_full_mailbox_is_not(lab: Lab) -> None:
    lab.until(lambda: bool(lab.kinds("missing") and lab.kinds("full")))

    with lab.database.read() as conn:
        assert is_suppressed(conn, "email", list(PEOPLE.values())) == {PEOPLE["missing"]}


@pytest.mark.parametrize(
    ("person", "kind", "state", "rung"),
    [
        pytest.param("away", "auto_replied", State.DELIVERED, Rung.DELIVERED, id="vacation"),
        pytest.param("refuses", "refused", State.BOUNCED, Rung.RELAYED, id="reject"),
    ],
)
def test_what_a_filter_answers_is_understood(lab: Lab, person: str, kind: str, state: State, rung: Rung) -> None:
    # Dovecot's filters answer nothing that is `Auto-Submitted`, as our letters are (RFC 3834 2); others do. So the
    # same letter comes once more, without that line.
    lab.until(lambda: "relayed" in lab.kinds(person))
    message, envelope = (lab.token(person, purpose) for purpose in (Purpose.MESSAGE, Purpose.ENVELOPE))
    to = PEOPLE[person]
    text = f"From: {HZB}\r\nTo: {to}\r\nSubject: x\r\nMessage-ID: <{message}@example.test>\r\n\r\nx\r\n"
    with smtplib.SMTP("127.0.0.1", lab.relay.port) as line:
        line.sendmail(f"hzb+{envelope}@example.test", [to], text.encode())

    lab.until(lambda: kind in lab.kinds(person))

    assert (lab.copy(person).state, lab.rung(person)) == (state, rung)


def test_a_letter_asks_where_it_comes_from_and_the_read_report_is_understood(lab: Lab) -> None:
    lab.until(lambda: "relayed" in lab.kinds("relayed"))
    letter = lab.server.mails(PEOPLE["relayed"])[0]
    headers = BytesHeaderParser().parsebytes(letter)
    assert headers["Disposition-Notification-To"] == headers["Return-Path"]
    report = simulated_mdn(letter, now=dt.datetime.now(dt.UTC))
    with smtplib.SMTP("127.0.0.1", lab.relay.port) as line:
        line.sendmail("", [headers["Return-Path"].strip("<>")], report)

    lab.until(lambda: "read" in lab.kinds("relayed"))

    assert lab.rung("relayed") in (Rung.READ, Rung.REPLIED)


def test_a_persons_answer_is_a_reply(lab: Lab) -> None:
    message = lab.token("relayed", Purpose.MESSAGE)
    text = (
        f"From: {PEOPLE['relayed']}\r\nTo: {HZB}\r\nSubject: Re: x\r\nIn-Reply-To: <{message}@example.test>\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n收到\r\n"
    )
    with smtplib.SMTP("127.0.0.1", lab.relay.port) as line:
        line.sendmail(PEOPLE["relayed"], [HZB], text.encode())

    lab.until(lambda: "replied" in lab.kinds("relayed"))

    assert lab.rung("relayed") is Rung.REPLIED
    assert lab.receipts("relayed")[-1].details["text"] == "收到"


def test_nobody_reports_where_no_report_was_asked_for(servers: tuple[Postfix, Dovecot], tmp_path: Path) -> None:
    lab = lab_of(servers, tmp_path, notify="NEVER")
    end = time.monotonic() + PATIENCE
    ours = {f"<{lab.token(name, Purpose.MESSAGE)}@example.test>" for name in ("kept", "missing", "full", "relayed")}
    while True:
        queued = {number for number, message in lab.relay.message_ids.items() if message in ours}
        fates = {one.queue_id for one in lab.relay.delivered if one.queue_id in queued}
        if len(fates) == len(ours):
            break
        assert time.monotonic() < end, lab.relay.log[-3000:]
        time.sleep(0.1)
    # A letter to the same mailbox that comes behind them: when it is there, a report would be there too.
    with smtplib.SMTP("127.0.0.1", lab.relay.port) as line:
        line.sendmail("x@kept.test", [HZB], b"Subject: last\r\n\r\nx\r\n")
    lab.until(lambda: lab.server.count(HZB) > 0)

    assert lab.server.count(HZB) == 1
    assert [lab.kinds(name) for name in ("kept", "missing", "full", "relayed")] == [[], [], [], []]
    lab.database.close()


def test_a_report_is_explained_by_the_command(lab: Lab, tmp_path: Path) -> None:
    lab.until(lambda: "bounced" in lab.kinds("missing"))
    with lab.database.read() as conn:
        raw = raw_form(conn, lab.receipts("missing")[0].id)
    (tmp_path / "bounce.eml").write_bytes(raw or b"")

    said = lab.office.ask("mailbox", "explain", str(tmp_path / "bounce.eml"), "--json")

    assert said.json["kind"] == "dsn"
    assert said.json["delivery"] == lab.copy("missing").id
    assert said.json["because"] == ["delivery_status_part", "verp", "matched"]
    assert said.json["recipients"][0]["status"] == "5.1.1"
