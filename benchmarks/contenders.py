"""What ``peers.py`` compares: ours, its floor and the peers, each set up and asked.

A service is prepared (installed and loaded, once) and then stands ready to be asked
for a while; how each is set up is said in ``peers.py``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import asking
import services
import truth
from pymongo import MongoClient

from beacon.store.embedded import open_home, server_pid, socket_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from asking import Told

SCRIPTS = Path(__file__).resolve().parent / "peers"
BY_LOADER = 1_000
"""Alleles that cgbeacon2's own loader stores."""
OF_AN_ANALYSIS = 1_000
"""Alleles of one of bycon's analyses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all are set up from.

    Attributes:
        folder: holds environments and databases.
        exact: alleles asked, and whether they are there.
        uri, mongod: the peers' mongod and its pid.
        port: the first of the ports that servers may take.
    """

    folder: Path
    alleles: Sequence[truth.Allele]
    exact: Sequence[tuple[truth.Allele, bool]]
    ranges: Sequence[truth.Range]
    uri: str
    mongod: int
    port: int

    @property
    def sites(self) -> Path:
        """The alleles as a file without samples."""
        return self.folder / f"sites-{len(self.alleles)}.vcf"

    @property
    def sample(self) -> Path:
        """The alleles as one person's file."""
        return self.folder / f"sample-{len(self.alleles)}.vcf"

    @property
    def questions(self) -> Path:
        """The questions, for what is asked in process."""
        return self.folder / f"questions-{len(self.alleles)}.json"

    def once(
        self, name: str, work: Callable[[], dict[str, object]]
    ) -> dict[str, object]:
        """Load a service unless it is loaded; return what its load told.

        What a load that failed has left is removed: a peer's database has its name.
        """
        note = self.folder / f"{name}-{len(self.alleles)}.json"
        if not note.exists():
            with MongoClient[dict[str, object]](self.uri) as client:
                client.drop_database(name)
            note.write_text(json.dumps(work()))
        told: dict[str, object] = json.loads(note.read_text())
        return told


class Running(Protocol):
    """A service that can be asked now."""

    def ask(self, kind: str, connections: int, seconds: int) -> Told:
        """Ask for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server, its questions of each kind, and the pattern of their answers.

    ``slow``: whether an answer takes seconds, so that wrk would cut many short; the
    patterns are Python's then.
    """

    port: int
    watch: services.Watch
    questions: Mapping[str, Sequence[asking.Question]]
    patterns: Mapping[str, str]
    slow: bool = False

    def ask(self, kind: str, connections: int, seconds: int) -> Told:
        """Ask over HTTP, and watch its processes."""
        server, mongod = self.watch.server, self.watch.mongod
        with self.watch.watched():
            told = (self._slowly if self.slow else self._fast)(
                kind, connections, seconds
            )
        each = 1e6 / max(1, told.asked)
        return replace(
            told,
            server=each * (self.watch.server - server),
            mongod=each * (self.watch.mongod - mongod),
        )

    def _fast(self, kind: str, connections: int, seconds: int) -> Told:
        return asking.ask(
            self.port,
            self.questions[kind],
            self.patterns[kind],
            connections=connections,
            seconds=seconds,
        )

    def _slowly(self, kind: str, connections: int, seconds: int) -> Told:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([(q.path, q.answer) for q in self.questions[kind]], file)
            file.flush()
            script = [sys.executable, str(SCRIPTS / "http_ask.py"), str(self.port)]
            more = [self.patterns[kind], str(connections), str(seconds)]
            return asking.told(services.done([*script, file.name, *more]))


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcess:
    """A look-up without a server: a program that asks it, and the mongod's pid."""

    command: Sequence[str]
    mongod: int

    def ask(self, kind: str, connections: int, seconds: int) -> Told:
        """Run the program; what mongod takes for its start is counted, too."""
        more = [kind, str(connections), str(seconds)]
        before = services.processor(self.mongod)
        told = asking.told(services.done([*self.command, *more]))
        took = services.processor(self.mongod) - before
        return replace(told, mongod=1e6 * took / told.asked)


class Service(Protocol):
    """One of those compared."""

    name: str

    def prepare(self, bench: Bench) -> dict[str, object]:
        """Install and load; return versions and what the load told."""

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[Running]:
        """Serve until the end of the block."""


def seconds_of(work: Callable[[], object]) -> float:
    """Do some work; return the seconds it took."""
    begun = time.perf_counter()
    work()
    return round(time.perf_counter() - begun, 1)


def beacon(*words: str) -> list[str]:
    """Return a command of ours."""
    return [str(Path(sys.executable).parent / "beacon"), *words]


class Ours:
    """``beacon serve`` over its own store."""

    name = "ours"

    @staticmethod
    def home(bench: Bench) -> str:
        """Return the data directory."""
        return str(bench.folder / f"ours-{len(bench.alleles)}")

    def prepare(self, bench: Bench) -> dict[str, object]:
        """Load the sites with the real command."""
        command = beacon(
            "--data-dir", self.home(bench), "load", "variants", "--dataset", "set0",
            "--assembly", "GRCh38", str(bench.sites),
        )  # fmt: skip
        work = lambda: services.done(command)  # noqa: E731
        return bench.once("ours", lambda: {"seconds of loading": seconds_of(work)})

    def mongod(self, bench: Bench) -> int:
        """Return the pid of the embedded mongod."""
        home = open_home(Path(self.home(bench)))
        pid = server_pid(home, socket_path(home))
        if pid is None:
            message = "nobody listens on the store's socket"
            raise OSError(message)
        return pid

    @staticmethod
    def question(detail: str, asked: dict[str, object], answer: str) -> asking.Question:
        """Return a question as Beacon v2 has it."""
        parameters = {"assemblyId": "GRCh38", "referenceName": "1", **asked}
        query = {"requestParameters": parameters, "requestedGranularity": detail}
        body = json.dumps({"meta": {"apiVersion": "v2.0"}, "query": query})
        return asking.Question(path="/api/g_variants", body=body, answer=answer)

    @classmethod
    def exact(cls, asked: Iterable[tuple[truth.Allele, str]]) -> list[asking.Question]:
        """Return the questions for alleles with the word that answers each."""
        return [
            cls.question(
                "boolean",
                {"start": [at], "referenceBases": ref, "alternateBases": alt},
                answer,
            )
            for (at, ref, alt), answer in asked
        ]

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[Running]:
        """Serve with one worker; keep one answer for the bare handler."""
        port = bench.port + 1
        command = beacon("--data-dir", self.home(bench), "serve", "--port", str(port))
        exact = self.exact(
            (allele, str(there).lower()) for allele, there in bench.exact
        )
        count = [
            self.question("count", {"start": [r.low], "end": [r.high]}, str(r.count))
            for r in bench.ranges
        ]
        patterns = {
            "exact": '"responseSummary":{"exists":(%a+)',
            "range": '"numTotalResults":(%d+)',
        }
        with services.started(command, port, bench.folder / "ours.log") as pid:
            (bench.folder / "answer.json").write_bytes(answered(port, exact[0]))
            yield Served(
                port=port,
                watch=services.Watch(pid, self.mongod(bench)),
                questions={"exact": exact, "range": count},
                patterns=patterns,
            )


def answered(port: int, question: asking.Question) -> bytes:
    """Return the answer to one question."""
    url = f"http://127.0.0.1:{port}{question.path}"
    body = question.body.encode() if question.body else None
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        answer: bytes = response.read()
    return answer


class Bare:
    """The handler that does nothing: what the load generator can ask at most."""

    name = "bare"

    def prepare(self, bench: Bench) -> dict[str, object]:
        """Do nothing."""
        return {}

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[Running]:
        """Serve the answer that ours gave."""
        port, answer = bench.port + 2, bench.folder / "answer.json"
        said = json.loads(answer.read_bytes())["responseSummary"]["exists"]
        exact = Ours.exact((allele, str(said).lower()) for allele, _ in bench.exact)
        command = [sys.executable, str(SCRIPTS / "bare.py"), str(port), str(answer)]
        with services.started(command, port, bench.folder / "bare.log") as pid:
            yield Served(
                port=port,
                watch=services.Watch(pid, None),
                questions={"exact": exact},
                patterns={"exact": '"responseSummary":{"exists":(%a+)'},
            )


class Cgbeacon2:
    """Clinical Genomics' beacon."""

    name = "cgbeacon2"
    requirements = ("cgbeacon2==4.5.1", "gunicorn")

    def prepare(self, bench: Bench) -> dict[str, object]:
        """Install, load 1,000 with its command, then the rest in bulk."""
        folder = bench.folder / self.name
        python = services.environment(folder, sys.executable, self.requirements)
        names = ("cgbeacon2", "flask", "gunicorn", "pymongo")
        versions = {name: services.version(python, name) for name in names}
        self.config(bench).write_text(
            "SECRET_KEY = 'of a benchmark'\nDB_NAME = 'cgbeacon2'\n"
            f"DB_URI = '{bench.uri}/cgbeacon2'\n"
            "ORGANIZATION = dict(id='benchmark', name='A benchmark')\n"
            "BEACON_OBJ = dict(id='benchmark', name='A benchmark',"
            " organization=ORGANIZATION, createDateTime='2015-06-15T00:00.000Z')\n"
            "ELIXIR_OAUTH2 = dict(server='', issuers=[], userinfo='', audience=[],"
            " verify_aud=False, bona_fide_requirements='')\n"
        )
        return {**versions, **bench.once(self.name, lambda: self.load(bench, python))}

    @staticmethod
    def config(bench: Bench) -> Path:
        """Return the file of its settings."""
        return bench.folder / "cgbeacon2_config.py"

    def load(self, bench: Bench, python: Path) -> dict[str, object]:
        """Load with its command, then in bulk, compared with what it stored."""
        more = {"CGBEACON2_CONFIG": str(self.config(bench))}
        add = [str(python.parent / "beacon"), "add"]
        dataset = ["dataset", "--did", "set0", "--name", "set0", "--desc", "Alleles"]
        services.done(
            [*add, *dataset, "--build", "GRCh38", "--authlevel", "public"], **more
        )
        few = bench.folder / "few.vcf"
        truth.write(few, bench.alleles[:BY_LOADER], sample=True)
        variants = ["variants", "--ds", "set0", "--vcf", str(few), "--sample", "sample"]
        begun = time.perf_counter()
        services.done([*add, *variants], **more)
        took = time.perf_counter() - begun
        script = [str(python), str(SCRIPTS / "cgbeacon2_load.py")]
        said = services.done([*script, "set0", str(bench.sample), "sample"], **more)
        equal = int(said.split("equal ")[1])
        return {
            "alleles of its loader": BY_LOADER,
            "documents made here that equal its loader's": equal,
            "alleles a second of its loader, start included": round(BY_LOADER / took),
        }

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[Running]:
        """Serve with gunicorn as its Dockerfile does."""
        port, folder = bench.port + 3, bench.folder / self.name
        command = [
            str(folder / "bin" / "gunicorn"), "--workers=1", "--threads=1",
            f"--bind=127.0.0.1:{port}", "--timeout=400", "--access-logfile=-",
            "--error-logfile=-", "--log-level=debug", "cgbeacon2.server.auto:app",
        ]  # fmt: skip
        path = "/apiv1.0/query?assemblyId=GRCh38&referenceName=1&"
        exact = [
            asking.Question(
                path=f"{path}start={at}&end={at + len(ref)}"
                f"&referenceBases={ref}&alternateBases={alt}",
                answer=str(there).lower(),
            )
            for (at, ref, alt), there in bench.exact
        ]
        count = [
            asking.Question(
                path=f"{path}startMin={r.low}&startMax={r.high - 1}"
                "&referenceBases=N&alternateBases=N&includeDatasetResponses=ALL",
                answer=str(r.count),
            )
            for r in bench.ranges
        ]
        more = {"CGBEACON2_CONFIG": str(self.config(bench))}
        log = bench.folder / "cgbeacon2.log"
        with services.started(command, port, log, more) as pid:
            yield Served(
                port=port,
                watch=services.Watch(pid, bench.mongod),
                questions={"exact": exact, "range": count},
                patterns={
                    "exact": '"exists":%s*(%a+)',
                    "range": '"variantCount":%s*(%d+)',
                },
            )


class Bycon:
    """Progenetix's beacon."""

    name = "bycon"
    requirements = ("bycon==2.2.4", "deepmerge", "requests")

    def prepare(self, bench: Bench) -> dict[str, object]:
        """Install, store, index, and lay out its CGI folder."""
        folder = bench.folder / self.name
        python = services.environment(folder, sys.executable, self.requirements)
        versions = {
            name: services.version(python, name) for name in ("bycon", "pymongo")
        }
        script = folder / "site" / "cgi-bin" / "beacon"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"#!{python}\n{(SCRIPTS / 'bycon_cgi.py').read_text()}")
        script.chmod(0o755)
        local = folder / "site" / "local"
        local.mkdir(exist_ok=True)
        rights = "anonymous:\n  default: record\n"
        (local / "authorizations.yaml").write_text(rights)
        (local / "instance_definitions.yaml").write_text(
            "local:\n  beacon_defaults:\n    defaults:\n"
            "      default_dataset_id: bycon\n"
            "  entity_defaults:\n    info:\n      content:\n"
            "        id: bycon.example\n        beacon_id: bycon.example\n"
            "        name: bycon\n        api_version: v2.0.0\n"
            "        environment: dev\n"
        )
        load = [str(python), str(SCRIPTS / "bycon_load.py"), "bycon", str(bench.sample)]
        work = lambda: services.done(  # noqa: E731
            [*load, str(OF_AN_ANALYSIS)], BYCON_MONGO_HOST=bench.uri
        )
        told = bench.once(
            self.name, lambda: {"seconds of storing and indexing": seconds_of(work)}
        )
        return {**versions, "alleles of an analysis": OF_AN_ANALYSIS, **told}

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[Running]:
        """Serve its CGI folder."""
        port, folder = bench.port + 4, bench.folder / self.name
        path = "/cgi-bin/beacon/g_variants?datasetIds=bycon&referenceName=1"
        path += "&requestedGranularity=count&limit=1&"
        exact = [
            asking.Question(
                path=f"{path}start={at}&referenceBases={ref}&alternateBases={alt}",
                answer="t" if there else "{",
            )
            for (at, ref, alt), there in bench.exact
        ]
        count = [
            asking.Question(
                path=f"{path}start={r.low}&end={r.high}", answer=str(r.count)
            )
            for r in bench.ranges
        ]
        server = [str(folder / "bin" / "python"), str(SCRIPTS / "bycon_serve.py")]
        more = {"BYCON_MONGO_HOST": bench.uri, "DATABASE_NAMES": "bycon"}
        command = [*server, str(port), str(folder / "site")]
        with services.started(command, port, bench.folder / "bycon.log", more) as pid:
            yield Served(
                port=port,
                watch=services.Watch(pid, bench.mongod),
                questions={"exact": exact, "range": count},
                patterns={
                    "exact": '"exists":\\s*([a-z{])',
                    "range": '"numTotalResults":\\s*(\\d+)',
                },
                slow=True,
            )


class Loqusdb:
    """Clinical Genomics' database of observations, which has no server."""

    name = "loqusdb"
    requirements = (
        "--no-deps loqusdb==2.7.7", "click", "coloredlogs", "cyvcf2",
        "mongo-adapter", "mongomock", "numpy", "ped-parser", "pymongo", "pyyaml",
        "setuptools<81", "vcftoolbox",
    )  # fmt: skip

    def prepare(self, bench: Bench) -> dict[str, object]:
        """Install, and load one person's file with its command."""
        folder = bench.folder / self.name
        python = services.environment(folder, sys.executable, self.requirements)
        names = ("loqusdb", "cyvcf2", "pymongo")
        versions = {name: services.version(python, name) for name in names}
        command = [
            str(python.parent / "loqusdb"), "--uri", f"{bench.uri}/loqusdb",
            "--genome-build", "GRCh38", "load", "--variant-file", str(bench.sample),
            "--case-id", "case", "--ensure-index",
        ]  # fmt: skip
        work = lambda: services.done(command)  # noqa: E731
        told = bench.once(self.name, lambda: {"seconds of loading": seconds_of(work)})
        return {**versions, **told}

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[Running]:
        """Ask its adapter from a program of its environment."""
        python = bench.folder / self.name / "bin" / "python"
        script = str(SCRIPTS / "loqusdb_ask.py")
        uri = f"{bench.uri}/loqusdb"
        command = [str(python), script, uri, str(bench.questions)]
        yield InProcess(command=command, mongod=bench.mongod)


class Store:
    """Our store without HTTP, beside loqusdb's adapter."""

    name = "store"

    def prepare(self, bench: Bench) -> dict[str, object]:
        """Do nothing: it is the store of ``ours``."""
        return {}

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[Running]:
        """Ask it from a program."""
        script = str(SCRIPTS / "store_ask.py")
        home = Ours.home(bench)
        command = [sys.executable, script, home, str(bench.questions)]
        yield InProcess(command=command, mongod=Ours().mongod(bench))


SERVICES: Sequence[Service] = (Ours(), Bare(), Cgbeacon2(), Bycon(), Store(), Loqusdb())
