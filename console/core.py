"""The core role: composes feeds, stores, alarms, incidents and sync, and opens the door.

Threads: `ingest` owns feed.db and the sockets of the brokers, `ops` owns
ops.db, `sync` speaks with the central platform, the scheduler does the
housekeeping, and the link's threads answer screens.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlite_utils import Database

from console import commands, startup
from console.acts import Acts
from console.alarms import flood_watch
from console.alarms.evaluate import Evaluator
from console.alarms.rulebook import Rulebook
from console.backup.journal import Journal
from console.backup.work import BackupWork
from console.board import Board, fault_rules
from console.clock import Clock
from console.disk import DiskWatch, make_room
from console.doctor.examinations import Examinations
from console.engine import Engine
from console.errors import Unavailable
from console.evaluation import Evaluation
from console.exports import Exports
from console.feeds.ingest import Ingest
from console.feeds.ways import Ways
from console.gaps import confirming
from console.gaps.opening import Backfilling
from console.health.rollup import Health
from console.health.tree import load as load_assets
from console.housekeeping import Housekeeping
from console.hub.worker import Hubs
from console.importing import Importing
from console.link import Command, Hello, Query
from console.link_server import LinkServer
from console.maps.serving import Maps
from console.newest import Newest
from console.packs.joining import joined
from console.queries import Questions
from console.rereading import Rereading
from console.rules import overlay
from console.rules.questions import Rules
from console.running import CameraReports
from console.settings import Settings
from console.sync.opening import open_central
from console.sync.worker import Sync
from console.tasks import Tasks
from console.worker import Worker
from db import alarms, connection, entries, feed, holds, incidents, keys, maintenance, ops, readings, rules
from db import commands as done_commands

log = structlog.get_logger(__name__)

_COMMAND_S = 30.0


class Core:
    """One data folder's core. `start` and `stop` once each; `stop` ends every thread of it."""

    def __init__(self, folder: Path, settings: Settings, clock: Clock, *, origin: Path | None = None) -> None:
        startup.refuse_network(folder)
        folder.mkdir(parents=True, exist_ok=True)
        make_room(folder)
        self.folder = folder
        self.packs_base = origin.parent if origin else folder
        self.settings = joined(settings, self.packs_base)
        self._rules = overlay.base(self.settings, self.packs_base)
        self.clock = clock
        self._lock = startup.lock(folder)
        try:
            self._compose(origin)
        except BaseException:
            self._lock.release(clean=False)
            raise

    def _compose(self, origin: Path | None) -> None:
        folder, settings, clock = self.folder, self.settings, self.clock
        self._key = keys.data_key(folder)
        self.backups = folder / (settings.backups.folder or "backups")
        self.found = startup.examine(folder, self._key, clock, backups_folder=self.backups)
        self.journal = Journal(folder / "journal", self._key, clock)
        self.newest = Newest()
        self._assets = load_assets(_beside(origin, settings.site.assets)) if settings.site.assets else []
        self.engine = Engine(
            "ops", self._open_ops, self.newest.publish, clock, committed=self.journal.committed
        )
        self._places = Rulebook((), self._assets)
        self.health = Health(self._assets, clock, fault_rules(settings.rules))
        self._board = Board(self, self._assets, self.health, self.seats)
        self.evaluation = Evaluation(
            self.engine,
            Evaluator(settings.rules, self._assets, clock, settings.site.timezone),
            self.health,
            self.open_feed_reader,
            self.newest.publish,
            clock,
            lambda db: overlay.in_force(self._rules, rules.edits(db)),
            self._board.fitness.note,
        )
        self.ingest = Ingest(
            settings.brokers,
            settings.feeds,
            self._open_feed,
            clock,
            self.newest.publish,
            self.evaluation.committed,
            settings.site.device,
            base=origin.parent if origin else folder,
            encodings=settings.site.encodings,
            quarantine_keep=settings.site.quarantine_keep,
            unjudged=lambda: self.evaluation.unjudged,
        )
        self._backfilling = Backfilling(
            settings.feeds,
            self.ingest,
            self.open_feed_reader,
            clock,
            base=origin.parent if origin else folder,
            encodings=settings.site.encodings,
        )
        self.ways = Ways(settings, self.ingest, clock, origin.parent if origin else folder)
        self._hubs = Hubs(
            settings, self.engine, self.open_ops_reader, self.open_feed_reader, clock,
            self.newest.publish, origin.parent if origin else folder,
        )  # fmt: skip
        self.camera_reports = CameraReports()
        self.tasks = Tasks(self.newest.publish, clock)
        self.disk = DiskWatch(folder, settings.disk, clock, self.ingest.hold)
        self.backup_work = BackupWork(self, self._key)
        exports = Exports(self, self._assets)
        examinations = Examinations(self, origin.parent if origin else folder)
        rereading, importing = Rereading(self, origin), Importing(self)
        asked, maps = Rules(self, self._rules, self._assets), Maps(self, exports, self._assets)
        self._acts = Acts(self, exports, examinations, rereading, importing, asked, maps)
        self._questions = Questions(
            self, self._assets, exports, examinations, rereading, importing, asked, maps, self._board
        )
        self._link = LinkServer(folder, query=self._query, command=self._command, state=self.newest.all)
        self._floods = flood_watch.watch(self, self._assets)
        self.stopping = threading.Event()
        self._sync: Worker | None = None
        self._central: Sync | None = None
        self._housekeeping = Housekeeping(self)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._origin = origin

    # --- stores -------------------------------------------------------------

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    def _open_ops(self) -> Database:
        db = connection.open_writer(self.folder / "ops.db", self._key, ops.migrations)
        self.journal.watch(db)
        return db

    def _open_feed(self) -> Database:
        return connection.open_writer(self.folder / "feed.db", self._key, feed.migrations)

    def open_ops_reader(self) -> Database:
        """A read-only connection; the caller closes it soon."""
        return connection.open_reader(self.folder / "ops.db", self._key)

    def open_feed_reader(self) -> Database:
        """A read-only connection; the caller closes it soon."""
        return connection.open_reader(self.folder / "feed.db", self._key)

    # --- life ---------------------------------------------------------------

    def start(self) -> None:
        """Bring everything up; raises a ConsoleError a person can act on, with nothing left running."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.journal.start()
        self.engine.start()
        self.engine.call(self._prepare_ops, 60)
        self._open_feed().close()
        self._show_stored()
        self.newest.pass_on_to(self._link.publish)
        self.evaluation.start()
        self.ingest.start()
        confirming.settle(self)
        self._backfilling.start()
        self.ways.start()
        self._start_sync()
        self._hubs.start()
        self._housekeeping.schedule(self._scheduler)
        self._board.schedule(self._scheduler)
        self._scheduler.add_job(self._floods.step, "interval", seconds=flood_watch.EVERY_S, id="floods")
        self._scheduler.start()
        self._link.start()
        log.info("core.started", folder=str(self.folder), device=self.settings.site.device)

    def stop(self) -> None:
        """End in the order that loses nothing. Twice is harmless."""
        self.stopping.set()
        self._link.stop()
        self.tasks.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        if self._sync is not None:
            self._sync.stop()
        self._hubs.stop()
        self._backfilling.stop()
        self.ways.stop()
        self.ingest.stop()
        self.evaluation.stop()
        self._board.stop()
        clean = self.engine.state.word != "damaged"
        self.engine.stop()
        self.journal.stop()
        self._lock.release(clean=clean)

    def _prepare_ops(self, db: Database) -> list[Any]:
        entries.set_identity(db, self.settings.site.device)
        return []

    def _show_stored(self) -> None:
        """Put what the stores hold on the screens before anything new comes."""
        ops_db, feed_db = self.open_ops_reader(), self.open_feed_reader()
        try:
            latest = readings.latest(feed_db)
            standing = alarms.standing(ops_db)
            self.newest.publish([*latest, *standing, *incidents.page(ops_db, state="open", limit=1000)])
            self.newest.publish([*holds.active(ops_db), *maintenance.standing(ops_db, self.clock.now_ms())])
            self.health.seen(latest)
            self.health.alarms(standing)
            self.newest.publish(self.health.all())
            self._board.begin()
        finally:
            ops_db.close()
            feed_db.close()

    def _start_sync(self) -> None:
        central = self.settings.central
        if not central.url:
            return
        base = self._origin.parent if self._origin else self.folder
        sync = Sync(
            open_central(central.url, password_file=central.password_file, base=base),
            self.engine,
            self.open_ops_reader,
            self.blobs,
            self.clock,
            self.newest.publish,
            every_s=central.every_s,
        )
        self._central = sync
        self._sync = Worker("sync", sync.step)
        self._sync.start()

    def clock_offset(self) -> tuple[float, int] | None:
        """(ms that our clock is ahead of the centre's, when that was seen), or None."""
        return self._central.clock_offset if self._central is not None else None

    def ask_for_gap(self, gap_id: int, feed: str) -> None:
        """Have a source asked now for what did not arrive."""
        self._backfilling.again(gap_id, feed)

    def seats(self) -> list[Hello]:
        """Who is connected now."""
        return self._link.seats()

    # --- the door -----------------------------------------------------------

    def _query(self, query: Query, hello: Hello) -> Any:
        return self._questions.answer(query.name, query.args)

    def _command(self, command: Command, hello: Hello) -> Any:
        if self._acts.knows(command.name):
            return self._acts.do(command.name, command.args, command.actor or hello.actor or "operator")
        return self._act(command, hello)

    def _act(self, command: Command, hello: Hello) -> Any:
        args, act = commands.read(command.name, command.args)
        context = commands.Context(
            self.clock.now_ms(),
            command.actor or hello.actor or "operator",
            self.blobs,
            self.settings.site.district,
            self._places,
            self._rules,
        )
        answer: list[Any] = []

        def run(db: Database) -> list[Any]:
            earlier = done_commands.done(db, command.id)
            if earlier is not None:
                answer.append(msgspec.msgpack.decode(earlier))
                return []
            value, changed = act(db, context, args)
            answer.append(value)
            done_commands.remember(db, command.id, msgspec.msgpack.encode(value), context.at_ms)
            return list(changed)

        try:
            changed = self.engine.submit(run).result(_COMMAND_S)
        except TimeoutError as error:
            raise Unavailable("The store is busy; the act is kept and will be tried") from error
        self.evaluation.follow(changed)
        if self._sync is not None:
            self._sync.kick()
        return answer[-1]


def _beside(origin: Path | None, name: str) -> Path:
    """A path of the settings file, taken from the folder the file lies in."""
    return (origin.parent if origin else Path()) / name
