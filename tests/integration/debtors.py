"""People who owe a 签收 for a bulletin, and lines that answer as they are told."""

import datetime as dt
import json
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from distributor.channels.base import Channel, Checkpoint, Message, OpenFailed
from distributor.delivery.outcome import Outcome, Reply, Verdict
from distributor.delivery.state import Fact
from distributor.dispatch.intake import templates_of
from distributor.dispatch.lines import Lines
from distributor.dispatch.remind import Debt, Planned, owed_for, plan
from distributor.dispatch.reminder_letter import Stationery
from distributor.dispatch.reminder_round import Carrier, send_reminders
from distributor.settings import Settings
from distributor.store import alerts
from distributor.store.moves import Move, apply_moves
from distributor.store.records import DeliveryRecord
from distributor.store.reminders import Reminder, due_reminders, reminders_of
from distributor.workdays.calendar import Workdays
from tests.integration.bureau import Bureau
from tests.simulators.running import AGENT, CORP, SECRET

ZONE = ZoneInfo("Asia/Shanghai")

DIRECTORY = """\
groups:
  区领导:
    direction: 报
    acknowledge: required
    members:
      - unit: 区委办公室
        people: [{name: 赵一, email: zhaoyi@example.gov.cn}]
  各镇:
    direction: 发
    acknowledge: required
    due: 2 working days
    remind: [1 working day before, on the day, 1 working day after]
    members:
      - unit: 石桥镇
        people:
          - {name: 李四, email: lisi@example.gov.cn}
          - {name: 王五, email: wangwu@example.gov.cn}
      - unit: 柳河镇
        people: [{name: 孙六, email: sunliu@example.gov.cn}]
"""

WECOM = """
[wecom.main]
corp_id = "{corp}"
agent_id = {agent}
secret_file = "secrets/wecom"
base_url = "{platform}"
timeout = "5 seconds"

[wecom_robot."石桥镇群"]
key_file = "secrets/robot"
base_url = "{platform}"
"""


class Line:
    """A line to a relay that answers as it is told, and dies when it is told to."""

    name = "test"

    def __init__(self, *answers: Outcome | None) -> None:
        self.answers = list(answers)
        self.taken: list[EmailMessage] = []
        self.shut: Outcome | None = None  # what it says instead of opening
        self.upon: Callable[[], None] = lambda: None  # what happens meanwhile, whenever it has taken one

    async def open(self) -> None:
        if self.shut is not None:
            raise OpenFailed(self.shut)

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        answer = self.answers.pop(0) if self.answers else Outcome(Verdict.ACCEPTED, reply=Reply(250, "2.0.0", "ok"))
        assert await checkpoint()
        if answer is None:
            raise RuntimeError("killed after the mark")
        if answer.verdict is Verdict.ACCEPTED:
            letter = message_from_bytes(b"".join(message.parts), policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.taken.append(letter)
            self.upon()
        return answer

    async def close(self) -> None:
        return

    @property
    def to(self) -> list[str]:
        """Who was written to."""
        return [str(letter["To"].addresses[0].addr_spec) for letter in self.taken]

    @property
    def names(self) -> list[str]:
        """By which names."""
        return [str(letter["To"].addresses[0].display_name) for letter in self.taken]


class Switchboard(Lines):
    """The test's lines for mail accounts; real ones for WeCom."""

    def __init__(self, main: Line, **others: Line) -> None:
        super().__init__()
        self.by_account = {"main": main, **others}

    def open(self, settings: Settings, account: str, *, probe: bool = False) -> tuple[Channel, ...]:
        if account in self.by_account:
            return (self.by_account[account],)
        return super().open(settings, account, probe=probe)


class Debtors:
    """A bulletin that went out on Monday the 23rd, 17:00, to the directory above."""

    def __init__(self, bureau: Bureau, directory: str = DIRECTORY, *, platform: str = "") -> None:
        self.bureau = bureau
        bureau.office.write("recipients.yaml", directory)
        if platform:
            self.join(platform)
        self.record = bureau.release()
        self.arrive(*(copy.name for copy in bureau.copies()))

    def join(self, platform: str) -> None:
        """Gives the office a page, an app and a robot of the simulated platform there."""
        office = self.bureau.office
        office.write("secrets/wecom", SECRET).chmod(0o600)
        office.write("secrets/robot", "robot-key").chmod(0o600)
        settings = (office.folder / "distributor.toml").read_text(encoding="utf-8")
        settings = settings.replace("[smtp.main]", 'base_url = "https://bulletin.example.gov.cn"\n\n[smtp.main]', 1)
        office.write("distributor.toml", settings + WECOM.format(corp=CORP, agent=AGENT, platform=platform))

    def arrive(self, *names: str) -> None:
        with self.bureau.database.write() as conn:
            for copy in self.bureau.copies():
                if copy.name in names:
                    for fact in (Fact.CLAIM, Fact.MARK, Fact.ACCEPT):
                        apply_moves(conn, [Move(copy.id, fact, None)], now=self.bureau.clock())

    def copy(self, name: str) -> DeliveryRecord:
        return next(copy for copy in self.bureau.copies() if copy.name == name)

    @property
    def today(self) -> dt.date:
        return self.bureau.clock().astimezone(ZONE).date()

    def owed(self) -> tuple[Debt, ...]:
        with self.bureau.database.read() as conn:
            return owed_for(
                conn, self.record, settings=self.bureau.settings, calendar=Workdays(), now=self.bureau.clock()
            )

    def names(self) -> list[str]:
        return [debt.copy.name for debt in self.owed()]

    def plan(self) -> Planned:
        with self.bureau.database.write() as conn:
            return plan(conn, self.record, self.owed(), self.today, actor="test", now=self.bureau.clock())

    def waiting(self) -> tuple[Reminder, ...]:
        with self.bureau.database.read() as conn:
            return due_reminders(conn)

    async def send(self, line: Line, **others: Line) -> dict[str, int]:
        bureau = self.bureau
        stationery = Stationery(bureau.settings, bureau.key, templates_of(bureau.settings))
        lines = Switchboard(line, **others)
        try:
            return await send_reminders(Carrier(bureau.database, stationery, Workdays(), lines, bureau.clock))
        finally:
            await lines.close()

    def on(self, day: str) -> None:
        """Lets it be ten o'clock of a day."""
        self.bureau.clock.now = dt.datetime.fromisoformat(f"{day} 10:00").replace(tzinfo=ZONE).astimezone(dt.UTC)

    def ways(self) -> dict[str, str]:
        """By which way each of those who owe would be reminded now."""
        return {
            debt.copy.name: way.channel if (way := debt.way(self.today)) is not None else "phone"
            for debt in self.owed()
        }

    def add_account(self, name: str, limits: tuple[str, ...] = ()) -> None:
        """One more mail account behind the first."""
        file = self.bureau.office.folder / "distributor.toml"
        more = f'\n[smtp.{name}]\nhost = "127.0.0.1"\nport = 2\nsecurity = "none"\nlimits = {json.dumps(limits)}\n'
        file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")

    def reminders(self) -> tuple[Reminder, ...]:
        """Every reminder about the bulletin, in the order of planning."""
        with self.bureau.database.read() as conn:
            return reminders_of(conn, self.record.id)

    def rows(self) -> list[tuple[str, str, str]]:
        """Day, channel and standing of every reminder, in the order of planning."""
        return [(one.step, one.channel, one.standing) for one in self.reminders()]

    def told(self) -> list[str]:
        """What the editors are told."""
        with self.bureau.database.read() as conn:
            return [one.what for one in alerts.alerts(conn)]

    def standings(self) -> list[str]:
        return [one.standing for one in self.reminders()]
