"""The log: every record has its action, and no secret or whole address leaves, whoever wrote the record."""

import io
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import discretion
from distributor.discretion import discreet, discreet_text, keep_secret, one_line, shortened_address
from distributor.errors import BadInput
from distributor.log import bound, chosen, configure, log

SECRET = "c0rrect-h0rse-授权"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(discretion, "_secrets", set())
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.captureWarnings(False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("distributor").setLevel(logging.NOTSET)


@pytest.fixture
def lines() -> Callable[[], list[dict[str, Any]]]:
    """What was logged, as JSON."""
    stream = io.StringIO()
    configure("json", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def console() -> Callable[[], list[str]]:
    stream = io.StringIO()
    configure("console", stream=stream)
    return lambda: stream.getvalue().splitlines()


def test_a_record_has_its_time_in_utc_its_level_its_action_and_its_ids(lines: Callable[[], list[Any]]) -> None:
    log("inbox").info("inbox.taken", bulletin=12, label="简报 第12期")

    (record,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", record.pop("at"))
    assert record == {
        "level": "info", "action": "inbox.taken", "room": "inbox", "bulletin": 12, "label": "简报 第12期",
    }  # fmt: skip


def test_ids_of_a_block_stand_in_every_record_within_it(lines: Callable[[], list[Any]]) -> None:
    with bound(bulletin=12):
        log("inbox").info("inbox.taken")
        logging.getLogger("alembic").warning("odd")
    log("inbox").info("inbox.empty")

    assert [record.get("bulletin") for record in lines()] == [12, 12, None]


def test_a_library_speaks_under_one_action_with_its_own_words_as_the_message(lines: Callable[[], list[Any]]) -> None:
    logging.getLogger("uvicorn.error").warning("Cancel %s running task(s)", 2)
    logging.getLogger("apscheduler.executors.default").info("Running job")

    (record,) = lines()
    assert (record["action"], record["room"]) == ("library", "uvicorn.error")
    assert record["message"] == "Cancel 2 running task(s)"


def test_pythons_warnings_are_records_too(lines: Callable[[], list[Any]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("careful", stacklevel=1)
        logging.captureWarnings(False)

    (record,) = lines()
    assert (record["action"], record["room"]) == ("library", "py.warnings")


def test_a_traceback_is_kept_without_what_it_must_not_show(lines: Callable[[], list[Any]]) -> None:
    keep_secret(SECRET)
    try:
        raise ValueError(f"login of zhangsan@example.gov.cn with {SECRET}")
    except ValueError:
        log("service").exception("tick.failed")

    (record,) = lines()
    assert record["action"] == "tick.failed"
    assert "ValueError: login of zh…n@example.gov.cn with …" in record["exception"]


@pytest.mark.parametrize(("level", "seen"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_chooses_what_is_written(level: str, seen: int) -> None:
    stream = io.StringIO()
    configure("json", level, stream=stream)
    room = log("inbox")
    for write in (room.debug, room.info, room.warning, room.error):
        write("inbox.taken")

    assert len(stream.getvalue().splitlines()) == seen


def test_configured_twice_it_writes_once(lines: Callable[[], list[Any]]) -> None:
    stream = io.StringIO()
    configure("json", stream=stream)
    log("inbox").info("inbox.taken")

    assert len(stream.getvalue().splitlines()) == 1
    assert lines() == []


def test_the_console_shows_one_line_a_record(console: Callable[[], list[str]]) -> None:
    log("inbox").info("inbox.taken", bulletin=12, file="简报 12.md")

    (line,) = console()
    assert re.fullmatch(r'\S+Z info    inbox\.taken +room=inbox bulletin=12 file="简报 12\.md"', line)


def test_the_console_writes_lists_and_tables_as_people_do(console: Callable[[], list[str]]) -> None:
    log("sending").info("send.begun", due={"区领导": 5, "各单位": 80}, roles=["send", "web"], none=[])

    (line,) = console()
    assert line.endswith(' due="区领导: 5, 各单位: 80" roles="send, web" none=""')


def test_no_text_of_others_can_begin_a_line_of_the_console(console: Callable[[], list[str]]) -> None:
    forged = "ok\n2026-11-23T09:00:00Z info dispatch.finished\r\x1b[2Jx\u2028y"
    try:
        raise ValueError(forged)
    except ValueError:
        log("inbox").exception("tick.failed", reply=forged)

    first, *rest = console()
    assert "tick.failed" in first
    assert rest
    assert all(line.startswith("    | ") for line in rest)
    assert "\x1b" not in "".join([first, *rest])


def test_before_it_is_configured_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    logging.root.handlers[:] = []
    log("inbox").warning("inbox.taken")

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("variable", "expected"),
    [("", ("console", "info")), ("json", ("json", "info")), ("DEBUG", ("console", "debug")),
     ("json,debug", ("json", "debug")), ("error json", ("json", "error"))],
)  # fmt: skip
def test_the_variable_wins_over_the_settings(variable: str, expected: tuple[str, str]) -> None:
    assert chosen("console", "info", {"DISTRIBUTOR_LOG": variable}) == expected


def test_another_word_in_the_variable_is_refused_with_the_choices() -> None:
    with pytest.raises(BadInput) as refusal:
        chosen("console", "info", {"DISTRIBUTOR_LOG": "verbose"})
    assert "verbose" in str(refusal.value)
    assert "debug" in str(refusal.value.do)


@pytest.mark.parametrize(
    ("address", "short"),
    [("zhangsan@example.gov.cn", "zh…n@example.gov.cn"), ("lisi@oa", "li…i@oa"), ("abc@x.cn", "a…@x.cn"),
     ("a@x.cn", "…@x.cn"), ("zh…n@x.cn", "zh…n@x.cn"), ("a…@x.cn", "a…@x.cn"), ("…@x.cn", "…@x.cn")],
)  # fmt: skip
def test_an_address_keeps_its_ends_and_its_domain(address: str, short: str) -> None:
    assert shortened_address(address) == short


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("RCPT TO:<zhangsan@x.cn>: 550", "RCPT TO:<zh…n@x.cn>: 550", id="in brackets"),
        pytest.param("a@x.cn,lisi@y.cn", "…@x.cn,li…i@y.cn", id="a list"),
        pytest.param("zhang@x.cn@y.cn", "zh…n@y.cn", id="two ats"),
        pytest.param("password=abc next", "password=… next", id="password"),
        pytest.param("{'smtp_password': 'abc'}", "{'smtp_password': …", id="in a repr"),
        pytest.param("Authorization: Bearer abc.def", "Authorization: …", id="header"),
        pytest.param("授权码：qwertyuiop", "授权码：…", id="in Chinese"),
        pytest.param("postgresql://hzb:p@ss/w@db.x/name", "postgresql://hzb:…@db.x/name", id="URL"),
        pytest.param("GET /b/mfrggzdfmztwq2lknnwg23tpobyxe43v 200", "GET /b/… 200", id="link"),
        pytest.param("delivery 0123456789abcdef0123456789abcdef", None, id="an id stays"),
        pytest.param("第12期 @ 17:00, 50% done; a@ b", None, id="no address"),
        pytest.param("tokens and secrets are kept apart", None, id="only the words"),
    ],
)
def test_texts_lose_only_what_must_not_be_written(text: str, expected: str | None) -> None:
    assert discreet_text(text) == (text if expected is None else expected)


@pytest.mark.parametrize("key", ["password", "SMTP_PASSWORD", "client-secret", "token", "Authorization", "api_key"])
def test_values_under_telling_keys_are_hidden_whatever_they_are(key: str) -> None:
    assert discreet({key: ["x", 1], "n": 1}) == {key: "…", "n": 1}


def test_a_known_secret_is_hidden_in_every_form() -> None:
    keep_secret(SECRET, "4711", "")
    value = {"reply": f"bad {SECRET}!", "code": 4711, "list": [(SECRET,), SECRET.encode()], SECRET: 1}

    assert discreet(value) == {"reply": "bad …!", "code": "…", "list": [["…"], "…"], "…": 1}
    assert discreet_text("AUTH YzBycmVjdC1oMHJzZS3mjojmnYPnoIE=").startswith("AUTH ")


def test_a_short_secret_is_hidden_only_where_it_is_everything() -> None:
    keep_secret("abc")
    assert (discreet("abc"), discreet("abcdef")) == ("…", "abcdef")


def test_hostile_length_and_depth_come_to_an_end() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    assert len(json.dumps(discreet(deep))) < 1000
    assert len(discreet_text("a" * 1_000_000)) < 30_000
    for bait in ("password", "://:", "a.", "@", "a@"):
        discreet_text(bait * 20_000)


locals_ = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,20}", fullmatch=True)
addresses = st.builds("{}@{}.gov.cn".format, locals_, st.from_regex(r"[a-z0-9-]{1,10}", fullmatch=True))
secrets_ = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=8).map(lambda text: f"S3{text}")
around = st.text(alphabet="ab =:<>,;/'\"\n（）", max_size=10)


@given(addresses, secrets_, around, around, st.sampled_from(["console", "json"]))
def test_no_secret_and_no_whole_address_survives(address: str, secret: str, before: str, after: str, form: str) -> None:
    stream = io.StringIO()
    configure(form, stream=stream)
    keep_secret(secret)
    texts = (f"{before}<{address}>{after}", f"{before} {address} {after}", f"{before}{secret}{after}", secret)
    log("inbox").warning("inbox.taken", texts=texts, table={texts[0]: {"deep": [texts[2]]}}, error=ValueError(texts[2]))
    logging.getLogger("uvicorn").error("%s", texts)
    written = stream.getvalue()

    assert written.count("inbox.taken") == 1
    for form_of_it in (address, secret, json.dumps(secret, ensure_ascii=False)[1:-1], one_line(secret)):
        assert form_of_it not in written


@given(st.text(max_size=200))
def test_what_was_made_discreet_is_not_changed_again(text: str) -> None:
    once = discreet_text(text)
    assert discreet_text(once) == once
