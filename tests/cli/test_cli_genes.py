"""``beacon load genes`` and questions by gene, as people type them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from commands import Command

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CLINVAR = SHARED / "sites" / "clinvar_pathogenic.6k.GRCh38.vcf.gz"
TABLE = (
    "symbol\thgnc_id\tchrom_37\tstart_37\tend_37\n"
    "NEAR1\tHGNC:5\t22\t50454000\t50454000\nFAR1\tHGNC:6\t22\t1\t9\n"
)
ALIASES = "alias\tkind\thgnc_id\tapproved_symbol\nclose\talias\tHGNC:5\tNEAR1\n"
VCF = (
    "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    "22\t50453998\t.\tGAG\tG\t.\t.\tAC=1;AN=4\n"
    "22\t50454000\t.\tG\tA\t.\t.\tAC=1;AN=4\n"
    "22\t50454001\t.\tC\tA\t.\t.\tAC=1;AN=4\n"
)


def _write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.fixture
def filled(empty_beacon: Command, tmp_path: Path) -> Command:
    """Give a beacon with three variants, two genes and an alias."""
    vcf = _write(tmp_path, "x.vcf", VCF)
    tables = (_write(tmp_path, "g.tsv", TABLE), _write(tmp_path, "a.tsv", ALIASES))
    given = ("--dataset", "d", "--assembly", "GRCh37")
    assert empty_beacon("load", "variants", vcf, *given).returncode == 0
    done = empty_beacon("load", "genes", *tables)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "genes: loaded"
    assert [line.split()[-1] for line in done.stdout.splitlines()[1:]] == list("211")
    return empty_beacon


def test_a_gene_is_asked_by_its_names(filled: Command) -> None:
    """What overlaps its interval is counted, and an alias is explained."""
    for name in ("NEAR1", "near1", "HGNC:5", "close"):
        done = filled("ask", name, "--json")
        said = json.loads(done.stdout)

        assert (done.returncode, said["normalised"]) == (0, "22:50454000-50454000")
        assert said["datasets"] == [{"id": "d", "status": "seen", "variants": 2}]
    assert said["warnings"] == ["close is an alias of NEAR1 (HGNC:5)."]
    assert filled("ask", "FAR1").returncode == 3


def test_what_is_no_gene_is_not_understood(filled: Command) -> None:
    """An unknown name is exit 2 with a sentence, never a "no"."""
    done = filled("ask", "NOBODY1")

    assert (done.returncode, done.stdout) == (2, "")
    assert "'NOBODY1' is no gene of the table" in done.stderr


def test_a_bad_table_changes_nothing(filled: Command, tmp_path: Path) -> None:
    """It is named with its line, and the genes loaded before stay."""
    bad = _write(tmp_path, "bad.tsv", TABLE + "X\tHGNC:7\t22\tx\t9\n")
    done = filled("load", "genes", bad)

    assert done.returncode == 1
    assert "bad.tsv:4: 'x' to '9' are no positions" in done.stderr
    assert filled("ask", "NEAR1").returncode == 0


def test_a_dry_run_stores_nothing(empty_beacon: Command, tmp_path: Path) -> None:
    """It reads and tells."""
    done = empty_beacon("load", "genes", _write(tmp_path, "g.tsv", TABLE), "--dry-run")
    asked = empty_beacon("ask", "NEAR1", "--assembly", "GRCh37")

    assert (done.returncode, done.stdout.split("\n")[0]) == (
        0,
        "genes: dry run, nothing stored",
    )
    assert (asked.returncode, "No genes are loaded here" in asked.stderr) == (2, True)


def test_another_beacon_is_asked_by_name(filled: Command) -> None:
    """A gene and an rsID are asked of another beacon as they were typed."""
    with filled.serving("serve", "--port", "0") as server:
        there = ("--url", server.url, "--assembly", "GRCh37")
        gene = filled("ask", "close", *there)
        rsid = filled("ask", "rs99", *there)

    assert gene.returncode == 0
    assert "2 variants" in gene.stdout
    assert "close is an alias of NEAR1 (HGNC:5)." in gene.stdout
    assert rsid.returncode == 5
    assert "rs99 is not among the rsIDs" in " ".join(rsid.stdout.split())


@pytest.mark.skipif(
    not CLINVAR.exists(), reason="the shared data directory is not there"
)
def test_real_genes_hold_what_the_truth_says(empty_beacon: Command) -> None:
    """The alleles of 140 genes are those counted on the source file."""
    truth = json.loads(Path(f"{CLINVAR}.genes.truth.json").read_text())
    genes = [SHARED / "reference" / f"{n}.tsv.gz" for n in ("genes", "gene_aliases")]
    given = ("--dataset", "clinvar", "--assembly", "GRCh38")
    assert empty_beacon("load", "variants", str(CLINVAR), *given).returncode == 0
    assert empty_beacon("load", "genes", *map(str, genes)).returncode == 0
    wanted = {g["symbol"]: g["n_alleles_overlapping"] for g in truth["genes"]}
    wanted |= {g["symbol"]: 0 for g in truth["genes_without"]}
    with empty_beacon.serving("serve", "--port", "0") as server:
        counted = {name: _count(server.url, name) for name in wanted}
        by_id = {
            g["symbol"]: _count(server.url, g[key])
            for key in ("hgnc_id", "ensembl")
            for g in truth["genes"]
        }

    assert len(wanted) == 140
    assert counted == wanted
    assert by_id == {g["symbol"]: wanted[g["symbol"]] for g in truth["genes"]}


def _count(url: str, gene: str) -> int:
    asked = {"geneId": gene, "assemblyId": "GRCh38", "requestedGranularity": "count"}
    with urlopen(f"{url}/api/g_variants?{urlencode(asked)}") as answer:  # noqa: S310 - our own server
        return json.load(answer)["responseSummary"]["numTotalResults"]
