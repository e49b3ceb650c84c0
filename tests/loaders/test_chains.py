"""Chain files: read as two other programs read them, and refused when damaged."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liftover import ChainFile
from pyliftover import LiftOver

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import UsageError
from loaders.chains import read_chains

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.chains import Chains

HERE, THERE = ASSEMBLIES["GRCh37"], ASSEMBLIES["GRCh38"]
CHR22, TO22 = HERE.contigs[21], THERE.contigs[21]
CHR21 = THERE.contigs[20]


def chain(
    blocks: list[tuple[int, int, int]],
    *,
    here: int = 1000,
    there: int = 2000,
    strand: str = "+",
    onto: str = "chr22",
    size: int = TO22.length,
) -> str:
    """Return a chain of blocks: each its size, and the gaps behind it."""
    *inner, (last, _, _) = blocks
    end_here = here + last + sum(s + a for s, a, _ in inner)
    end_there = there + last + sum(s + b for s, _, b in inner)
    head = f"chain 1000 chr22 {CHR22.length} + {here} {end_here}"
    lines = [f"{head} {onto} {size} {strand} {there} {end_there} 1"]
    lines += [f"{s}\t{a}\t{b}" for s, a, b in inner]
    return "\n".join([*lines, str(last)]) + "\n\n"


def read(folder: Path, text: str) -> Chains:
    """Read the chains of a text."""
    path = folder / "a.chain"
    path.write_text(text)
    return read_chains(path, "GRCh37", "GRCh38")


def places(chains: Chains, at: int) -> set[tuple[str, int, str]]:
    """Return where a base of chr22 lies, by our reading."""
    found = set()
    for block in chains.touching(CHR22, at, at + 1, 100):
        onto = chains.contig_of(block)
        start, _ = block.image(at, at + 1)
        found.add((f"chr{onto.name}" if onto else "?", start, "+-"[block.is_reversed]))
    return found


@st.composite
def files(draw: st.DrawFn) -> str:
    """Draw a file of a few chains, apart from each other or not."""
    sizes = st.integers(1, 30)
    blocks = st.lists(
        st.tuples(sizes, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5
    )
    return "".join(
        chain(
            draw(blocks),
            here=draw(st.integers(0, 300)),
            there=draw(st.integers(0, 300)),
            strand=draw(st.sampled_from("+-")),
        )
        for _ in range(draw(st.integers(1, 4)))
    )


@settings(max_examples=60, deadline=None)
@given(text=files())
def test_places_are_those_of_other_readers(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Every base lies where ``liftover`` and ``pyliftover`` say it does."""
    path = tmp_path_factory.mktemp("chains") / "a.chain"
    path.write_text(text)
    ours = read_chains(path, "GRCh37", "GRCh38")
    other, third = ChainFile(str(path), one_based=False), LiftOver(str(path))
    for at in range(0, 520, 3):
        found = places(ours, at)

        assert found == set(other["chr22"][at])
        assert found == {each[:3] for each in third.convert_coordinate("chr22", at)}


def test_gzipped_file_is_read_alike(tmp_path: Path) -> None:
    """A gzipped file gives the same chains as a plain one."""
    text = chain([(10, 2, 0), (5, 0, 0)])
    packed = tmp_path / "a.chain.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    ours = read_chains(packed, "GRCh37", "GRCh38")

    assert places(ours, 1013) == places(read(tmp_path, text), 1013)
    assert places(ours, 1013) == {("chr22", 2011, "+")}


def test_scaffolds_are_elsewhere(tmp_path: Path) -> None:
    """A sequence of no table is a target nobody can ask, and no source."""
    ours = read(
        tmp_path, chain([(10, 0, 0)], onto="chr22_KI270731v1_random", size=2500)
    )

    assert places(ours, 1005) == {("?", 2005, "+")}


def test_same_mitochondrion_is_its_own_image(tmp_path: Path) -> None:
    """GRCh37 and GRCh38 share a mitochondrion, whatever a chain of hg19 says."""
    foreign = (
        "chain 1 chrM 16571 + 0 100 chrM 16569 + 0 100 9\n100\n\n"
        "chain 1 chrM 16569 + 0 100 chrM 16569 + 50 150 9\n100\n\n"
    )
    ours = read(tmp_path, chain([(10, 0, 0)]) + foreign)
    (block,) = ours.touching(HERE.contigs[24], 3242, 3243, 10)

    assert block.image(3242, 3243) == (3242, 3243)
    assert ours.contig_of(block) == THERE.contigs[24]


def test_two_places_leading_to_one_are_counted(tmp_path: Path) -> None:
    """A place that two chains lead to is known to be no one's own."""
    text = chain([(10, 0, 0)]) + chain([(10, 0, 0)], here=5000, there=2005)
    ours = read(tmp_path, text)

    assert not ours.is_shared(22, 2000, 2005)
    assert ours.is_shared(22, 2000, 2006)
    assert ours.is_shared(22, 2006, 2007)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no chain in it"),
        ("##fileformat=VCFv4.2\n22\t1\n", "this is no chain file"),
        ("chain 1 chr22\n5\n", "chain 'chain 1 chr22'"),
        (chain([(10, 0, 0)]).replace(" 1010 ", " 1011 "), "do not match"),
        (chain([(10, 2, 0), (5, 0, 0)]).rsplit("\n", 3)[0], "chain 'chain 1000 chr22"),
        (chain([(10, 0, 0)], size=50_000), "chr22 has 50000 bases, GRCh38 has"),
        (
            chain([(10, 0, 0)]).replace(str(CHR22.length), "50818468"),
            "is it a file of other genomes",
        ),
        (chain([(10, 0, 0)]).replace("10\n\n", "ten\n\n"), "ten"),
        ("chain 1 chr22 \xff\n", "chain"),
        (chain([(10, 0, 0)], here=CHR22.length - 9), "within both sequences"),
        (chain([(10, 0, 0)], there=TO22.length - 9), "within both sequences"),
        (chain([(10, 0, 0)], there=TO22.length - 9, strand="-"), "both sequences"),
        (chain([(10, 0, 0)], onto="chrUn_x", size=2009), "within both sequences"),
        (chain([(10, -20, 0), (5, 0, 0)], here=5), "within both sequences"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """What is no whole chain file of these genomes is refused in one sentence."""
    with pytest.raises(UsageError, match=sentence):
        read(tmp_path, text)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    """A file that is not there, or gzip that ends early, is named."""
    cut = tmp_path / "cut.chain.gz"
    cut.write_bytes(gzip.compress(chain([(10, 0, 0)] * 500).encode())[:-20])
    with pytest.raises(UsageError, match="cannot be read"):
        read_chains(cut, "GRCh37", "GRCh38")
    with pytest.raises(UsageError, match=r"cannot be read \(No such file"):
        read_chains(tmp_path / "none", "GRCh37", "GRCh38")
