"""Withdrawing people: an overlay, one pointer flipped, and what remains folded in.

A withdrawal is a load of its own kind: it holds the dataset's lease and writes a
release whose document says what is to be done (``withdrawal``).  Killed before the
pointer is flipped, it is swept like any dead load; killed after, whoever next
changes the dataset finishes it first:

    flip | readers gone | other releases re-pointed | folded | erased | old one gone
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple, cast

from pymongo import ReturnDocument

from beacon.model.counts import Layout
from beacon.model.dataset import CoverageKind
from beacon.model.errors import NotFound, UsageError
from beacon.model.grouping import grouped
from beacon.model.orders import Order
from beacon.model.people import FULL
from beacon.store.bins import changed as keep_changed_bins
from beacon.store.driver import (
    COUNTERS,
    DATASETS,
    JOURNALED,
    RELEASES,
    Document,
    driver_errors,
    server_time,
)
from beacon.store.folding import (
    Finish,
    FoldDocument,
    Held,
    OtherDocument,
    WithdrawalDocument,
)
from beacon.store.orders import keep_orders, read_orders
from beacon.store.overlay import (
    Effect,
    Leaver,
    Overlay,
    OverlayWriter,
    usual_copies,
)
from beacon.store.ownership import this_process
from beacon.store.people import read_people
from beacon.store.release_documents import (
    is_readable,
    layout_document,
    read_layout,
    read_release,
    read_rows,
)
from beacon.store.summaries import covered_windows, keep_summary, read_summary
from beacon.store.sweeping import Sweeper
from beacon.store.uncovering import uncover

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from pymongo.database import Database

    from beacon.model.counts import ColumnKind
    from beacon.model.dataset import Release
    from beacon.model.people import People
    from beacon.store.release_documents import (
        DatasetDocument,
        LayoutDocument,
        PartDocument,
        ReleaseDocument,
    )

Renewed = tuple["Mapping[str, object]", str]
"""Options and fingerprint of a release after people left it."""


class Standing(NamedTuple):
    """Who of some individuals is in which kept part of a dataset.

    Attributes:
        releases: what the dataset serves or could serve.
        parts: people of a part, and the numbers of those who leave it.
        unknown: individuals that none of the parts names.
        bare: ordinals of releases of whose people not all is kept that counts.
        is_served_bare: whether the release that is served is one of them.
    """

    releases: tuple[ReleaseDocument, ...]
    parts: Mapping[int, tuple[People, tuple[int, ...]]]
    unknown: tuple[str, ...]
    bare: tuple[int, ...]
    is_served_bare: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """What a withdrawal did.

    Attributes:
        release: the number of the release served now.
        rows: how many rows were rewritten.
    """

    release: int
    ordinal: int
    people: int
    rows: int
    lost: int


class Withdrawer:
    """Withdraws people from the kept releases of datasets."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._datasets = database.get_collection(DATASETS, write_concern=JOURNALED)
        self._releases = database.get_collection(RELEASES, write_concern=JOURNALED)

    def orders(self, dataset: str | None = None) -> tuple[Order, ...]:
        """Return who is to be left out of a dataset, or of any."""
        return read_orders(self._database, dataset)

    def new_orders(self, dataset: str, individuals: Iterable[str]) -> tuple[Order, ...]:
        """Return the orders to leave individuals out, as of now."""
        with driver_errors():
            at = _written(server_time(self._database))
        return tuple(Order(dataset, individual, at) for individual in individuals)

    def keep_orders(self, orders: Sequence[Order]) -> None:
        """Keep who is to be left out."""
        keep_orders(self._database, orders)

    def standing(self, dataset: str, individuals: Collection[str]) -> Standing:
        """Return where some individuals are.

        Raises:
            NotFound: when there is no such dataset.
        """
        with driver_errors():
            return self._standing(self._dataset(dataset), individuals)

    def _standing(
        self, dataset: DatasetDocument, individuals: Collection[str]
    ) -> Standing:
        every = self._kept(dataset)
        kept = [release for release in every if is_readable(release)]
        people = self._people(kept)
        parts = {}
        unknown: set[str | None] = set(individuals)
        gone = _gone(kept)
        for number, known in people.items():
            if known is None:
                continue
            named = named_in(known, individuals)
            leaving = tuple(p for p in named if p not in gone[number])
            unknown.difference_update(known.names, *known.samples)
            if leaving:
                parts[number] = (known, leaving)
        bare = [
            r
            for r in every
            if r not in kept or any(people[p["number"]] is None for p in r["parts"])
        ]
        return Standing(
            releases=tuple(kept),
            parts=parts,
            unknown=tuple(name for name in individuals if name in unknown),
            bare=tuple(r["ordinal"] for r in bare),
            is_served_bare=any(r["_id"] == dataset.get("active") for r in bare),
        )

    def _people(self, kept: Sequence[ReleaseDocument]) -> dict[int, People | None]:
        """Return the people of every part, where all that they add is kept.

        Older versions did not keep whom the reference blocks of a part cover.
        """
        people: dict[int, People | None] = {}
        for release in kept:
            has_blocks = release["coverage"] == CoverageKind.BLOCKS
            for part in release["parts"]:
                number = part["number"]
                if has_blocks and not part.get("has_reach", False):
                    people[number] = None
                elif number not in people:
                    people[number] = read_people(self._database, number)
        return people

    def _dataset(self, dataset: str) -> DatasetDocument:
        found = self._datasets.find_one({"_id": dataset, "removing": None})
        if found is None:
            message = f"there is no dataset {dataset}"
            raise NotFound(message)
        return cast("DatasetDocument", found)

    def _kept(self, dataset: DatasetDocument) -> list[ReleaseDocument]:
        """Return the releases that are served or could be."""
        where: Document = {
            "dataset": dataset["_id"],
            "_id": {"$nin": dataset.get("withdrawn", [])},
            "$or": [{"state": "ready"}, {"_id": dataset.get("active")}],
        }
        return cast("list[ReleaseDocument]", list(self._releases.find(where)))

    def withdraw(
        self,
        dataset: str,
        individuals: Collection[str],
        renewed: Callable[[Release, Collection[str]], Renewed],
    ) -> Withdrawn | None:
        """Leave people out of all counts a dataset serves or could serve.

        ``finish`` must follow.

        Args:
            dataset: its id.
            individuals: who leaves.
            renewed: gives options and fingerprint of a release that some leave.

        Returns:
            ``None`` where nobody kept is named.

        Raises:
            UsageError: when the dataset is being loaded or changed.
            StoreUnavailable: when the database fails; nothing changed then.
        """
        with driver_errors():
            found = self._dataset(dataset)
            served = self._releases.find_one({"_id": found.get("active")})
            if served is None or not is_readable(served):
                return None
            work = _Work(self._database, cast("ReleaseDocument", served))
            work.begin()
        try:
            standing = self._standing(found, individuals)
            if standing.parts:
                return work.run(standing, renewed)
        except BaseException:
            work.give_up()
            raise
        work.give_up()
        return None

    def check(self, release: Release) -> None:
        """Refuse a release that may count people who were withdrawn since.

        Raises:
            UsageError: when the individuals behind its counts are not kept, and
                somebody was withdrawn after it was published.
        """
        if release.sample_count is None or release.can_be_lessened:
            return
        published = _written(release.published)
        if any(order.at >= published for order in self.orders(release.dataset)):
            message = (
                f"release {release.ordinal} of dataset {release.dataset} may count"
                " people who were withdrawn since: load its files again"
            )
            raise UsageError(message)

    def is_left_behind(self, dataset: str) -> bool:
        """Whether a withdrawal is not finished, and nobody goes on with it."""
        with driver_errors():
            active = (self._datasets.find_one({"_id": dataset}) or {}).get("active")
            where: Document = {"_id": active, "withdrawal": {"$exists": True}}
            found = cast("ReleaseDocument | None", self._releases.find_one(where))
            if found is None:
                return False
            return "owner" not in found or Sweeper(self._database).is_dead(found)

    def finish(self, dataset: str, withdrawn: Withdrawn | None = None) -> None:
        """Finish what a withdrawal left to be done, if there is anything.

        Args:
            dataset: its id.
            withdrawn: what this process has just done there.

        Raises:
            UsageError: when another process withdraws somebody just now.
        """
        with driver_errors():
            active = (self._datasets.find_one({"_id": dataset}) or {}).get("active")
            where: Document = {"_id": active, "withdrawal": {"$exists": True}}
            found = cast("ReleaseDocument | None", self._releases.find_one(where))
            if found is None:
                return
            if withdrawn is not None and withdrawn.release == active:
                token = found["owner"]["token"]
            else:
                token = self._adopted(found)
        Finish(self._database, found, token).run()

    def _adopted(self, release: ReleaseDocument) -> str:
        """Take a withdrawal over from a process that died."""
        dataset, number = release["dataset"], release["_id"]
        owner = this_process()
        mine: Document = {"owner": owner, "state": "loading"}
        mine["heartbeat"] = server_time(self._database)
        held = self._datasets.find_one_and_update(
            {"_id": dataset, "active": number, "loading": None},
            {"$set": {"loading": number}},
        )
        if held is None:
            message = f"somebody is being withdrawn from dataset {dataset}; try again"
            raise UsageError(message)
        self._releases.update_one({"_id": number}, {"$set": mine})
        return owner["token"]


def _gone(releases: Iterable[ReleaseDocument]) -> dict[int, set[int]]:
    """Return who left each part, erased already or not."""
    gone: dict[int, set[int]] = {}
    for release in releases:
        for part in release["parts"]:
            gone.setdefault(part["number"], set()).update(part.get("gone", ()))
    return gone


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def named_in(people: People, individuals: Collection[str]) -> tuple[int, ...]:
    """Return the numbers of people that are named, or a sample of theirs is."""
    wanted = frozenset(individuals)
    return tuple(
        number
        for number, (name, samples) in enumerate(
            zip(people.names, people.samples, strict=True)
        )
        if name is not None and (name in wanted or not wanted.isdisjoint(samples))
    )


class _Work(Held):
    """One withdrawal up to the flip of the pointer."""

    def __init__(self, database: Database[Document], served: ReleaseDocument) -> None:
        self._owner = this_process()
        number = _numbers(database, 1)[0]
        super().__init__(database, served["dataset"], number, self._owner["token"])
        self._served = served

    def begin(self) -> None:
        """Take the lease.

        Raises:
            UsageError: when the dataset is being loaded or was changed.
        """
        now = server_time(self._database)
        document: Document = {**cast("Document", self._served)}
        document |= {
            "_id": self.number,
            "state": "loading",
            "owner": self._owner,
            "heartbeat": now,
        }
        self._releases.insert_one(document)
        leased = self._datasets.update_one(
            {"_id": self._dataset, "loading": None, "active": self._served["_id"]},
            {"$set": {"loading": self.number}},
        )
        if not leased.matched_count:
            self._releases.delete_one({"_id": self.number})
            message = (
                f"dataset {self._dataset} is being loaded or changed by another"
                " process: the order is kept, and carried out when a load ends"
            )
            raise UsageError(message)

    def give_up(self) -> None:
        """Give the lease back, unless the pointer is flipped.

        A sweep removes what was written.
        """
        number = self.number
        with driver_errors():
            given_back = self._datasets.update_one(
                {"_id": self._dataset, "loading": number, "active": {"$ne": number}},
                {"$unset": {"loading": ""}},
            )
            if given_back.matched_count:
                self._releases.update_one(self._mine, {"$set": {"state": "removing"}})

    def run(
        self,
        standing: Standing,
        renewed: Callable[[Release, Collection[str]], Renewed],
    ) -> Withdrawn:
        """Write the overlays and flip the pointer."""
        served = cast("ReleaseDocument", {**self._served, "_id": self.number})
        others = [r for r in standing.releases if r["_id"] != self._served["_id"]]
        overlays = _overlays(self._database, standing)
        self._change({"$set": {"parts": _over(overlays, served["parts"])}})
        effects, rows = self._write(overlays, [served, *others])
        own = _changed(served, overlays, effects[self.number])
        own |= _renewed(served, standing, renewed)
        self._keep_bins(self._served, self.number, effects[self.number])
        self._keep_summary(
            self._served, self.number, effects[self.number], (overlays, standing)
        )
        plan: WithdrawalDocument = {
            "replaces": self._served["_id"],
            "folds": [_fold_document(overlay) for overlay in overlays],
            "others": [
                self._other(
                    release,
                    _changed(release, overlays, effects[release["_id"]])
                    | _renewed(release, standing, renewed),
                    (effects, overlays, standing),
                )
                for release in others
                if _leaving(release, standing)
            ],
        }
        ordinal = self._flip(own, plan)
        return Withdrawn(
            release=self.number,
            ordinal=ordinal,
            people=len(_leaving(served, standing)),
            rows=rows,
            lost=effects[self.number].lost,
        )

    def _write(
        self, overlays: Sequence[Overlay], releases: Sequence[ReleaseDocument]
    ) -> tuple[dict[int, Effect], int]:
        """Write every overlay; return what each does to the releases that hold it."""
        parts = {r["_id"]: r["parts"] for r in releases}
        effects = {number: Effect() for number in parts}
        rows = 0
        for overlay in overlays:
            after = {n: overlay.over(held) for n, held in parts.items()}
            holders = {
                n: (read_rows(held), read_rows(after[n]))
                for n, held in parts.items()
                if any(part["number"] == overlay.part.number for part in held)
            }
            writer = OverlayWriter(self._database, overlay, holders, self.alive)
            writer.write()
            kinds = {r["coverage"] for r in releases if r["_id"] in holders}
            uncover(self._database, overlay, kinds, self.alive)
            rows += writer.written
            for number, effect in writer.effects.items():
                effects[number].lost += effect.lost
                effects[number].lost_by_bin.update(effect.lost_by_bin)
                effects[number].change.add(effect.change)
            parts = after
        return effects, rows

    def _other(
        self,
        release: ReleaseDocument,
        fields: Document,
        done: tuple[Mapping[int, Effect], Sequence[Overlay], Standing],
    ) -> OtherDocument:
        """Return what is to be done to another release; its bins wait elsewhere."""
        (waiting,) = _numbers(self._database, 1)
        effects, overlays, standing = done
        effect = effects[release["_id"]]
        self._keep_bins(release, waiting, effect)
        self._keep_summary(release, waiting, effect, (overlays, standing))
        return {
            "number": release["_id"],
            "assembly": release["assembly"],
            "fields": fields,
            "bins": waiting,
        }

    def _keep_bins(self, of: ReleaseDocument, number: int, effect: Effect) -> None:
        """Keep the bins of a release after an overlay under another number."""
        assembly, old = of["assembly"], of["_id"]
        keep_changed_bins(self._database, assembly, old, number, effect.lost_by_bin)

    def _keep_summary(
        self,
        of: ReleaseDocument,
        number: int,
        effect: Effect,
        done: tuple[Sequence[Overlay], Standing],
    ) -> None:
        """Keep the summary of a release after overlays under another number."""
        overlays, standing = done
        summary = read_summary(self._database, of["_id"])
        if summary is None:
            return
        summary = summary.changed(effect.change).without(_kinds_leaving(of, standing))
        if summary.covered is not None:
            rows = read_rows(_over(overlays, of["parts"]))
            covered = covered_windows(
                self._database, of["assembly"], rows, of["touched"], self.alive
            )
            summary = replace(summary, covered=covered)
        keep_summary(self._database, number, summary)

    def _flip(self, own: Document, plan: WithdrawalDocument) -> int:
        """Make the new release the one that is served; return its ordinal."""
        dataset = self._datasets.find_one({"_id": self._dataset}) or {}
        ordinal = cast("DatasetDocument", dataset).get("ordinals", 0) + 1
        now = server_time(self._database)
        told = {"ordinal": ordinal, "published": now, "withdrawal": plan}
        self._change({"$set": {**own, **told}})
        with driver_errors():
            flipped = self._datasets.update_one(
                {
                    "_id": self._dataset,
                    "loading": self.number,
                    "active": self._served["_id"],
                },
                {
                    "$set": {"active": self.number, "ordinals": ordinal},
                    "$currentDate": {"updated": True},
                },
            )
        if not flipped.matched_count:
            message = f"dataset {self._dataset} was changed meanwhile; try again"
            raise UsageError(message)
        return ordinal


def _numbers(database: Database[Document], count: int) -> list[int]:
    """Return numbers that nothing else has."""
    counter = database[COUNTERS].find_one_and_update(
        {"_id": RELEASES},
        {"$inc": {"last": count}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    last = cast("int", (counter or {})["last"])
    return list(range(last - count + 1, last + 1))


def _overlays(database: Database[Document], standing: Standing) -> list[Overlay]:
    """Return the overlay of each part that people leave."""
    numbers = _numbers(database, len(standing.parts))
    overlays = []
    for part, number in zip(standing.parts, numbers, strict=True):
        holders = [r for r in standing.releases if _holds(r, part)]
        rows = read_rows(holders[0]["parts"])
        ranks = sorted({rank for r in holders for rank in r["touched"]})
        assembly = holders[0]["assembly"]
        people, leaving = standing.parts[part]
        usual = usual_copies(database, assembly, part, ranks, leaving)
        leavers = (
            Leaver(person, people.column_of[person], copies)
            for person, copies in zip(leaving, usual, strict=True)
        )
        overlay = Overlay(
            part=next(p for p in rows.parts if p.number == part),
            number=number,
            leavers=tuple(leavers),
            assembly=assembly,
            ranks=tuple(ranks),
        )
        overlays.append(overlay)
    return overlays


def _holds(release: ReleaseDocument, part: int) -> bool:
    return any(held["number"] == part for held in release["parts"])


def _fold_document(overlay: Overlay) -> FoldDocument:
    return {
        "part": overlay.part.number,
        "overlay": overlay.number,
        "people": [leaver.person for leaver in overlay.leavers],
        "assembly": overlay.assembly,
        "ranks": list(overlay.ranks),
    }


def _leaving(document: ReleaseDocument, standing: Standing) -> set[str]:
    """Return the names of those who leave a release."""
    names: set[str] = set()
    for part in document["parts"]:
        if part["number"] in standing.parts:
            people, numbers = standing.parts[part["number"]]
            names |= {cast("str", people.names[number]) for number in numbers}
    return names


def _changed(
    document: ReleaseDocument, overlays: Sequence[Overlay], effect: Effect
) -> Document:
    """Return the fields of a release that an overlay changes."""
    return {
        "parts": _over(overlays, document["parts"]),
        "layout": _layout(document, overlays),
        "variants": document["variants"] - effect.lost,
    }


def _renewed(
    document: ReleaseDocument,
    standing: Standing,
    renewed: Callable[[Release, Collection[str]], Renewed],
) -> Document:
    """Return the fields of a release that say who is in it."""
    names = _leaving(document, standing)
    if not names:
        return {}
    options, fingerprint = renewed(read_release(document).release, names)
    fields: Document = {"options": json.dumps(options), "fingerprint": fingerprint}
    if document["sample_count"] is not None:
        fields["sample_count"] = document["sample_count"] - len(names)
    return fields


def _kinds_leaving(document: ReleaseDocument, standing: Standing) -> list[ColumnKind]:
    """Return what each of those who leave a release has in common with others."""
    kinds = read_layout(document["layout"]).kinds
    leaving: dict[str, ColumnKind] = {}
    for part in read_rows(document["parts"]).parts if kinds else ():
        if part.number in standing.parts:
            people, numbers = standing.parts[part.number]
            for number in numbers:
                column = part.first + people.column_of[number]
                leaving.setdefault(cast("str", people.names[number]), kinds[column])
    return list(leaving.values())


def _over(
    overlays: Iterable[Overlay], parts: Sequence[PartDocument]
) -> list[PartDocument]:
    """Return the parts of a release in their new states."""
    for overlay in overlays:
        parts = overlay.over(parts)
    return [*parts]


def _layout(document: ReleaseDocument, overlays: Sequence[Overlay]) -> LayoutDocument:
    """Return the layout of a release that people leave: no group is of nobody."""
    layout = read_layout(document["layout"])
    baseline = [*layout.baseline]
    firsts = {part.number: part.first for part in read_rows(document["parts"]).parts}
    for overlay in overlays:
        first = firsts.get(overlay.part.number)
        if first is not None:
            for leaver in overlay.leavers:
                baseline[first + leaver.column] -= FULL.an
    kinds = tuple(
        kind if an else (None,) * len(kind)
        for kind, an in zip(layout.kinds, baseline, strict=False)
    )
    if kinds:
        options = json.loads(document["options"])
        groups = grouped(kinds, options.get("groupBy", ()))
    else:
        total, *others = layout.groups
        groups = (total, *(g for g in others if any(baseline[c] for c in g.columns)))
    left = Layout(baseline=tuple(baseline), groups=groups, kinds=kinds)
    return layout_document(left)
