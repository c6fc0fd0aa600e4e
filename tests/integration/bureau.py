"""An office's files beside a database of either engine, for tests of what the service does to them."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from distributor.dispatch.dropped import Dropped, put_aside
from distributor.dispatch.finalise import finalise
from distributor.dispatch.hours import Hour
from distributor.dispatch.intake import prepare
from distributor.dispatch.taking_in import take_in
from distributor.receipts.tokens import TokenKey, load_key
from distributor.service.office import Office as Service
from distributor.settings import Settings
from distributor.settings.file import load_settings
from distributor.store.bulletins import list_bulletins
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import dispatches_of, release
from distributor.store.records import BulletinRecord, DeliveryRecord
from tests.acceptance.office import BULLETIN, Office
from tests.integration.conftest import Clock

HOUR = dt.timedelta(hours=1)


class Bureau:
    """Files, settings, database and a clock that stands still. Bulletins go out an hour after they were dropped."""

    def __init__(self, folder: Path, database: Database, clock: Clock) -> None:
        self.office = Office(folder)
        self.database = database
        self.clock = clock
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        self.hour: Callable[[dt.datetime], dt.datetime] = lambda after: after + HOUR
        self.by_rule: Hour = lambda after, own: self.hour(after)

    @property
    def settings(self) -> Settings:
        return load_settings(self.office.folder / "distributor.toml", environ={})

    @property
    def key(self) -> TokenKey:
        return load_key(self.office.folder / "token.key")

    def service(self) -> Service:
        """What the parts of a service over these files share."""
        file = self.office.folder / "distributor.toml"
        return Service(
            file=file, settings=self.settings, database=self.database, key=self.key, owner="service", clock=self.clock
        )

    def drop(self, name: str = "简报.md", *, number: int = 7, text: str | None = None) -> Path:
        """Puts a bulletin into the drop folder."""
        return self.office.write(f"inbox/{name}", text or BULLETIN.format(number=number))

    def take(self, path: Path) -> Dropped:
        """Takes one file in, and leaves it where it is."""
        settings = self.settings
        return take_in(path, self.database, settings, self.key, hour=self.by_rule, now=self.clock())

    def take_and_move(self, path: Path) -> Path:
        """Takes one file in as the service does. Returns where it is now."""
        return put_aside(path, self.take(path))

    def release(self, number: int = 7, *, text: str | None = None) -> BulletinRecord:
        """Finalises a bulletin by hand and lets it go now."""
        path = self.office.write(f"by-hand-{number}.md", text or BULLETIN.format(number=number))
        now = self.clock()
        prepared = prepare(path, self.settings)
        record = finalise(self.database, prepared, self.settings, self.key, now=now, actor="test").record
        with self.database.write() as conn:
            release(conn, record.id, at=now, valid_until=now + dt.timedelta(days=3))
        return self.bulletins[0]

    @property
    def bulletins(self) -> tuple[BulletinRecord, ...]:
        """Every bulletin, the newest first."""
        with self.database.read() as conn:
            return list_bulletins(conn)

    def copies(self, bulletin_id: int = 1) -> tuple[DeliveryRecord, ...]:
        with self.database.read() as conn:
            return deliveries_of(conn, bulletin_id)

    def holds(self, bulletin_id: int = 1) -> set[str | None]:
        """Why the letters of a bulletin wait; None for one that does not."""
        with self.database.read() as conn:
            return {dispatch.hold for dispatch in dispatches_of(conn, bulletin_id)}
