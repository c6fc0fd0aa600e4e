"""An office that reaches people by WeCom, and the simulated platform that it talks to, on the real clock."""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

from distributor.simulators.wecom.company import App, Company, Member
from distributor.simulators.wecom.platform import WeCom
from distributor.web.server import serve
from tests.acceptance.office import Office
from tests.simulators.running import AGENT, CORP, SEAL, SECRET

SETTINGS = """\
[office]
name = "云岭区河长制办公室"
from = "云岭区河长办 <hzb@example.gov.cn>"
editors = ["editor@example.gov.cn"]
base_url = "{page}"

[smtp.main]
host = "127.0.0.1"
port = {port}
security = "none"

[wecom.main]
corp_id = "{corp}"
agent_id = {agent}
secret_file = "secrets/wecom"
callback_token_file = "secrets/wecom.token"
aes_key_file = "secrets/wecom.aes"
base_url = "{platform}"
timeout = "60 seconds"
connections = {connections}

[wecom_robot."石桥镇群"]
key_file = "secrets/robot"
base_url = "{platform}"
"""

ROBOT_KEY = "robot-key-of-shiqiao"


@dataclass
class Town:
    """The office, and the platform that its messages go to."""

    office: Office
    platform: WeCom
    base_url: str

    @property
    def company(self) -> Company:
        return self.platform.company

    def copies(self) -> Counter[str]:
        """How many messages each reader has before his eyes."""
        return Counter(shown.reader for shown in self.company.shown)

    def people(self, people: Iterable[str], *, group: str = "", extra: Iterable[str] = ()) -> None:
        """Writes a directory of one group; each person is a line of YAML."""
        lines = ["groups:", "  各单位:", "    direction: 发", "    channels: [wecom, wecom_robot, email]"]
        lines += [f"    {line}" for line in group.splitlines()]
        lines += ["    covers: [区委, 区政府领导同志, 各镇人民政府, 各街道办事处]", "    members:"]
        lines += ["      - unit: 石桥镇", "        people:", *(f"          - {{{person}}}" for person in people)]
        self.office.write("recipients.yaml", "\n".join([*lines, *extra]) + "\n")


@contextlib.asynccontextmanager
async def town(
    folder: Path, *, members: Iterable[str] = (), port: int = 1, connections: int = 5, page: str = ""
) -> AsyncIterator[Town]:
    """A running platform with these members, and an office that has set it up; `port` is the relay's."""
    company = Company(CORP, lambda: dt.datetime.now(dt.UTC), apps={AGENT: App(AGENT, SECRET)}, robots={ROBOT_KEY})
    for number, userid in enumerate(members):
        company.add_member(Member(userid, mobile=f"138{number:08}", email=f"{userid}@example.gov.cn"))
    platform = WeCom(company, SEAL)
    server = await serve(platform.app, "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{server.port}"
    office = Office(folder)
    office.write(
        "distributor.toml",
        SETTINGS.format(port=port, corp=CORP, agent=AGENT, platform=base_url, connections=connections, page=page),
    )
    secrets = {
        "wecom": SECRET,
        "robot": ROBOT_KEY,
        "wecom.token": SEAL.token,
        "wecom.aes": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    }
    for name, secret in secrets.items():
        office.write(f"secrets/{name}", f"{secret}\n").chmod(0o600)
    try:
        yield Town(office, platform, base_url)
    finally:
        await server.stop()
