"""What was submitted, each on disk before it is acknowledged, and what became of it.

A folder for its owner alone: a file a dataset that may be fed, one a submission, and
one of the genotypes that were submitted, so that nothing depends on files of others
that may move.  Nothing here is loaded; nothing is ever half written.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, Self, cast

from beacon.model.errors import BeaconError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

FOLDER = "scout"
"""Of the data directory: where submissions are."""
_PRIVATE = 0o700
_DIGITS = 8
_NUMBERED = "[0-9]" * _DIGITS + ".json"
_NAMED = "[A-Za-z0-9]*.json"
"""Of files that are there whole: what is being written has names beside these."""

Stretch = tuple[str, int, int]
"""A contig's plain name, start, end."""


class Kind(StrEnum):
    """What is asked for."""

    ADD = "add"
    DELETE = "delete"


class State(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """A dataset that may be fed."""

    id: str
    assembly: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Somebody's genotypes for a dataset, or the wish that they leave it.

    Attributes:
        number: of the submission; they are carried out in this order.
        samples: whose; of one that is done, those who have not left since.
        path: the VCF of an addition.
        stretches: where its records have to lie; ``None``: anywhere.
        received: when, as ISO 8601 writes it.
        message: a sentence on what became of it.
        tries: how often it was begun and cut short.
    """

    number: int
    kind: Kind
    dataset: str
    samples: tuple[str, ...]
    received: str
    path: str | None = None
    stretches: tuple[Stretch, ...] | None = None
    state: State = State.WAITING
    message: str = ""
    tries: int = 0

    @property
    def is_waiting(self) -> bool:
        """Whether it is yet to be carried out."""
        return self.state is State.WAITING

    @property
    def is_live(self) -> bool:
        """Whether its dataset holds somebody by it."""
        return self.kind is Kind.ADD and self.state is State.DONE and bool(self.samples)

    def ended(self, state: State, message: str) -> Self:
        """Return the same, carried out or given up."""
        return replace(self, state=state, message=message)


class Spool:
    """The submissions of one data directory.

    Args:
        folder: its place; made when it is first needed.

    Every method raises ``StoreUnavailable`` where the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._datasets = folder / "datasets"
        self._submissions = folder / "submissions"
        self.genotypes = folder / "genotypes"

    def open(self) -> None:
        """Make the folder, where it is not there."""
        with _usable(self._folder):
            for each in (
                self._folder,
                self._datasets,
                self._submissions,
                self.genotypes,
            ):
                each.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that takes submissions, until the end of the block.

        Raises:
            BeaconError: another one is.
        """
        self.open()
        with _usable(self._folder):
            held = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            message = f"another server takes submissions into {self._folder}"
            raise BeaconError(message) from None
        try:
            yield
        finally:
            os.close(held)

    def datasets(self) -> tuple[Fed, ...]:
        """Return what may be fed, by id."""
        with _usable(self._folder):
            found = list(_read_all(self._datasets, _NAMED))
        return tuple(Fed(id=str(d["id"]), assembly=str(d["assembly"])) for d in found)

    def dataset(self, name: str) -> Fed | None:
        """Return one dataset that may be fed."""
        return next((each for each in self.datasets() if each.id == name), None)

    def feed(self, dataset: Fed) -> None:
        """Let a dataset be fed from now on."""
        with _usable(self._folder):
            _write(self._datasets / f"{dataset.id}.json", asdict(dataset))

    def starve(self, name: str) -> None:
        """Let a dataset be fed no more."""
        with _usable(self._folder):
            (self._datasets / f"{name}.json").unlink(missing_ok=True)

    def submissions(self) -> tuple[Submission, ...]:
        """Return all submissions, oldest first."""
        with _usable(self._folder):
            return tuple(map(_submission, _read_all(self._submissions, _NUMBERED)))

    def add(self, submission: Submission) -> Submission:
        """Keep a new submission under the next number; it is on disk then."""
        with _usable(self._folder):
            numbers = (int(path.stem) for path in self._submissions.glob(_NUMBERED))
            submission = replace(submission, number=max(numbers, default=0) + 1)
        self.keep(submission)
        return submission

    def keep(self, submission: Submission) -> None:
        """Keep what is known of a submission now."""
        with _usable(self._folder):
            name = f"{submission.number:0{_DIGITS}}.json"
            _write(self._submissions / name, asdict(submission))

    def genotypes_of(self, submission: Submission) -> Path:
        """Return where the genotypes of a submission are, or will be."""
        return self.genotypes / f"{submission.number:0{_DIGITS}}.vcf.gz"

    def erase(self, submission: Submission) -> None:
        """Forget the genotypes of a submission, and what was begun of them."""
        path = self.genotypes_of(submission)
        with _usable(self._folder):
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}").unlink(missing_ok=True)


def next_batch(
    submissions: Iterable[Submission],
    held: Iterable[str] = (),
    busy: Iterable[str] = (),
) -> tuple[Submission, ...]:
    """Return what is to be carried out next, together; nothing: nobody waits.

    A person's files come one after another, and reading a dataset again for each of
    them is dear, so additions to a dataset go together, up to a wish to leave it.

    Args:
        submissions: all of them, oldest first.
        held: datasets whose additions wait; wishes to leave do not wait with them.
        busy: datasets for which nothing can be done now.
    """
    waits, aside = frozenset(held), frozenset(busy)
    waiting = [s for s in submissions if s.is_waiting and s.dataset not in aside]
    ready = [s for s in waiting if s.kind is Kind.DELETE or s.dataset not in waits]
    if not ready:
        return ()
    first = ready[0]
    if first.kind is Kind.DELETE:
        return (first,)
    mine = (s for s in ready if s.dataset == first.dataset)
    return tuple(takewhile(lambda s: s.kind is Kind.ADD, mine))


def live(submissions: Iterable[Submission], dataset: str) -> tuple[Submission, ...]:
    """Return the submissions by which a dataset holds somebody."""
    return tuple(s for s in submissions if s.dataset == dataset and s.is_live)


def _submission(found: Mapping[str, object]) -> Submission:
    stretches = cast("Sequence[Sequence[object]] | None", found["stretches"])
    told = {
        **found,
        "kind": Kind(str(found["kind"])),
        "state": State(str(found["state"])),
        "samples": tuple(cast("list[str]", found["samples"])),
        "stretches": None
        if stretches is None
        else tuple(cast("Stretch", tuple(each)) for each in stretches),
    }
    return Submission(**told)  # type: ignore[arg-type]


def _read_all(folder: Path, names: str) -> Iterator[Mapping[str, object]]:
    """Yield what stands in files, by name; one that is gone meanwhile is none."""
    for path in sorted(folder.glob(names)):
        with suppress(FileNotFoundError):
            yield cast("Mapping[str, object]", json.loads(path.read_text("utf-8")))


def _write(path: Path, told: Mapping[str, object]) -> None:
    """Write a file that is there whole, and stays, or nothing."""
    being = path.with_name(f".{path.name}.{os.getpid()}")
    held = os.open(being, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(held, "w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        being.replace(path)
    finally:
        being.unlink(missing_ok=True)
    held = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else str(failure)
        message = f"the submissions in {folder} cannot be used ({reason})"
        raise StoreUnavailable(message) from failure
