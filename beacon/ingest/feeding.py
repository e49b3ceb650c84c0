"""Submissions judged and carried out: genotypes come into a dataset, or leave it.

What is submitted is copied first, so far as it was meant (samples, genes), and the
copies are what is loaded and read again.  Whoever leaves is withdrawn like anybody
else, and their copies are gone with them.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from beacon.ingest.appending import append_variants
from beacon.ingest.describing import DATASET_ID
from beacon.ingest.leaving import withdrawn_from
from beacon.ingest.loading import LoadRequest, load_variants
from beacon.ingest.submissions import Fed, Kind, State, Submission, live
from beacon.ingest.withdrawing import withdraw
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import (
    BeaconError,
    BeingLoaded,
    InvalidRequest,
    LoadRejected,
    NotFound,
    StoreUnavailable,
    UsageError,
)
from beacon.model.genome import Interval
from loaders import LoadOptions
from loaders.extracting import extract, missing_from, regions_bed
from loaders.regions import regions_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from beacon.ingest.journal import Journal
    from beacon.ingest.submissions import Spool, Stretch
    from beacon.model.assemblies import Assembly
    from beacon.model.dataset import Release
    from beacon.model.genes import Genes
    from beacon.store.releases import Catalogue
    from loaders.regions import Regions

_PATIENTS = "patients"
_MOST_TRIES = 5
_MOST_PARTS = 50
"""Loads a release is made of before all its submissions are read as one again."""
_MOST_SAMPLES = 10_000
_MOST_GENES = 100_000
_SHOWN = 5
_DAMAGED = "its copy was damaged, and erased as somebody left"
_AGAIN = "submit it again"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW  # a pipe is not waited for
_DECLARED = {"callable": "genes"}
"""Stands in a release's options for the genes of all its submissions, so that those
of other genes can stand beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """How submissions are carried out.

    Attributes:
        root: where files that are submitted have to lie.
        references: as for ``LoadRequest``, and so are ``jobs`` and the next.
        min_new_people: by dataset.
        keeps: how many releases of a dataset are kept; ``None``: all.
    """

    root: Path
    references: Mapping[str, Path]
    jobs: int = 1
    min_new_people: Mapping[str, int]
    keeps: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An addition as it is asked for.

    Attributes:
        genes: HGNC or Ensembl ids; ``None``: the whole file.
    """

    dataset: str
    assembly: str
    samples: tuple[str, ...]
    path: str
    genes: tuple[str, ...] | None = None


# --- what is accepted ---------------------------------------------------------------


def register(
    spool: Spool, catalogue: Catalogue, dataset: Fed, **said: str | None
) -> None:
    """Let a dataset be fed; a new one is described.

    Args:
        spool: of the submissions.
        catalogue: the store's.
        dataset: its id and assembly.
        said: its name and description.

    Raises:
        InvalidRequest: it cannot be called so, or others load it.
    """
    if not DATASET_ID.match(dataset.id):
        message = "id is not 1 to 128 letters, digits, '.', '_', '-'"
        raise InvalidRequest(message, parameter="id")
    known = spool.dataset(dataset.id)
    if known is not None and known.assembly != dataset.assembly:
        message = f"dataset {dataset.id} is {known.assembly}, and stays so"
        raise InvalidRequest(message, parameter="build")
    if known is None and _is_filled(catalogue, dataset.id):
        message = f"dataset {dataset.id} is loaded otherwise, and cannot be fed"
        raise InvalidRequest(message, parameter="id")
    if known is None:  # what an operator says of it later stays
        catalogue.describe(dataset.id, **said, kind=_PATIENTS)
        spool.feed(dataset)


def _is_filled(catalogue: Catalogue, dataset: str) -> bool:
    """Whether anything was loaded into a dataset: variants, documents, records."""
    with suppress(NotFound):
        found = catalogue.dataset(dataset)
        held = (found.release, found.documents, found.record, found.cohorts)
        return any(held)
    return False


def take_over(spool: Spool, dataset: str) -> None:
    """Let a dataset be fed no more, as others load it now; no copy of it is kept."""
    spool.starve(dataset)
    for each in spool.submissions():
        if each.dataset == dataset and (each.is_live or each.is_waiting):
            _fail(spool, each, "its dataset was taken over by others, who load it now")


def submit(
    spool: Spool, catalogue: Catalogue, genes: Genes, asked: Asked, root: Path
) -> tuple[Submission, tuple[str, ...]]:
    """Keep an addition, to be carried out soon.

    Args:
        spool: of the submissions.
        catalogue: the store's.
        genes: where they lie.
        asked: what is submitted.
        root: where files that are submitted have to lie.

    Returns:
        The submission, and the genes that have no place here and were left out.

    Raises:
        InvalidRequest: it cannot be carried out; one sentence.
        StoreUnavailable: the store or the folder failed.
    """
    fed = _fed(spool, asked.dataset)
    if fed.assembly != asked.assembly:
        message = f"dataset {fed.id} is {fed.assembly}, not {asked.assembly}"
        raise InvalidRequest(message, parameter="assemblyId")
    _check_samples(asked.samples)
    gone = withdrawn_from(catalogue, asked.dataset).intersection(asked.samples)
    if gone:
        message = (
            f"{_named(gone)} left dataset {asked.dataset}; whoever left is never"
            " counted there again"
        )
        raise InvalidRequest(message, parameter="samples")
    with opened(asked.path, root) as path:
        try:
            missing = missing_from(path, asked.samples)
        except LoadRejected as error:
            name = Path(asked.path).name
            message = str(error).replace(str(path), name)
            raise InvalidRequest(message, parameter="vcf_path") from error
    if missing:
        message = f"the file has no sample {_named(missing)}"
        raise InvalidRequest(message, parameter="samples")
    stretches, strangers = _stretches(asked.genes, genes, fed.assembly)
    submission = Submission(
        number=0,
        kind=Kind.ADD,
        dataset=asked.dataset,
        samples=asked.samples,
        path=asked.path,
        stretches=stretches,
        received=_now(),
    )
    return spool.add(submission), strangers


def leave(
    spool: Spool, catalogue: Catalogue, dataset: str, samples: tuple[str, ...]
) -> Submission:
    """Keep the wish that people leave a dataset, to be carried out soon.

    Raises:
        InvalidRequest: nobody of that name was submitted.
    """
    _fed(spool, dataset)
    _check_samples(samples)
    there = {
        name
        for each in spool.submissions()
        if each.dataset == dataset and each.kind is Kind.ADD
        for name in each.samples
    }
    strangers = set(samples) - there - withdrawn_from(catalogue, dataset)
    if strangers:
        message = f"dataset {dataset} has no sample {_named(strangers)}"
        raise InvalidRequest(message, parameter="samples")
    wish = Submission(
        number=0,
        kind=Kind.DELETE,
        dataset=dataset,
        samples=samples,
        received=_now(),
    )
    return spool.add(wish)


@contextmanager
def opened(text: str, root: Path) -> Iterator[Path]:
    """Give the file that a path means, if it lies below the root, to be read.

    What is judged is what is read: links are followed first, then each part of the
    way from the root is opened as it is, and a link that came meanwhile refused.
    The path that is given leads to what was opened, whatever has its name by then.

    Raises:
        InvalidRequest: it does not, or there is no such file; which of the two is
            not told of what lies elsewhere.
    """
    held = _opened(text, root)
    if held is None:
        message = "vcf_path is no file below the folder that scout.root names"
        raise InvalidRequest(message, parameter="vcf_path")
    try:
        # Processes that read for this one need its number, not "self".
        yield Path(f"/proc/{os.getpid()}/fd/{held}")
    finally:
        os.close(held)


def _opened(text: str, root: Path) -> int | None:
    """Return the descriptor of a file below the root, if it is one."""
    try:
        inside = root.resolve(strict=True)
        path = Path(text).resolve(strict=True)
        if not Path(text).is_absolute() or not path.is_relative_to(inside):
            return None
        *folders, name = path.relative_to(inside).parts
    except (OSError, ValueError, RuntimeError):
        return None
    with ExitStack() as ways, suppress(OSError):
        at = os.open(inside, _FOLDER)
        ways.callback(os.close, at)
        for each in folders:
            at = os.open(each, _FOLDER, dir_fd=at)
            ways.callback(os.close, at)
        held = os.open(name, _FILE, dir_fd=at)
        if stat.S_ISREG(os.fstat(held).st_mode):
            return held
        os.close(held)
    return None


def _fed(spool: Spool, dataset: str) -> Fed:
    fed = spool.dataset(dataset)
    if fed is None:
        message = "there is no such dataset to be fed (POST /add_dataset makes one)"
        raise InvalidRequest(message, parameter="dataset_id")
    return fed


def _check_samples(samples: Sequence[str]) -> None:
    if not samples or len(samples) > _MOST_SAMPLES:
        message = f"samples is no list of 1 to {_MOST_SAMPLES:,} names"
        raise InvalidRequest(message, parameter="samples")


def _stretches(
    ids: tuple[str, ...] | None, genes: Genes, assembly: str
) -> tuple[tuple[Stretch, ...] | None, tuple[str, ...]]:
    """Return where genes lie, and those that have no place."""
    if ids is None:
        return None, ()
    if not ids or len(ids) > _MOST_GENES:
        message = f"genes.ids is no list of 1 to {_MOST_GENES:,} ids"
        raise InvalidRequest(message, parameter="genes")
    found: set[Stretch] = set()
    strangers = []
    for name in ids:
        places = _places(name, genes, assembly)
        found.update(places)
        if not places:
            strangers.append(name)
    if not found:
        message = f"none of the genes has a place on {assembly} here"
        raise InvalidRequest(message, parameter="genes")
    return tuple(sorted(found)), tuple(strangers)


def _places(name: str, genes: Genes, assembly: str) -> tuple[Stretch, ...]:
    """Return where a gene lies; nothing: nobody knows.

    Raises:
        InvalidRequest: no genes are loaded at all.
    """
    try:
        pattern = genes.pattern(name, assembly)
    except InvalidRequest as error:
        if genes.is_empty:
            raise InvalidRequest(str(error), parameter="genes") from error
        return ()
    return tuple(
        (place.sequence.name, place.overlap.low, place.overlap.high)
        for place in pattern.places
        if place.overlap is not None
    )


def _named(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:_SHOWN])[:200]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# --- what becomes of it -------------------------------------------------------------


def held(spool: Spool, least: Mapping[str, int]) -> dict[str, int]:
    """Return the datasets whose additions wait for more people, and for how many.

    Args:
        spool: of the submissions.
        least: in how many people releases must differ, by dataset.
    """
    submissions = spool.submissions()
    waiting: dict[str, set[str]] = {}
    for each in submissions:
        if each.is_waiting and each.kind is Kind.ADD:
            waiting.setdefault(each.dataset, set()).update(each.samples)
    found = {}
    for dataset, names in waiting.items():
        there = {n for s in live(submissions, dataset) for n in s.samples}
        missing = least.get(dataset, 0) - len(names - there)
        if there and 0 < missing < least.get(dataset, 0):
            found[dataset] = missing
    return found


def carry_out(
    spool: Spool,
    catalogue: Catalogue,
    journal: Journal,
    batch: Sequence[Submission],
    feed: Feed,
) -> None:
    """Carry out what was submitted together; what became of it is kept.

    A submission that cannot be loaded fails alone.  One that was cut short by the
    end of its process is begun again, and given up after some tries.

    Raises:
        StoreUnavailable: the store failed; everything can be tried again.
        BeingLoaded: somebody else loads the dataset; so it can.
    """
    begun = [replace(each, tries=each.tries + 1) for each in batch]
    for each in begun:
        spool.keep(each)
    left = [each for each in begun if each.tries <= _MOST_TRIES]
    for each in begun:
        if each not in left:
            _fail(spool, each, f"given up: it was cut short {_MOST_TRIES} times")
    try:
        if left and left[0].kind is Kind.DELETE:
            _let_leave(spool, catalogue, journal, left[0])
        elif left:
            # Whoever left meanwhile, or was withdrawn otherwise, is in no copy.
            gone = withdrawn_from(catalogue, left[0].dataset)
            forget(spool, left[0].dataset, gone)
            staying = [each for each in left if _stays(spool, each, gone)]
            _Addition(spool, catalogue, feed).add(staying)
    except (StoreUnavailable, BeingLoaded):
        _give_back(spool, batch)
        raise
    except BeaconError as error:
        _give_up(spool, begun, error)
        raise


def _give_up(spool: Spool, begun: Sequence[Submission], error: BeaconError) -> None:
    """End what failed too often, with the sentence of its last try."""
    last = {each.number for each in begun if each.tries >= _MOST_TRIES}
    for each in spool.submissions():
        if each.is_waiting and each.number in last:
            _fail(spool, each, f"given up after {_MOST_TRIES} tries: {error}")


def _give_back(spool: Spool, batch: Sequence[Submission]) -> None:
    """Take no try for what is nobody's fault from those that still wait."""
    tries = {each.number: each.tries for each in batch}
    for each in spool.submissions():
        if each.is_waiting and each.number in tries:
            spool.keep(replace(each, tries=tries[each.number]))


def _stays(spool: Spool, submission: Submission, gone: Collection[str]) -> bool:
    """Whether nobody of a submission has left; else it is kept without who did.

    It is carried out then with those who are left, or failed where nobody is.
    """
    rest = tuple(name for name in submission.samples if name not in gone)
    if len(rest) == len(submission.samples):
        return True
    spool.erase(submission)
    if rest:
        spool.keep(replace(submission, samples=rest, tries=0))
    else:
        _fail(spool, submission, "everybody in it has left the dataset")
    return False


def _let_leave(
    spool: Spool, catalogue: Catalogue, journal: Journal, wish: Submission
) -> None:
    try:
        withdraw(catalogue, journal, wish.dataset, wish.samples, is_for_future=True)
    except UsageError as error:
        raise BeingLoaded(str(error)) from error
    forget(spool, wish.dataset, wish.samples)
    spool.keep(wish.ended(State.DONE, "they have left the dataset"))


def forget(spool: Spool, dataset: str, gone: Collection[str]) -> None:
    """Erase what is kept of the genotypes of people who left a dataset."""
    for each in live(spool.submissions(), dataset):
        if not frozenset(gone).isdisjoint(each.samples):
            _forget(spool, each, gone)


def _forget(spool: Spool, submission: Submission, gone: Collection[str]) -> None:
    """Keep the genotypes of the others alone.

    Where they cannot be told apart any more, nobody's are kept: those who stay are
    counted until everything is read again.
    """
    rest = tuple(name for name in submission.samples if name not in gone)
    path = spool.genotypes_of(submission)
    try:
        if rest and path.exists():
            extract(path, path, rest)
    except LoadRejected:
        spool.erase(submission)
        submission = replace(submission, message=f"{_DAMAGED}: {_AGAIN}")
    if not rest:
        spool.erase(submission)
    spool.keep(replace(submission, samples=rest))


def _fail(spool: Spool, submission: Submission, message: str) -> None:
    spool.erase(submission)
    spool.keep(submission.ended(State.FAILED, message))


class _Addition:
    """Genotypes that come into one dataset."""

    def __init__(self, spool: Spool, catalogue: Catalogue, feed: Feed) -> None:
        self._spool = spool
        self._catalogue = catalogue
        self._feed = feed

    def add(self, batch: Sequence[Submission]) -> None:
        """Load submissions together, or those alone that can be loaded."""
        ready = [each for each in batch if self._copied(each)]
        if not ready:
            return
        try:
            release = self._loaded(ready)
        except (LoadRejected, UsageError) as error:
            if isinstance(error, BeingLoaded):
                raise
            if len(ready) == 1:
                path = self._spool.genotypes_of(ready[0])
                message = str(error).replace(str(path), "the file")
                _fail(self._spool, ready[0], message)
                return
            for each in ready:
                self.add([each])
            return
        for each in ready:
            message = f"release {release.ordinal} holds it"
            self._spool.keep(each.ended(State.DONE, message))
        self._prune(release)

    def _prune(self, served: Release) -> None:
        """Remove releases before the last ones: each submission makes one."""
        if self._feed.keeps is None:
            return
        known = self._catalogue.releases(served.dataset)
        for release in known[: -self._feed.keeps]:
            if release.number != served.number:
                with suppress(NotFound, UsageError):  # somebody else changes it
                    self._catalogue.remove(served.dataset, release.ordinal)

    def _copied(self, submission: Submission) -> bool:
        """Copy what is meant of a file; say whether that can be loaded."""
        target = self._spool.genotypes_of(submission)
        if target.exists():
            return True
        fed = self._spool.dataset(submission.dataset)
        if fed is None or submission.path is None:
            _fail(self._spool, submission, "its dataset cannot be fed any more")
            return False
        regions = _regions(fed, [submission])
        try:
            with opened(submission.path, self._feed.root) as path:
                try:
                    extract(path, target, submission.samples, regions)
                except LoadRejected as error:
                    message = str(error).replace(str(path), "the file")
                    _fail(self._spool, submission, message)
                    return False
        except InvalidRequest as error:
            _fail(self._spool, submission, str(error))
            return False
        except OSError as error:  # no space, or no right: nothing that it can help
            message = f"genotypes cannot be copied ({error.strerror})"
            raise StoreUnavailable(message) from error
        return True

    def _loaded(self, batch: Sequence[Submission]) -> Release:
        """Load submissions beside what is there; return the release that holds them.

        Where somebody is in both, or what is there has to be read again for another
        reason, all submissions that still count are read as one load.
        """
        dataset = batch[0].dataset
        served = self._catalogue.served(dataset)
        others = self._still_there(dataset, None if served is None else served.release)
        if served is None or not others:
            return self._load_all(batch)
        there = {name for each in others for name in each.samples}
        is_declared = "callable" in served.release.options
        fits = not is_declared or all(s.stretches is not None for s in batch)
        fits = fits and served.release.loads < _MOST_PARTS
        if fits and there.isdisjoint(n for each in batch for n in each.samples):
            with suppress(LoadRejected, UsageError):
                return self._load(batch, is_declared=is_declared, is_added=True)
        lost = [s for s in others if not self._spool.genotypes_of(s).exists()]
        kept = [each for each in others if each not in lost]
        release = self._load_all([*kept, *batch])
        for each in lost:
            _fail(self._spool, each, f"{_DAMAGED}; it is counted no more: {_AGAIN}")
        return release

    def _still_there(
        self, dataset: str, release: Release | None
    ) -> tuple[Submission, ...]:
        """Return the submissions that the release served holds.

        What was removed, or rolled back, does not come back with the next one.

        Raises:
            LoadRejected: the release holds other files, too.
        """
        known = live(self._spool.submissions(), dataset)
        if release is None:
            for each in known:
                _fail(self._spool, each, "its dataset was removed since")
            return ()
        _refuse_strangers(release, self._spool)
        names = {one.name for one in release.inputs}
        return tuple(s for s in known if self._spool.genotypes_of(s).name in names)

    def _load_all(self, submissions: Sequence[Submission]) -> Release:
        is_declared = all(each.stretches is not None for each in submissions)
        return self._load(submissions, is_declared=is_declared, is_added=False)

    def _load(
        self, submissions: Sequence[Submission], *, is_declared: bool, is_added: bool
    ) -> Release:
        dataset = submissions[0].dataset
        fed = self._spool.dataset(dataset)
        regions = _regions(fed, submissions) if fed and is_declared else None
        with TemporaryDirectory() as home:
            bed = None
            if fed is not None and regions is not None:
                bed = Path(home) / "genes.bed"
                bed.write_text(regions_bed(_assembly(fed), regions))
            request = LoadRequest(
                dataset=dataset,
                paths=tuple(map(self._spool.genotypes_of, submissions)),
                options=LoadOptions(
                    assembly=None if fed is None else fed.assembly,
                    callable_regions=bed,
                    callable_by_all=False,
                ),
                references=self._feed.references,
                jobs=self._feed.jobs,
                told=_DECLARED if bed is not None else {},
                min_new_people=self._feed.min_new_people.get(dataset),
            )
            load = append_variants if is_added else load_variants
            outcome = load(self._catalogue, request)
        if outcome.release is None:
            message = f"dataset {dataset} serves nothing after a load"
            raise StoreUnavailable(message)
        return outcome.release


def _refuse_strangers(release: Release, spool: Spool) -> None:
    """Refuse to load over files that were not submitted.

    Raises:
        LoadRejected: the release holds some.
    """
    ours = spool.genotypes.resolve()
    for one in release.inputs:
        if one.path is None or Path(one.path).resolve().parent != ours:
            message = (
                f"dataset {release.dataset} holds {one.name}, which was loaded"
                " otherwise; submissions cannot stand beside it"
            )
            raise LoadRejected(message)


def _regions(fed: Fed, submissions: Sequence[Submission]) -> Regions | None:
    """Return where the genes of submissions lie; ``None``: of one it is anywhere."""
    assembly = _assembly(fed)
    contigs = {contig.name: contig for contig in assembly.contigs}
    intervals = []
    for each in submissions:
        if each.stretches is None:
            return None
        intervals += [
            Interval(contig=contigs[name], start=start, end=end)
            for name, start, end in each.stretches
        ]
    return regions_of(assembly, intervals)


def _assembly(fed: Fed) -> Assembly:
    return ASSEMBLIES[fed.assembly]
