"""Datasets of another assembly, asked by lifted questions on a real store."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from beacon.ingest import LoadRequest, load_variants
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.chains import Block, Chains
from beacon.model.counts import AlleleCounts
from beacon.model.errors import NotPermitted
from beacon.model.lifting import Lift, Lifting, NotLifted
from beacon.model.notation import parse
from beacon.model.outline import Outline
from beacon.model.pattern import VariantPattern
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Include, Query
from beacon.model.requester import ANONYMOUS, Requester
from beacon.model.status import Status
from beacon.policy.policy import OPEN, Policy
from beacon.policy.terms import Budget, DatasetTerms, Tier
from beacon.service import LocalBeacon
from beacon.service.guard import Guard
from beacon.service.lifting import LiftingBeacon
from beacon.store.accounts import Books
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from beacon.wire.batch import Members
from beacon.wire.responses import result_sets
from loaders import LoadOptions
from tests.policy_samples import PROFILES, tiered
from tests.speaking import SPEAKER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from beacon.model.disclosure import DatasetDisclosure, Disclosure
    from beacon.model.genome import Contig
    from beacon.model.wording import Wording
    from beacon.store.connection import StoreAddress

HEAD = (
    "##fileformat=VCFv4.3\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
)
LINES = {
    "old": ("GRCh37", "22\t20000001\t.\tA\tG\t50\tPASS\t.\tGT\t0/0\t0/1\n"),
    "new": (
        "GRCh38",
        "22\t30000001\trs7\tA\tG\t50\tPASS\t.\tGT\t1/1\t0/1\n"
        "22\t30000003\t.\tA\tC\t50\tPASS\t.\tGT\t0/0\t0/0\n",
    ),
    "newest": ("T2T-CHM13", "22\t1000\t.\tA\tG\t50\tPASS\t.\tGT\t1/1\t0/1\n"),
}
CHAINS = {
    ("GRCh37", "GRCh38"): Chains(
        "GRCh37",
        "GRCh38",
        [
            Block(22, 20_000_000, 20_000_100, 22, 30_000_000),
            Block(22, 20_001_000, 20_002_000, 22, 30_001_000),
            Block(22, 20_002_001, 20_003_000, 22, 30_002_000),
        ],
    )
}


class AllA:
    """A genome in which every base is A."""

    def bases(self, contig: Contig, start: int, end: int) -> str:
        """Return as many."""
        return "A" * (min(end, contig.length) - max(0, start))


@pytest.fixture(scope="module")
def address(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> StoreAddress:
    """Give a database of a dataset on each of three assemblies."""
    found = shared_address("lifting")
    folder = tmp_path_factory.mktemp("lifting")
    with Catalogue(found) as catalogue:
        for name, (assembly, lines) in LINES.items():
            path = folder / f"{name}.vcf"
            path.write_text(HEAD + lines)
            request = LoadRequest(
                dataset=name,
                paths=(path,),
                options=LoadOptions(assembly=assembly),
                references={},
            )
            load_variants(catalogue, request)
    return found


@pytest.fixture
async def store(address: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give the store of them."""
    opened = await VariantStore.open(address)
    yield opened
    await opened.close()


@pytest.fixture
def certain(store: VariantStore) -> LiftingBeacon:
    """Give a beacon that knows the bases of both assemblies."""
    held = {"GRCh37": AllA(), "GRCh38": AllA()}
    lifting = Lifting(chains=CHAINS, references=held)
    return LiftingBeacon(store, OPEN, references=held, deadline=5, lifting=lifting)


@pytest.fixture
def doubtful(store: VariantStore) -> LiftingBeacon:
    """Give a beacon that has a chain file and no reference."""
    lifting = Lifting(chains=CHAINS)
    return LiftingBeacon(store, OPEN, references={}, deadline=5, lifting=lifting)


def question(text: str, assembly: str = "GRCh37", **more: object) -> Query:
    """Return the question a text asks."""
    pattern = parse(text, assembly=assembly, loaded=(), references={})
    given: dict[str, object] = {"granularity": Granularity.COUNT} | more
    return Query(pattern=pattern, **given)  # type: ignore[arg-type]


def words(answer: Disclosure) -> dict[str, Status]:
    """Return the word each dataset said."""
    return {part.dataset: part.status for part in answer.datasets}


def part_of(answer: Disclosure, dataset: str) -> DatasetDisclosure:
    """Return what one dataset said."""
    return next(part for part in answer.datasets if part.dataset == dataset)


async def test_dataset_of_another_assembly_is_asked_lifted(
    certain: LiftingBeacon,
) -> None:
    """Its counts are told beside both forms of the question."""
    answer = await certain.answer(question("22-20000001-A-G"), ANONYMOUS)
    new = part_of(answer, "new")

    assert words(answer) == {"old": Status.SEEN, "new": Status.SEEN}
    assert new.counts == AlleleCounts(ac=3, an=4, hom=1, het=1, hemi=0)
    assert isinstance(new.lifted, Lift)
    assert new.lifted.asked == "GRCh37-22-20000001-A-G"
    assert new.lifted.lifted == "GRCh38-22-30000001-A-G"
    assert part_of(answer, "old").lifted is None
    assert answer.warnings == (
        "GRCh37-22-20000001-A-G was asked of datasets on GRCh38 as"
        " GRCh38-22-30000001-A-G.",
    )


async def test_no_of_a_certain_lift_is_a_no(certain: LiftingBeacon) -> None:
    """Where the same bases are asked for, not seen means not seen, with its AN."""
    answer = await certain.answer(question("22-20000003-A-C"), ANONYMOUS)

    assert words(answer) == {"old": Status.NOT_SEEN, "new": Status.NOT_SEEN}
    assert part_of(answer, "new").counts == AlleleCounts(
        ac=0, an=4, hom=0, het=0, hemi=0
    )


async def test_no_of_an_uncertain_lift_is_no_no(doubtful: LiftingBeacon) -> None:
    """Where bases could not be compared, such a dataset knows nothing of the place."""
    absent = await doubtful.answer(question("22-20000003-A-C"), ANONYMOUS)
    present = await doubtful.answer(question("22-20000001-A-G"), ANONYMOUS)
    part = part_of(absent, "new")

    assert words(absent) == {"old": Status.NOT_SEEN, "new": Status.NOT_COVERED}
    assert (part.counts, part.exists) == (None, False)
    assert any("No reference of GRCh38" in each for each in absent.warnings)
    assert part_of(present, "new").status is Status.SEEN


async def test_range_over_a_gap_is_never_a_no(certain: LiftingBeacon) -> None:
    """A range that the assemblies do not have alike says nothing where it is empty."""
    inside = await certain.answer(question("22:20001001-20002000"), ANONYMOUS)
    across = await certain.answer(question("22:20001001-20003000"), ANONYMOUS)

    assert words(inside)["new"] is Status.NOT_SEEN
    assert words(across)["new"] is Status.NOT_COVERED


async def test_range_of_other_bases_is_never_a_no(store: VariantStore) -> None:
    """One block is no proof: where the genomes differ, an empty range says nothing."""

    class OneOther(AllA):
        def bases(self, contig: Contig, start: int, end: int) -> str:
            found = super().bases(contig, start, end)
            at = 20_001_500 - start
            return found[:at] + "G" + found[at + 1 :] if 0 <= at < len(found) else found

    held = {"GRCh37": OneOther(), "GRCh38": AllA()}
    lifting = Lifting(chains=CHAINS, references=held)
    beacon = LiftingBeacon(store, OPEN, references=held, deadline=5, lifting=lifting)
    beside = await beacon.answer(question("22:20001001-20001500"), ANONYMOUS)
    over = await beacon.answer(question("22:20001001-20001501"), ANONYMOUS)
    (listed,) = await beacon.answer_many([question("22:20001001-20001501")], ANONYMOUS)

    assert words(beside)["new"] is Status.NOT_SEEN
    assert words(over)["new"] is Status.NOT_COVERED
    assert over == listed
    assert "GRCh37 and GRCh38 have other bases within it." in over.warnings


async def test_wide_ranges_are_compared_beside_the_loop(store: VariantStore) -> None:
    """Many bases are read in a thread, alone and in a list; few where one asks."""
    readers = set()

    class Watched(AllA):
        def bases(self, contig: Contig, start: int, end: int) -> str:
            readers.add(threading.get_ident())
            return super().bases(contig, start, end)

    held = {"GRCh37": Watched(), "GRCh38": Watched()}
    block = Block(22, 20_000_000, 21_000_000, 22, 30_000_000)
    chains = {("GRCh37", "GRCh38"): Chains("GRCh37", "GRCh38", [block])}
    lifting = Lifting(chains=chains, references=held)
    beacon = LiftingBeacon(store, OPEN, references={}, deadline=5, lifting=lifting)
    wide = question("22:20000501-20900000")
    alone = await beacon.answer(wide, ANONYMOUS)
    listed = await beacon.answer_many([wide, wide], ANONYMOUS)
    elsewhere = set(readers)
    await beacon.answer(question("22:20000501-20000600"), ANONYMOUS)

    assert words(alone)["new"] is Status.NOT_SEEN
    assert list(listed) == [alone, alone]
    assert threading.get_ident() not in elsewhere
    assert threading.get_ident() in readers


async def test_what_cannot_be_turned_is_not_asked(store: VariantStore) -> None:
    """A deletion that lies turned, of unknown bases, takes no other answer with it."""
    block = Block(22, 20_000_000, 20_000_100, 22, 30_000_000, is_reversed=True)
    chains = {("GRCh37", "GRCh38"): Chains("GRCh37", "GRCh38", [block])}
    lifting = Lifting(chains=chains)
    beacon = LiftingBeacon(store, OPEN, references={}, deadline=5, lifting=lifting)
    alone = await beacon.answer(
        question("22-20000051-ATC-A", datasets=("new",)), ANONYMOUS
    )

    assert words(alone) == {"new": Status.NOT_ASKED}
    assert "It lies on the reverse strand of GRCh38" in alone.warnings[0]


async def test_unanchored_deletion_is_doubted_and_no_error(
    doubtful: LiftingBeacon,
) -> None:
    """Where data may keep it elsewhere, such a dataset knows nothing of it."""
    pattern = VariantPattern(
        contig=ASSEMBLIES["GRCh37"].contigs[21],
        spellings=((20_000_050, "TC", ""),),
        is_provisional=True,
    )
    query = Query(pattern=pattern, datasets=("new",), granularity=Granularity.COUNT)
    said = await doubtful.answer(query, ANONYMOUS)

    assert words(said) == {"new": Status.NOT_COVERED}
    assert any("No reference of GRCh38" in each for each in said.warnings)


async def test_what_cannot_be_lifted_is_not_asked(certain: LiftingBeacon) -> None:
    """A dataset that cannot be asked has its word, and the reason is told."""
    answer = await certain.answer(question("22-20000500-A-G"), ANONYMOUS)
    part = part_of(answer, "new")

    assert words(answer) == {"old": Status.NOT_SEEN, "new": Status.NOT_ASKED}
    assert part.lifted == NotLifted(why="GRCh37 22:20000500 is not in GRCh38.")
    assert answer.warnings == ("GRCh37 22:20000500 is not in GRCh38.",)


async def test_only_where_chains_lead_is_asked(certain: LiftingBeacon) -> None:
    """Nothing is lifted against the chain's direction, or to a third assembly."""
    back = await certain.answer(question("22-30000001-A-G", "GRCh38"), ANONYMOUS)
    chosen = await certain.answer(
        question("22-20000001-A-G", datasets=("new",)), ANONYMOUS
    )

    assert words(back) == {"new": Status.SEEN}
    assert words(chosen) == {"new": Status.SEEN}


async def test_rsid_is_asked_of_both(certain: LiftingBeacon) -> None:
    """A name that one dataset knows on its own assembly is answered by that one."""
    query = question("rs7", datasets=("new",))
    answer = await certain.answer(query, ANONYMOUS)

    assert words(answer) == {"new": Status.SEEN}
    assert [named.allele.contig.assembly for named in answer.alleles] == ["GRCh38"]


async def test_what_two_assemblies_hold_is_never_added_up(
    certain: LiftingBeacon,
) -> None:
    """A dataset may be there on both: the most of one assembly are there at least."""
    query = question("22:20000001-20000010", include=Include.ALL)
    answer = await certain.answer(query, ANONYMOUS)
    said = result_sets(query, answer, SPEAKER)
    one = question("22:20000001-20000010", datasets=("new",), include=Include.ALL)
    alone = await certain.answer(one, ANONYMOUS)
    boolean = replace(query, granularity=Granularity.BOOLEAN)
    yes = result_sets(boolean, await certain.answer(boolean, ANONYMOUS), SPEAKER)

    assert [part.total for part in answer.datasets if part.exists] == [1, 1]
    assert (answer.total, answer.is_bound) == (1, True)
    assert said["responseSummary"] == {
        "exists": True,
        "numTotalResults": 1,
        "countPrecision": "imprecise",
    }
    assert "at least" in said["info"]["warnings"][-1]
    assert (alone.total, alone.is_bound) == (1, False)
    assert "at least" not in str(yes["info"])


async def test_unknown_name_elsewhere_spoils_no_answer(store: VariantStore) -> None:
    """A name that only the assembly asked knows is answered by what knows it."""
    chains = {
        ("GRCh38", "GRCh37"): Chains(
            "GRCh38", "GRCh37", [Block(22, 30_000_000, 30_000_100, 22, 20_000_000)]
        )
    }
    beacon = LiftingBeacon(
        store,
        OPEN,
        references={},
        deadline=5,
        lifting=Lifting(chains=chains),
    )
    both = await beacon.answer(question("rs7", "GRCh38"), ANONYMOUS)
    alone = await beacon.answer(question("rs7", "GRCh38", datasets=("old",)), ANONYMOUS)

    assert words(both) == {"new": Status.SEEN, "old": Status.NOT_COVERED}
    assert words(alone) == {"old": Status.NO_ANSWER}


async def test_many_are_answered_as_one(certain: LiftingBeacon) -> None:
    """Lists, plain outlines and words of a batch say what single questions say."""
    texts = ["22-20000001-A-G", "22-20000003-A-C", "22-20000500-A-G"]
    queries = [question(text) for text in texts]
    alone = [await certain.answer(query, ANONYMOUS) for query in queries]
    together = await certain.answer_many(queries, ANONYMOUS)
    outline = Outline(queries[0], None)
    spelled = [outline.spelled(20_000_000, "A", "G"), outline.spelled(20_000_002, "A", "C")]  # fmt: skip # noqa: E501
    alike = [await certain.answer_alike(outline, one, ANONYMOUS) for one in spelled]
    wording: Wording[object, bytes] = Members()  # type: ignore[assignment]
    told = await certain.answer_alleles(
        [(outline, one) for one in spelled], ANONYMOUS, wording
    )

    assert alone == list(together)
    assert alone[:2] == alike
    assert isinstance(told[0], bytes)
    assert b'"lifted":"GRCh38-22-30000001-A-G"' in told[0]


@pytest.mark.parametrize("text", ["rs7", "22:20001001-20002000"])
async def test_lists_ask_each_dataset_once(certain: LiftingBeacon, text: str) -> None:
    """Names and ranges of a list, asked one by one, are not lifted a second time."""
    alone = await certain.answer(question(text), ANONYMOUS)
    told = await certain.answer_many([question(text), question(text)], ANONYMOUS)

    assert len(alone.datasets) == len(words(alone))
    assert list(told) == [alone, alone]


async def test_lifted_allele_is_counted_once(
    store: VariantStore, store_address: StoreAddress
) -> None:
    """One variant asked about on two assemblies is one of a budget; two are two."""
    tier = Tier(
        name="public",
        granularity=Granularity.COUNT,
        queries=frozenset({"allele"}),
        budget=Budget(scope="client_net", per_day=4),
    )
    exact = {"public": Profile(name="exact")}
    terms = {name: DatasetTerms(id=name, access=exact) for name in ("old", "new")}
    policy = Policy(tiers=(tier,), datasets=terms)
    books = await Books.open(store_address, b"k" * 32, patience=30.0)
    beacon = LiftingBeacon(
        store,
        policy,
        references={},
        deadline=5,
        guard=Guard(policy, books, store),
        lifting=Lifting(chains=CHAINS),
    )
    somebody = Requester(network="192.0.2.0/24")

    async def left() -> int:
        return (await beacon.allowance(somebody)).rooms[0].left

    one = await beacon.answer(question("22-20000001-A-G"), somebody)
    after_one = await left()
    await beacon.answer_many(
        [question("22-20000001-A-G"), question("22-20000003-A-C")], somebody
    )
    after_two = await left()
    await beacon.answer(question("22-30000001-A-G", "GRCh38"), somebody)
    after_three = await left()
    books.close()

    assert words(one) == {"old": Status.SEEN, "new": Status.SEEN}
    assert (after_one, after_two, after_three) == (3, 2, 1)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("text", ["22-20000001-A-G", "22-20000003-A-C"])
async def test_policy_says_the_same_of_a_lifted_question(
    store: VariantStore, profile: Profile, text: str
) -> None:
    """Whatever a profile hides or rounds of a question, it does of a lifted one."""
    held = {"GRCh37": AllA(), "GRCh38": AllA()}
    policy = tiered(Granularity.COUNT, {"new": profile}, queries=frozenset({"allele"}))
    beacon = LiftingBeacon(
        store,
        policy,
        references=held,
        deadline=5,
        lifting=Lifting(chains=CHAINS, references=held),
    )
    lifted = await beacon.answer(question(text), ANONYMOUS)
    typed = text.replace("22-2", "22-3")
    direct = await beacon.answer(question(typed, "GRCh38"), ANONYMOUS)

    assert lifted.datasets
    assert all(isinstance(part.lifted, Lift) for part in lifted.datasets)
    assert direct.datasets == tuple(
        replace(part, lifted=None) for part in lifted.datasets
    )


async def test_what_may_not_be_asked_may_not_be_asked_lifted(
    store: VariantStore,
) -> None:
    """A range is refused lifted where it is refused typed; unseen data stays unseen."""
    policy = tiered(
        Granularity.COUNT, {"new": PROFILES[0]}, queries=frozenset({"allele"})
    )
    beacon = LiftingBeacon(
        store,
        policy,
        references={},
        deadline=5,
        lifting=Lifting(chains=CHAINS),
    )
    seen = await beacon.answer(question("22-20000001-A-G"), ANONYMOUS)

    assert words(seen) == {"new": Status.SEEN}
    with pytest.raises(NotPermitted):
        await beacon.answer(question("22:20000001-20000050"), ANONYMOUS)
    (told,) = await beacon.answer_many([question("22:20000001-20000050")], ANONYMOUS)
    assert isinstance(told, NotPermitted)


async def test_without_chains_nothing_changes(store: VariantStore) -> None:
    """A beacon whose chains lead nowhere says exactly what one without says."""
    plain = LocalBeacon(store, OPEN, references={}, deadline=5)
    lifting = LiftingBeacon(store, OPEN, references={}, deadline=5, lifting=Lifting())
    query = question("22-20000001-A-G")

    assert await lifting.answer(query, ANONYMOUS) == await plain.answer(
        query, ANONYMOUS
    )


def test_contigs_of_the_chains_are_what_they_are() -> None:
    """The blocks above are on chromosome 22 of both."""
    assert ASSEMBLIES["GRCh38"].contigs[21].name == "22"
