"""A load is whole or nothing, and the same files change nothing."""

import asyncio
import json
import random
import subprocess
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from pymongo import MongoClient

from beacon.ingest import LoadRequest, load_variants, try_variants
from beacon.model.counts import group_counts
from beacon.model.dataset import CoverageKind
from beacon.model.errors import LoadRejected, StoreUnavailable
from beacon.model.genome import Contig
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.store.people import read_people
from loaders import LoadOptions
from loaders.mapping import read_choice
from loaders.presets import PRESETS
from tests.cli.forking import running

DEMO = Path(__file__).resolve().parents[2] / "beacon/data/demo"
FIVE = DEMO / "1kg_p3.chr22.5samples.GRCh37.vcf.gz"
KILLS = 20
CARRIED = (50300077, "A", "G")
"""Start, REF and ALT of an allele that the five people carry."""


def request(*paths: Path, dataset: str = "five", **options) -> LoadRequest:
    """Return a request to load files on GRCh37."""
    return LoadRequest(
        dataset=dataset,
        paths=paths,
        options=LoadOptions(**{"assembly": "GRCh37", **options}),
        references={},
    )


@pytest.fixture
def changed(tmp_path):
    """A file that says something else than the bundled one."""
    path = tmp_path / "changed.vcf"
    path.write_text(
        "##fileformat=VCFv4.2\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n"
        "22\t50300078\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n"
    )
    return path


async def asked(variant_store, contig: Contig, spelling=CARRIED):
    """Return what the dataset answers to one allele."""
    query = Query(
        pattern=VariantPattern(contig=contig, spellings=(spelling,)),
        granularity=Granularity.RECORD,
    )
    found = await variant_store.find(query, {"five": Granularity.RECORD})
    return found.datasets[0]


@pytest.fixture
def chr22():
    """The contig of the bundled file."""
    return Contig(
        assembly="GRCh37",
        name="22",
        rank=22,
        length=51304566,
        refseq="NC_000022.10",
        genbank="CM000684.1",
    )


async def test_a_load_is_served(catalogue, variant_store, chr22):
    """What was loaded is what is answered, with its release and report."""
    outcome = load_variants(catalogue, request(FIVE))
    found = await asked(variant_store, chr22)

    assert outcome.is_new
    assert outcome.release is not None
    assert outcome.release.sample_count == 5
    assert outcome.release.contigs == {"22"}
    assert outcome.release.inputs[0].name == FIVE.name
    assert found.status == Status.SEEN
    assert sum(c.ac for c in found.variants[0].tally.carriers) == 1


def test_same_files_change_nothing(catalogue):
    """Loading the same files again publishes nothing, in whatever order."""
    first = load_variants(catalogue, request(FIVE, DEMO / "ds-open.GRCh37.vcf.gz"))
    before = catalogue.dataset("five")
    again = load_variants(catalogue, request(DEMO / "ds-open.GRCh37.vcf.gz", FIVE))

    assert not again.is_new
    assert first.release == again.release
    assert before == catalogue.dataset("five")


def test_other_regions_make_a_release(catalogue, tmp_path):
    """Regions are part of what a release says, and the same ones change nothing."""
    first, second = tmp_path / "a.bed", tmp_path / "b.bed"
    first.write_text("22\t0\t100\n")
    second.write_text("22\t0\t101\n")
    load_variants(catalogue, request(FIVE))
    told = [
        load_variants(catalogue, request(FIVE, callable_regions=path)).is_new
        for path in (first, first, second)
    ]

    assert told == [True, False, True]
    assert catalogue.dataset("five").release.coverage == CoverageKind.REGIONS


@pytest.mark.parametrize(
    "options", [{"keep_filtered": True}, {"group_by": ()}, {"max_bad": 0.5}]
)
def test_options_that_change_counts_make_a_release(catalogue, options):
    """Other options are another release exactly when they can change a count."""
    load_variants(catalogue, request(FIVE))
    again = load_variants(catalogue, request(FIVE, **options))

    assert ("keep_filtered" in options) == again.is_new


@pytest.fixture
def frequencies(tmp_path):
    """A sites-only file with counts of one country."""
    path = tmp_path / "frequencies.vcf"
    names = ("AC", "AN", "AC_SE", "AN_SE")
    fields = (f'##INFO=<ID={n},Number=.,Type=Integer,Description="x">' for n in names)
    head = ["##fileformat=VCFv4.2", *fields, "#CHROM\tPOS\tID\tREF\tALT\tQUAL"]
    rows = [
        "22\t50300078\t.\tA\tG\t.\tPASS\tAC=5;AN=50;AC_SE=3;AN_SE=20",
        "22\t50300079\t.\tA\tG\t.\tPASS\tAC=5;AN=50;AC_SE=.;AN_SE=20",
    ]
    path.write_text("\n".join(head) + "\tFILTER\tINFO\n" + "\n".join(rows) + "\n")
    return path


async def test_declared_groups_are_served(catalogue, variant_store, chr22, frequencies):
    """Every group a source declares comes back from the store as it was told."""
    choice = read_choice("goe", PRESETS)
    release = load_variants(catalogue, request(frequencies, info_counts=choice)).release
    told, untold = [
        (await asked(variant_store, chr22, (start, "A", "G"))).variants[0].tally
        for start in (50300077, 50300078)
    ]
    total, sweden = release.layout.groups

    assert ("Total", "SE") == (total.label, sweden.label)
    assert (5, 50) == _copies(told, total)
    assert (3, 20) == _copies(told, sweden)
    assert (5, 50) == _copies(untold, total)
    assert (None, None) == _copies(untold, sweden)


def _copies(tally, group):
    counts = group_counts(tally, group)
    return counts.ac, counts.an


@pytest.mark.parametrize(
    ("path", "is_another"), [("frequencies", True), (FIVE, False)], ids=str
)
def test_the_mapping_of_counts_makes_a_release(
    catalogue, frequencies, path, is_another
):
    """Counting other INFO fields is another release, except where genotypes count."""
    file = frequencies if path == "frequencies" else path
    load_variants(catalogue, request(file))
    choice = read_choice("goe", PRESETS)
    again = load_variants(catalogue, request(file, info_counts=choice))

    assert is_another == again.is_new
    assert not load_variants(catalogue, request(file, info_counts=choice)).is_new


def test_changed_files_make_a_release(catalogue, changed):
    """Other files are a new release; the old one stays, and can be had back."""
    first = load_variants(catalogue, request(FIVE)).release
    load_variants(catalogue, request(changed))

    assert [1, 2] == [r.ordinal for r in catalogue.releases("five")]
    assert first == catalogue.rollback("five")


def test_a_rejected_file_leaves_nothing(catalogue, store_address, tmp_path):
    """A file that is rejected at its end leaves no document, and the old release."""
    load_variants(catalogue, request(FIVE))
    before = catalogue.dataset("five")
    cut = tmp_path / "cut.vcf.gz"
    cut.write_bytes(FIVE.read_bytes()[:-4000])

    with pytest.raises(LoadRejected):
        load_variants(catalogue, request(cut))
    assert before == catalogue.dataset("five")
    assert unpublished(store_address) == 0


def test_a_dry_run_stores_nothing(catalogue):
    """A dry run reads everything and stores nothing."""
    outcome = try_variants(request(FIVE))

    assert outcome.report is not None
    assert outcome.report.stored["alleles"] == 10_376
    assert catalogue.datasets() == ()


def unpublished(address) -> int:
    """Count the documents that hold counts of a release no dataset can serve."""
    with MongoClient(address.uri) as client:
        database = client[address.database]
        served = {str(r["_id"]) for r in database.releases.find({"state": "ready"})}
        names = [n for n in database.list_collection_names() if n.endswith("GRCh37")]
        return sum(
            _is_unpublished(document, served)
            for name in names
            for document in database[name].find({}, {"d": 1, "v": 1, "b": 1})
        )


def _is_unpublished(document, served: set[str]) -> bool:
    """Rows hold counts by release; all else names its one release."""
    if "v" in document:
        return str(document["v"]) not in served
    if "b" in document:  # carriers are named by bytes, bins of alleles by numbers
        key = document["_id"]
        is_carriers = isinstance(key, bytes)
        return str(int.from_bytes(key[:4]) if is_carriers else key >> 8) not in served
    return bool(document["d"].keys() - served) or not document["d"]


LOADER = """
import sys
from pathlib import Path
from beacon.ingest import LoadRequest, load_variants
from beacon.store.connection import StoreAddress
from beacon.store.releases import Catalogue
from loaders import LoadOptions
from loaders.mapping import read_choice
from loaders.presets import PRESETS
from tests.cli.forking import running

uri, database, path = sys.argv[1:]
address = StoreAddress(uri=uri, database=database, is_embedded=True, description="")
with Catalogue(address) as catalogue:
    print("begun", flush=True)
    load_variants(catalogue, LoadRequest(
        dataset="five", paths=(Path(path),), references={},
        options=LoadOptions(assembly="GRCh37", keep_filtered=True),
    ))
"""


def load_and_kill(address, seconds: float, path: Path = FIVE) -> None:
    """Load in a process of its own and kill it ``seconds`` after it has begun."""
    with running(LOADER, address.uri, address.database, str(path)) as load:
        load.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            load.wait(seconds)


async def test_killed_loads_are_invisible_and_swept(
    catalogue, store_address, variant_store, chr22
):
    """SIGKILL anywhere in a load: the old release answers, the next load is clean."""
    served = load_variants(catalogue, request(FIVE)).release
    expected = await asked(variant_store, chr22)
    moment = random.Random(1)  # noqa: S311 - the same moments every time
    for _ in range(KILLS):
        await asyncio.to_thread(load_and_kill, store_address, moment.uniform(0, 1.5))
        assert (await asked(variant_store, chr22)).variants == expected.variants
        if (now := catalogue.dataset("five").release) != served:
            # It was faster than the kill: take its release away for the next try.
            catalogue.rollback("five")
            catalogue.remove("five", now.ordinal)
    last = load_variants(catalogue, request(FIVE, keep_filtered=True))

    assert last.is_new
    assert unpublished(store_address) == 0
    assert replace(served, dataset="five") in catalogue.releases("five")


@pytest.fixture
def blocks(tmp_path):
    """A gVCF whose blocks and gaps fill thousands of bins."""
    head = (
        "##fileformat=VCFv4.2\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n"
    )
    starts = range(20_000_000, 50_000_000, 2_000)
    body = "".join(
        f"22\t{s}\t.\tA\t<NON_REF>\t.\t.\tEND={s + 1500}\tGT\t0/0\n" for s in starts
    )
    path = tmp_path / "blocks.g.vcf"
    path.write_text(head + body)
    return path


async def test_killed_loads_leave_no_coverage(
    catalogue, store_address, variant_store, chr22, blocks
):
    """SIGKILL among the bins: the old coverage answers, the next load is clean."""
    load_variants(catalogue, request(FIVE))
    place = (20_000_010, "A", "G")
    expected = await asked(variant_store, chr22, place)
    moment = random.Random(2)  # noqa: S311 - the same moments every time
    for _ in range(5):
        seconds = moment.uniform(0.1, 1.5)
        await asyncio.to_thread(load_and_kill, store_address, seconds, blocks)
        now = catalogue.dataset("five").release
        if now.coverage is None:
            assert (await asked(variant_store, chr22, place)).place == expected.place
        else:
            catalogue.rollback("five")
            catalogue.remove("five", now.ordinal)
            await asyncio.sleep(1.1)  # until the reader's pointer is stale
    load_variants(catalogue, request(blocks))
    await asyncio.sleep(1.1)

    assert unpublished(store_address) == 0
    assert (await asked(variant_store, chr22, place)).place.an == 2
    assert (await asked(variant_store, chr22, (20_001_900, "A", "G"))).status == (
        Status.NOT_COVERED
    )


async def test_a_release_of_another_version_is_a_sentence(
    catalogue, store_address, variant_store
):
    """Data kept in another form is no answer, and loading again replaces it."""
    load_variants(catalogue, request(FIVE))
    with MongoClient(store_address.uri) as client:
        client[store_address.database].releases.update_many(
            {}, {"$unset": {"format": 1}}
        )

    with pytest.raises(StoreUnavailable, match="another version"):
        await variant_store.datasets()
    assert load_variants(catalogue, request(FIVE)).is_new
    assert len(await variant_store.datasets()) == 1


@pytest.fixture
def trio(tmp_path):
    """A file of three people."""
    path = tmp_path / "trio.vcf"
    path.write_text(
        "##fileformat=VCFv4.2\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
        "22\t50300078\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\t0/0\t1/1\n"
    )
    return path


def _people_kept(store_address, release):
    with MongoClient(store_address.uri) as client:
        return read_people(client[store_address.database], release.number)


@pytest.mark.usefixtures("hurried")
def test_people_are_kept_until_their_release_goes(catalogue, store_address, trio):
    """A load keeps who is behind its counts, and they go with it."""
    first = load_variants(catalogue, request(trio)).release
    kept = _people_kept(store_address, first)
    second = load_variants(catalogue, request(trio, keeps_people=False))

    assert first.keeps_people
    assert ("A", "B", "C") == kept.names
    assert kept.names == tuple(name for (name,) in kept.samples)
    assert second.is_new
    assert not second.release.keeps_people
    assert second.release.options["countsOnly"]
    assert first.layout == second.release.layout
    assert _people_kept(store_address, second.release) is None

    catalogue.remove("five", 1)

    assert _people_kept(store_address, first) is None


def test_sites_keep_nobody(catalogue, store_address, frequencies):
    """Without genotypes there is nobody, and asking for counts alone is no news."""
    release = load_variants(catalogue, request(frequencies)).release
    again = load_variants(catalogue, request(frequencies, keeps_people=False))

    assert not release.keeps_people
    assert not again.is_new
    assert _people_kept(store_address, release) is None


def test_who_is_left_out_makes_another_release(catalogue, store_address, trio):
    """Who withdrew is told by a digest alone, and only who is in the files counts."""
    load_variants(catalogue, request(trio, excluded=frozenset(["else"])))
    gone = "A"
    told = [
        load_variants(catalogue, request(trio, excluded=frozenset(names)))
        for names in ([gone], [gone, "else"], [])
    ]

    assert [True, False, True] == [outcome.is_new for outcome in told]
    assert 2 == told[0].release.sample_count
    assert (4,) == told[0].release.layout.baseline
    assert [sha256(gone.encode()).hexdigest()] == told[0].release.options["without"]
    assert "withdrawn" in json.dumps(told[0].as_dict())
    assert gone not in _people_kept(store_address, told[0].release).names
