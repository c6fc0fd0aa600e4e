"""Every check of the doctor on a real office: what it finds, and that it changes nothing."""

import asyncio
import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from distributor.doctor.accounts import check_accounts
from distributor.doctor.calendar import check_calendar
from distributor.doctor.clock import check_clock
from distributor.doctor.clock import judge as judge_clock
from distributor.doctor.database import check_database
from distributor.doctor.diagnosis import Check, Context, Diagnosis, Verdict, ok
from distributor.doctor.disk import check_disk
from distributor.doctor.disk import judge as judge_disk
from distributor.doctor.examination import CHECKS, examine
from distributor.doctor.key import check_key
from distributor.doctor.recipients import check_recipients
from distributor.doctor.sender import aligned, check_sender
from distributor.doctor.settings import check_settings
from distributor.doctor.templates import check_templates
from distributor.doctor.zone import check_zone
from distributor.doctor.zone import judge as judge_zone
from distributor.errors import Unavailable
from distributor.receipts.tokens import load_key
from distributor.resources import shipped
from distributor.settings import DatabaseSettings, Office, Settings, SmtpAccount
from distributor.store.database import Database
from distributor.store.inspection import file_system, look
from distributor.words import words
from tests.channels.server import Say, ScriptedServer
from tests.integration.nameserver import name_server

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
OK, WARNING, FAILURE, UNCHECKED = Verdict


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A new office: recipients, calendar and key, no database yet."""
    for name in ("recipients.yaml", "calendar.yaml"):
        shutil.copy(shipped(name), tmp_path / name)
    load_key(tmp_path / "secrets" / "token.key")
    return tmp_path


def context_of(home: Path, **changes: Any) -> Context:
    settings = Settings(
        office=Office(name="云岭区河长办", sender="hzb@bulletin.example", editors=("editor@bulletin.example",)),
        smtp={"main": SmtpAccount(host="127.0.0.1", port=1, security="none")},
    ).at(home)
    of_context = {key: changes.pop(key) for key in ("now", "network", "nameservers", "patience") if key in changes}
    return Context(settings=settings.model_copy(update=changes), **{"now": NOW, **of_context})


def found(diagnoses: Iterable[Diagnosis]) -> list[tuple[str, Verdict]]:
    return [(diagnosis.name, diagnosis.verdict) for diagnosis in diagnoses]


def verdicts(diagnoses: Iterable[Diagnosis]) -> list[Verdict]:
    return [diagnosis.verdict for diagnosis in diagnoses]


def make_database(home: Path) -> Path:
    path = home / "data" / "distributor.db"
    Database.open(f"sqlite:///{path}").close()
    return path


# The whole.


def test_a_new_office_without_a_network_has_no_failures(home: Path) -> None:
    diagnoses = list(examine(context_of(home, network=False)))

    assert {name for name, verdict in found(diagnoses) if verdict is FAILURE} == set()
    assert ("smtp.main", UNCHECKED) in found(diagnoses)
    assert ("dns.main", UNCHECKED) in found(diagnoses)
    assert all(diagnosis.do for diagnosis in diagnoses if diagnosis.verdict in (WARNING, FAILURE))


@pytest.mark.parametrize("database", [True, False], ids=["with a database", "in a new office"])
def test_looking_changes_nothing(home: Path, *, database: bool) -> None:
    if database:
        make_database(home)
    before = _files(home)
    list(examine(context_of(home, network=False)))
    assert _files(home) == before


def _files(home: Path) -> dict[Path, tuple[int, int]]:
    """Every file with its time and size."""
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in home.rglob("*") if path.is_file()}


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(home: Path) -> None:
    def broken(context: Context) -> Iterable[Diagnosis]:
        raise ZeroDivisionError("oh")

    def refusing(context: Context) -> Iterable[Diagnosis]:
        raise Unavailable(words("The disk is gone."), do=words("Buy one."))

    checks: dict[str, Check] = {"a": broken, "b": refusing, "c": lambda context: [ok("c", "fine")]}
    diagnoses = list(examine(context_of(home), checks))

    assert found(diagnoses) == [("a", FAILURE), ("b", FAILURE), ("c", OK)]
    assert "ZeroDivisionError: oh" in str(diagnoses[0].what)
    assert (str(diagnoses[1].what), str(diagnoses[1].do)) == ("The disk is gone.", "Buy one.")


def test_a_file_with_errors_gives_one_finding_for_each(home: Path) -> None:
    (home / "recipients.yaml").write_text("groups:\n  a: {direction: 上}\n  b: {members: []}\n", encoding="utf-8")
    diagnoses = list(examine(context_of(home), {"recipients": CHECKS["recipients"]}))
    assert len(diagnoses) > 1
    assert {verdict for _, verdict in found(diagnoses)} == {FAILURE}
    assert all("recipients.yaml:" in str(diagnosis.what) for diagnosis in diagnoses)


# Settings, database, disk.


def test_settings_without_editors_are_a_warning(home: Path) -> None:
    assert verdicts(check_settings(context_of(home))) == [OK]
    nobody = Office(name="云岭区河长办", sender="hzb@bulletin.example")
    assert verdicts(check_settings(context_of(home, office=nobody))) == [WARNING]


def test_a_database_in_order_is_said_with_its_versions(home: Path) -> None:
    make_database(home)
    (diagnosis,) = check_database(context_of(home))
    assert diagnosis.verdict is OK
    assert f"sqlite {sqlite3.sqlite_version}" in str(diagnosis.what)


def test_no_database_yet_is_a_warning_and_none_is_made(home: Path) -> None:
    assert verdicts(check_database(context_of(home))) == [WARNING]
    assert not (home / "data").exists()


@pytest.mark.parametrize("trace", ["-wal", ".sender.lock"])
def test_38_a_database_that_vanished_is_a_failure(home: Path, trace: str) -> None:
    (home / "data").mkdir()
    (home / "data" / f"distributor.db{trace}").touch()
    (diagnosis,) = check_database(context_of(home))
    assert diagnosis.verdict is FAILURE
    assert "backup" in str(diagnosis.do)


def test_38_a_file_that_is_no_database_is_a_failure(home: Path) -> None:
    path = make_database(home)
    path.write_bytes(b"not a database, whatever its name says" * 100)
    assert found(examine(context_of(home), {"database": check_database})) == [("database", FAILURE)]


def test_38_a_damaged_page_is_a_failure(home: Path) -> None:
    path = make_database(home)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany("INSERT INTO rendition VALUES (?, ?)", [(f"d{n}", "x" * 500) for n in range(500)])
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'rendition'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 200)
    diagnoses = list(examine(context_of(home), {"database": check_database}))
    assert verdicts(diagnoses) == [FAILURE]
    assert "damaged" in str(diagnoses[0].what)


@pytest.mark.parametrize(
    ("version", "verdict"), [("0001", WARNING), ("9999", FAILURE), (None, WARNING)], ids=["older", "newer", "none"]
)
def test_42_tables_of_another_version_are_said_and_left_alone(
    home: Path, version: str | None, verdict: Verdict
) -> None:
    path = make_database(home)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM alembic_version")
        if version:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (version,))
        connection.commit()
    assert verdicts(check_database(context_of(home))) == [verdict]
    assert look(f"sqlite:///{path}").version == version


def test_a_database_in_another_journal_mode_is_a_warning(home: Path) -> None:
    path = make_database(home)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    assert verdicts(check_database(context_of(home))) == [WARNING]


def test_a_path_with_odd_characters_is_found(home: Path) -> None:
    url = f"sqlite:///{home.as_posix()}/a%3fb#c%25 简报.db"
    Database.open(url).close()
    assert (home / "a?b#c% 简报.db").exists()
    assert look(url).current


def test_postgresql_is_looked_at_too(home: Path, postgres_url: str) -> None:
    database = DatabaseSettings(url=postgres_url)
    (diagnosis,) = check_database(context_of(home, database=database))
    assert diagnosis.verdict is OK
    assert "postgresql" in str(diagnosis.what)
    assert verdicts(check_clock(context_of(home, database=database))) == [OK]


def test_a_postgresql_that_does_not_answer_is_a_failure(home: Path) -> None:
    context = context_of(home, database=DatabaseSettings(url=f"postgresql://nobody@/x?host={home}"))
    assert found(examine(context, {"database": check_database})) == [("database", FAILURE)]


@pytest.mark.parametrize(
    ("point", "path", "kind"),
    [
        pytest.param("/srv", "/srv/office/data", "nfs4", id="below the mount"),
        pytest.param("/srv/my\\040disk", "/srv/my disk/data", "nfs4", id="a blank in the name"),
        pytest.param("/srv/office/data/deeper", "/srv/office/data", "ext4", id="beside the mount"),
    ],
)
def test_the_nearest_mount_point_tells_the_file_system(tmp_path: Path, point: str, path: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {point} nfs4 rw 0 0\n", encoding="utf-8")
    assert file_system(Path(path), mounts) == kind
    assert file_system(Path(path), tmp_path / "none") is None


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(99_999_999, FAILURE), (100_000_000, WARNING), (999_999_999, WARNING), (1_000_000_000, OK)],
)
def test_35_little_room_is_said_before_it_is_gone(free: int, verdict: Verdict) -> None:
    assert judge_disk(free, Path("/srv")).verdict is verdict


def test_the_disk_of_a_folder_that_is_not_made_yet_is_looked_at(home: Path) -> None:
    assert len(verdicts(check_disk(context_of(home)))) == 1


# Clock, zone, calendar.


@pytest.mark.parametrize(
    ("here", "database", "latest", "verdict"),
    [
        pytest.param(NOW, None, None, OK, id="new"),
        pytest.param(NOW, NOW, NOW - dt.timedelta(days=1), OK, id="in step"),
        pytest.param(NOW, NOW + dt.timedelta(seconds=30), None, WARNING, id="30 s apart"),
        pytest.param(NOW, NOW - dt.timedelta(minutes=6), None, FAILURE, id="6 min apart"),
        pytest.param(NOW, None, NOW + dt.timedelta(minutes=4), OK, id="a record 4 min ahead"),
        pytest.param(NOW, None, NOW + dt.timedelta(days=1), FAILURE, id="81 set back a day"),
        pytest.param(dt.datetime(1970, 1, 1, tzinfo=dt.UTC), None, None, FAILURE, id="no battery"),
    ],
)
def test_81_a_clock_that_cannot_be_right_is_said(
    here: dt.datetime, database: dt.datetime | None, latest: dt.datetime | None, verdict: Verdict
) -> None:
    assert verdicts(judge_clock(here, database, latest)) == [verdict]


def test_81_the_newest_record_is_read_from_the_database(home: Path) -> None:
    path = make_database(home)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO audit VALUES (1, '2026-11-25 09:00:00.000000', 'cli', 'x', 'x', NULL, '{}', '', '')"
        )
        connection.commit()
    first, *_ = check_clock(context_of(home))
    assert first.verdict is FAILURE
    assert "2026-11-25 09:00 UTC" in str(first.what)


@pytest.mark.parametrize(
    ("name", "environ", "expected"),
    [
        pytest.param("Asia/Shanghai", {}, [OK], id="TZ unset"),
        pytest.param("Asia/Shanghai", {"TZ": "UTC"}, [OK], id="another TZ"),
        pytest.param("Asia/Shanghai", {"TZ": "CST-8"}, [OK], id="a POSIX TZ"),
        pytest.param("Asia/Shanghai", {"TZ": "Asia/Shanghia"}, [WARNING, OK], id="a misspelt TZ"),
        pytest.param("Europe/Berlin", {}, [WARNING, OK], id="summer time"),
        pytest.param("Asia/Nowhere", {}, [FAILURE], id="no such zone"),
    ],
)
def test_82_the_zone_is_known_and_oddities_are_said(
    name: str, environ: dict[str, str], expected: Sequence[Verdict]
) -> None:
    assert verdicts(judge_zone(name, NOW, environ)) == expected


def test_the_zone_of_the_settings_is_the_one_checked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    (diagnosis,) = check_zone(context_of(home))
    assert "2026-11-23 17:00" in str(diagnosis.what)


@pytest.mark.parametrize(
    ("today", "expected"),
    [(dt.datetime(2026, 10, 31, tzinfo=dt.UTC), [OK]), (dt.datetime(2026, 11, 1, tzinfo=dt.UTC), [WARNING])],
    ids=["October", "November"],
)
def test_from_november_on_next_year_must_be_known(home: Path, today: dt.datetime, expected: list[Verdict]) -> None:
    assert verdicts(check_calendar(context_of(home, now=today))) == expected


# Recipients, templates, key.


def test_the_shipped_recipients_and_templates_are_in_order(home: Path) -> None:
    assert verdicts(check_recipients(context_of(home))) == [OK]
    assert verdicts(check_templates(context_of(home))) == [OK]


def test_every_fault_of_a_theme_is_said_once_with_its_line(home: Path) -> None:
    (home / "own").mkdir()
    (home / "own" / "theme.yaml").write_text("colour: red\nfonts: {body: []}\n", encoding="utf-8")
    folders = context_of(home).settings.folders.model_copy(update={"templates": Path("own")})
    said = [str(diagnosis.what) for diagnosis in check_templates(context_of(home, folders=folders))]
    assert [what.partition("theme.yaml:")[2].partition(": ")[0] for what in said] == ["1:9", "2:15"]


def test_a_template_with_a_fault_is_said_once_with_its_line(home: Path) -> None:
    shutil.copytree(shipped("templates"), home / "templates")
    (home / "templates" / "email" / "报" / "body.txt").write_text(
        "{{ title }}\n{{ bulletin.colour }}\n", encoding="utf-8"
    )
    folders = context_of(home).settings.folders.model_copy(update={"templates": Path("templates")})
    (diagnosis,) = check_templates(context_of(home, folders=folders))
    assert diagnosis.verdict is FAILURE
    assert "body.txt:2" in str(diagnosis.what)


def test_a_key_that_others_can_read_is_a_warning(home: Path) -> None:
    assert verdicts(check_key(context_of(home))) == [OK]
    (home / "secrets" / "token.key").chmod(0o640)
    assert verdicts(check_key(context_of(home))) == [WARNING]


def test_a_file_that_is_no_key_is_a_failure_and_its_content_is_not_shown(home: Path) -> None:
    (home / "secrets" / "token.key").write_text("hunter2")
    (diagnosis,) = examine(context_of(home), {"key": check_key})
    assert diagnosis.verdict is FAILURE
    assert "hunter2" not in f"{diagnosis.what}{diagnosis.do}"


def test_a_missing_key_is_a_failure_once_letters_were_made_with_it(home: Path) -> None:
    (home / "secrets" / "token.key").unlink()
    assert verdicts(check_key(context_of(home))) == [WARNING]
    with closing(sqlite3.connect(make_database(home))) as connection:
        connection.execute(
            "INSERT INTO audit VALUES (1, '2026-11-01 09:00:00.000000', 'c', 'x', 'x', NULL, '{}', '', '')"
        )
        connection.commit()
    assert verdicts(check_key(context_of(home))) == [FAILURE]
    assert not (home / "secrets" / "token.key").exists()


# Mail accounts.


async def examined(server: ScriptedServer, home: Path, **account: Any) -> list[Diagnosis]:
    """What the check says of one account, run as the command does: in a thread without an event loop."""
    fields = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    smtp = {"main": SmtpAccount(**(fields | account)).found_from(home)}
    context = context_of(home, smtp=smtp, patience=dt.timedelta(seconds=0.5))
    return await asyncio.to_thread(lambda: list(examine(context, {"smtp": check_accounts})))


async def test_an_account_is_opened_and_closed_and_no_letter_is_begun(home: Path) -> None:
    (home / "pass").write_text("hunter2")
    (home / "pass").chmod(0o600)
    extensions = ("SIZE 30000000", "DSN")
    async with ScriptedServer(login=("hzb", "hunter2"), extensions=extensions) as server:
        (diagnosis,) = await examined(server, home, username="hzb", password_file=Path("pass"))
    assert diagnosis.verdict is OK
    assert "PIPELINING ✓, DSN ✓, SIZE 30 MB" in str(diagnosis.what)
    assert [command.split()[0] for command in server.commands] == ["EHLO", "AUTH", "QUIT"]


async def test_what_the_server_does_not_offer_is_a_warning(home: Path) -> None:
    async with ScriptedServer(extensions=("SIZE 5000000",)) as server:
        first, *others = await examined(server, home)
    assert first.verdict is OK
    assert verdicts(others) == [WARNING, WARNING]
    assert "DSN" in str(others[0].what)
    assert "5000000" in str(others[1].what)


@pytest.mark.parametrize(
    ("stage", "answer", "advice"),
    [
        ("GREETING", "554 5.7.1 not you", "distributor.toml|password|host"),
        ("EHLO", "421 4.3.2 later", "Wait|host"),
        ("AUTH", "535 5.7.8 no", "授权码"),
    ],
)
async def test_a_refusal_is_a_failure_with_advice_and_without_the_password(
    home: Path, stage: str, answer: str, advice: str
) -> None:
    (home / "pass").write_text("hunter2")
    async with ScriptedServer(login=("hzb", "hunter2")) as server:
        server.plan(stage, Say(f"{answer} hunter2"))
        (diagnosis,) = await examined(server, home, username="hzb", password_file=Path("pass"))
    assert diagnosis.verdict is FAILURE
    assert any(word in str(diagnosis.do) for word in advice.split("|"))
    assert "hunter2" not in str(diagnosis.what)


async def test_a_server_that_is_not_there_is_a_failure(home: Path) -> None:
    (diagnosis,) = await examined(ScriptedServer(port=1), home)
    assert diagnosis.verdict is FAILURE
    assert "127.0.0.1:1" in str(diagnosis.what)
    assert diagnosis.do


async def test_a_password_that_is_not_there_is_a_failure_of_that_account_alone(home: Path) -> None:
    good = SmtpAccount(host="127.0.0.1", port=1, security="none")
    bad = SmtpAccount(host="127.0.0.1", port=1, security="none", username="hzb")
    context = context_of(home, smtp={"bad": bad, "good": good}, patience=dt.timedelta(seconds=0.5))
    diagnoses = await asyncio.to_thread(lambda: list(check_accounts(context)))
    assert found(diagnoses) == [("smtp.bad", FAILURE), ("smtp.good", FAILURE)]
    assert "password" in str(diagnoses[0].what)


def test_no_account_at_all_is_a_failure(home: Path) -> None:
    assert verdicts(check_accounts(context_of(home, smtp={}))) == [FAILURE]


# What the DNS says.

SPF = {"bulletin.example": ["something else", "v=spf1 ip4:192.0.2.1 -all"]}
DMARC = {"_dmarc.bulletin.example": ["v=DMARC1; p=reject"]}
DKIM = {"s1._domainkey.bulletin.example": ["v=DKIM1; k=rsa; p=" + "MIIB" * 90]}


def asked(home: Path, texts: dict[str, list[str]], *, broken: bool = False, **account: Any) -> dict[str, Diagnosis]:
    """What is found of the sender when the DNS holds these texts."""
    smtp = {"main": SmtpAccount(host="127.0.0.1", security="none", **account)}
    with name_server(texts, broken=broken) as server:
        context = context_of(home, smtp=smtp, nameservers=(server,), patience=dt.timedelta(seconds=2))
        return {diagnosis.name: diagnosis for diagnosis in check_sender(context)}


def test_records_in_order_are_ok(home: Path) -> None:
    diagnoses = asked(home, SPF | DMARC | DKIM, dkim_selector="s1")
    assert {name: diagnosis.verdict for name, diagnosis in diagnoses.items()} == {
        "spf.main": OK, "dkim.main": OK, "dmarc.main": OK,
    }  # fmt: skip
    assert "p=reject" in str(diagnoses["dmarc.main"].what)


@pytest.mark.parametrize(
    ("texts", "account", "name", "verdict"),
    [
        pytest.param(DMARC, {}, "spf.main", WARNING, id="no SPF"),
        pytest.param({"bulletin.example": ["v=spf1 -all", "v=spf1 mx ~all"]}, {}, "spf.main", FAILURE, id="two SPF"),
        pytest.param({"bulletin.example": ["v=spf1 +all"]}, {}, "spf.main", WARNING, id="SPF for everybody"),
        pytest.param({"bulletin.example": ["v=spf10 -all"]}, {}, "spf.main", WARNING, id="another version"),
        pytest.param(SPF, {}, "dkim.main", UNCHECKED, id="no selector known"),
        pytest.param(SPF, {"dkim_selector": "s1"}, "dkim.main", FAILURE, id="no DKIM key"),
        pytest.param(
            SPF | {"s1._domainkey.bulletin.example": ["v=DKIM1; p="]}, {"dkim_selector": "s1"}, "dkim.main", FAILURE,
            id="revoked DKIM key",
        ),
        pytest.param(SPF, {}, "dmarc.main", WARNING, id="no DMARC"),
        pytest.param(SPF | {"_dmarc.bulletin.example": ["x"]}, {}, "dmarc.main", WARNING, id="no DMARC but a text"),
        pytest.param(SPF | DMARC, {"bounce_address": "b@other.example"}, "dmarc.main", FAILURE, id="does not fit"),
        pytest.param(
            SPF | {"_dmarc.bulletin.example": ["v=DMARC1;p=none"]}, {"bounce_address": "b@other.example"}, "dmarc.main",
            WARNING, id="does not fit, policy none",
        ),
        pytest.param(
            SPF | DMARC | DKIM, {"bounce_address": "b@other.example", "dkim_selector": "s1"}, "dmarc.main", OK,
            id="fits by DKIM",
        ),
        pytest.param(SPF | DMARC, {"bounce_address": "b@bounce.bulletin.example"}, "dmarc.main", OK, id="a sub-domain"),
        pytest.param(SPF, {"username": "other@bulletin.example", "password": "x"}, "sender.main", WARNING, id="login"),
    ],
)  # fmt: skip
def test_what_receivers_would_not_believe_is_said(
    home: Path, texts: dict[str, list[str]], account: dict[str, Any], name: str, verdict: Verdict
) -> None:
    diagnosis = asked(home, texts, **account)[name]
    assert diagnosis.verdict is verdict
    assert verdict in (OK, UNCHECKED) or diagnosis.do


def test_without_an_answer_nothing_is_guessed(home: Path) -> None:
    (diagnosis,) = asked(home, {}, broken=True).values()
    assert (diagnosis.name, diagnosis.verdict) == ("dns.main", UNCHECKED)


def test_an_intranet_domain_is_not_looked_up(home: Path) -> None:
    office = Office(name="云岭区河长办", sender="hzb@oa.local")
    assert verdicts(check_sender(context_of(home, office=office))) == [UNCHECKED]


def test_a_dmarc_record_further_up_counts_with_its_policy_for_sub_domains(home: Path) -> None:
    office = Office(name="云岭区河长办", sender="hzb@mail.bulletin.example")
    texts = {"mail.bulletin.example": [], "_dmarc.bulletin.example": ["v=DMARC1; p=reject; sp=none"]}
    with name_server(texts) as server:
        smtp = {"main": SmtpAccount(host="127.0.0.1", security="none")}
        context = context_of(home, office=office, smtp=smtp, nameservers=(server,))
        found_here = {diagnosis.name: str(diagnosis.what) for diagnosis in check_sender(context)}
    assert found_here["dmarc.main"] == "bulletin.example: p=none; the sender fits."


@pytest.mark.parametrize(
    ("envelope", "sender", "fits"),
    [("a.cn", "a.cn", True), ("b.a.cn", "a.cn", True), ("a.cn", "b.a.cn", True), ("ba.cn", "a.cn", False),
     ("A.CN", "a.cn", True), ("c.a.cn", "b.a.cn", False)],
)  # fmt: skip
def test_domains_fit_when_one_lies_below_the_other(envelope: str, sender: str, *, fits: bool) -> None:
    assert aligned(envelope, sender) is fits
