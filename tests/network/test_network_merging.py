"""Answers made one: each dataset once, and no sum that may count people twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure
from beacon.model.lifting import Lift
from beacon.model.nodes import Node, NodeAnswer, NodeDataset, NodeKind, People, Reason
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.network.merging import merged
from beacon.network.peers import Directory, Peer
from beacon.wire.network import network_answer
from tests.speaking import SPEAKER

HERE = Node(id="se", names={"en": "Sweden"}, kind=NodeKind.HERE)
DK = Node(id="dk", names={"en": "Denmark"})
EU = Node(id="eu", names={"en": "Europe"}, kind=NodeKind.NETWORK)


def counts(het: int, hom: int = 0, an: int = 1000) -> AlleleCounts:
    """Return the counts of so many carriers."""
    return AlleleCounts(ac=het + 2 * hom, an=an, hom=hom, het=het, hemi=0)


def row(
    beacon: str,
    dataset: str,
    said: AlleleCounts | None = None,
    *,
    status: Status = Status.SEEN,
    adjusted_to: int | None = None,
    **more: object,
) -> NodeDataset:
    """Return what is said of one dataset."""
    part = DatasetDisclosure(
        dataset=dataset,
        name=dataset,
        status=status,
        granularity=Granularity.COUNT,
        exists=status is Status.SEEN,
        counts=said,
        adjusted_to=adjusted_to,
    )
    return NodeDataset(
        **{"assembly": "GRCh38", "kind": "patients", **more}, beacon=beacon, part=part
    )


def told(node: Node, *rows: NodeDataset, status: Status = Status.SEEN) -> NodeAnswer:
    """Return what a node says."""
    return NodeAnswer(node=node, status=status, datasets=rows)


def directory(**of_denmark: object) -> Directory:
    """Return a network of Sweden, Denmark and Europe."""
    dk = Peer(node=DK, url="https://dk", **of_denmark)
    return Directory(here=HERE, peers=(dk, Peer(node=EU, url="https://eu")))


def test_f08_rows_come_in_the_order_of_the_configuration():
    """Whoever answered first."""
    said = merged(
        directory(),
        [
            told(EU, row("eu", "c")),
            told(DK, row("dk", "b")),
            told(HERE, row("se", "a")),
        ],
    )

    assert [n.node.id for n in said.nodes] == ["se", "dk", "eu"]
    assert [r.identity for r in said.rows] == ["se/a", "dk/b", "eu/c"]


def test_f08_the_shortest_way_tells_and_a_contradiction_is_named():
    """Directly beats by way of a network; that they differ is said."""
    direct = row("dk", "wgs", counts(2), via=("dk",))
    around = row("dk", "wgs", counts(3), via=("eu", "dk"))
    less = row("dk", "wgs", status=Status.NOT_SEEN)
    unknown = row("dk", "wgs", status=Status.NOT_COVERED, via=("eu", "dk"))
    same = merged(directory(), [told(EU, around), told(DK, direct)])
    said = merged(directory(), [told(EU, unknown), told(DK, less)])

    assert [r.part.counts.ac for r in same.rows] == [2]
    assert same.warnings == ()
    assert [r.part.status for r in said.rows] == [Status.NOT_SEEN]
    assert len(said.warnings) == 1
    assert "dk/wgs" in said.warnings[0]


@pytest.mark.parametrize(
    "word", [Status.NOT_SEEN, Status.WITHHELD, Status.NOT_COVERED, Status.NO_ANSWER]
)
def test_f08_a_yes_is_shown_however_far_it_was_told(word):
    """Nobody's other word hides it; a contradiction is named, a failure is none."""
    direct = row("dk", "wgs", status=word)
    around = row("dk", "wgs", counts(3), via=("eu", "dk"))
    said = merged(directory(), [told(EU, around), told(DK, direct, status=word)])

    assert [r.part.status for r in said.rows] == [Status.SEEN]
    assert said.exists is True
    assert len(said.warnings) == (word is not Status.NO_ANSWER)


@pytest.mark.parametrize("word", [Status.NOT_SEEN, Status.WITHHELD])
def test_f08_nobody_else_tells_of_our_own_datasets(word):
    """Nor of one that we do not have, or do not name; unless we fail ourselves."""
    mine = told(HERE, row("se", "a", status=word), status=word)
    lies = told(EU, row("se", "a", counts(9)), row("se", "b", counts(9)))
    more = replace(lies, datasets=(*lies.datasets, row("eu", "x", status=word)))
    failed = NodeAnswer(node=HERE, status=Status.NO_ANSWER, reason=Reason.LOCAL)
    said, besides, without = (
        merged(directory(), answers)
        for answers in ([mine, lies], [mine, more], [failed, lies])
    )

    assert [(r.part.dataset, r.part.status) for r in said.rows] == [("a", word)]
    assert [r.part.dataset for r in besides.rows] == ["a", "x"]
    assert [s.status for s in (said, besides)] == [word, word]
    assert [s.exists for s in (said, besides)] == [False, False]
    assert said.nodes[1].reason is Reason.LOOP
    assert [r.part.dataset for r in without.rows] == ["a", "b"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_f08_datasets_that_name_each_other_are_one(order):
    """Two that are each called the other, and a third that names one of them."""
    rows = [row("se", "a", counts(5)), row("eu", "x", counts(5)), row("dk", "b")]
    nodes = (HERE, EU, DK)
    known = Directory(
        here=HERE,
        here_same_as={"a": "eu/x"},
        peers=(
            Peer(node=EU, url="https://eu", same_as={"x": "se/a"}, overlap="g"),
            Peer(node=DK, url="https://dk", same_as={"b": "eu/x"}),
        ),
    )
    said = merged(known, [told(nodes[n], rows[n]) for n in order])

    assert len(said.rows) == 1
    assert said.pooled == {}
    assert said.people["patients"].at_most == 5


def test_f08_who_failed_does_not_hide_who_told():
    """A dataset that its own beacon failed for is told by the network that knows it."""
    failed = row("dk", "wgs", status=Status.NO_ANSWER)
    around = row("dk", "wgs", counts(3), via=("eu",))
    said = merged(directory(), [told(DK, failed), told(EU, around)])

    assert [r.part.status for r in said.rows] == [Status.SEEN]


def test_f08_one_dataset_under_two_names_is_one():
    """Whichever of them the configuration calls the same, or a global id."""
    here = row("se", "GOE-SE", counts(5))
    there = row("eu", "x1", counts(5))
    same = Directory(
        here=HERE,
        peers=(Peer(node=EU, url="https://eu", same_as={"x1": "se/GOE-SE"}),),
    )
    other_way = Directory(
        here=HERE,
        peers=(Peer(node=EU, url="https://eu"),),
        here_same_as={"GOE-SE": "eu/x1"},
    )
    answers = [told(HERE, here), told(EU, there)]
    everywhere = [told(HERE, row("se", "GDID-1")), told(EU, row("eu", "GDID-1"))]

    assert [len(merged(d, answers).rows) for d in (same, other_way)] == [1, 1]
    assert len(merged(directory(), everywhere).rows) == 1
    assert len(merged(directory(), answers).rows) == 2


def test_f08_overlap_groups_give_bounds():
    """Of one group the most; of several the sum; of those that say nothing the most."""
    rows = [
        row("dk", "a", counts(3), overlap="goe"),
        row("dk", "b", counts(5), overlap="goe"),
        row("dk", "c", counts(2), overlap="other"),
        row("dk", "d", counts(6)),
    ]
    said = merged(directory(), [told(DK, *rows)])
    declared = merged(directory(), [told(DK, *rows[:3])])

    assert said.people == {"patients": People(at_least=7, at_most=16)}
    assert declared.people == {"patients": People(at_least=7, at_most=10)}
    assert (said.pooled, declared.pooled) == ({}, {})


def test_f08_counts_are_pooled_where_nobody_is_shared():
    """Exact counts of one assembly and of different groups, misses among them."""
    one = row("dk", "a", counts(3, 1, an=100), overlap="x")
    two = row("se", "b", counts(0, an=50), overlap="y", status=Status.NOT_SEEN)
    answers = [told(DK, one), told(HERE, two)]
    pooled = merged(directory(), answers).pooled["patients"]

    assert pooled.counts == AlleleCounts(ac=5, an=150, hom=1, het=3, hemi=0)
    assert pooled.datasets == ("se/b", "dk/a")
    for spoiled in (
        replace(two, overlap="x"),
        replace(two, overlap=None),
        replace(two, assembly="GRCh37"),
        replace(two, part=replace(two.part, adjusted_to=5)),
        replace(two, part=replace(two.part, counts=None)),
    ):
        assert merged(directory(), [told(DK, one), told(HERE, spoiled)]).pooled == {}


def test_f08_assemblies_are_never_one_sum():
    """What is told of another assembly may move the bounds, never the lower sum."""
    one = row("dk", "a", counts(3), overlap="x")
    two = row("dk", "b", counts(4), overlap="y", assembly="GRCh37")
    said = merged(directory(), [told(DK, one, two)])

    assert said.people["patients"] == People(at_least=4, at_most=7)


def test_patients_and_population_are_apart():
    """Never one number for both; who says nothing is a third."""
    rows = [
        row("dk", "a", counts(3), kind="patients"),
        row("dk", "b", counts(4), kind="population"),
        row("dk", "c", counts(5), kind=None),
    ]
    said = merged(directory(), [told(DK, *rows)])

    assert {kind: p.at_most for kind, p in said.people.items()} == {
        "patients": 3,
        "population": 4,
        "unstated": 5,
    }


def test_the_configuration_knows_better_what_a_dataset_holds():
    """Its kind and its group stand before what was told."""
    peer = {"kinds": {"*": "population"}, "overlap": "g", "overlaps": {"b": "h"}}
    rows = [row("dk", "a", counts(1)), row("dk", "b", counts(1))]
    said = merged(directory(**peer), [told(DK, *rows)])

    assert [(r.kind, r.overlap) for r in said.rows] == [
        ("population", "g"),
        ("population", "h"),
    ]


def test_rounded_counts_stay_ranges():
    """Twenty, rounded to tens, may be eleven copies in six people."""
    said = merged(directory(), [told(DK, row("dk", "a", counts(20), adjusted_to=10))])

    assert said.people["patients"] == People(at_least=6, at_most=29)


@pytest.mark.parametrize("word", [Status.WITHHELD, Status.REFUSED, Status.NO_ANSWER])
def test_what_is_not_told_leaves_the_upper_bound_open(word):
    """Of its kind, and of all where nobody says its kind; of others it does not."""
    rows = [row("dk", "a", counts(3)), row("dk", "p", counts(4), kind="population")]
    hidden = row("dk", "b", status=word)
    said = merged(directory(), [told(DK, *rows, hidden)]).people
    any_kind = merged(directory(), [told(DK, *rows, replace(hidden, kind=None))]).people

    assert said == {
        "patients": People(at_least=3, at_most=None),
        "population": People(at_least=4, at_most=4),
    }
    assert {each.at_most for each in any_kind.values()} == {None}


@pytest.mark.parametrize(
    "silent",
    [
        {"status": Status.NO_ANSWER, "reason": Reason.TIMEOUT},
        {"status": Status.REFUSED, "reason": Reason.REFUSED},
        {"status": Status.NOT_ASKED, "reason": Reason.UNDER_WAY},
        {"status": Status.SEEN, "is_partial": True},
    ],
)
def test_f08_whoever_was_not_heard_leaves_the_upper_bound_open(silent):
    """A beacon that names no dataset may have carriers of any kind."""
    answers = [told(HERE, row("se", "a", counts(3))), NodeAnswer(node=DK, **silent)]
    whole = [answers[0], NodeAnswer(node=DK, status=Status.NOT_SEEN)]

    assert merged(directory(), answers).people["patients"] == People(
        at_least=3, at_most=None
    )
    assert merged(directory(), whole).people["patients"].at_most == 3


def test_f08_a_dataset_behind_a_network_is_known_by_its_beacon():
    """What is said of ``beacon/dataset`` comes before what is said of all others."""
    rows = [
        row("far", "g", counts(3), kind=None, via=("eu",)),
        row("near", "g", counts(4), kind=None, via=("eu",)),
    ]
    network = Peer(
        node=EU,
        url="https://eu",
        kinds={"*": "patients", "far/g": "population"},
        overlap="eu",
        overlaps={"far/g": "ours"},
        same_as={"near/g": "se/g"},
    )
    said = merged(Directory(here=HERE, peers=(network,)), [told(EU, *rows)])

    assert [(r.kind, r.overlap, r.same_as) for r in said.rows] == [
        ("population", "ours", None),
        ("patients", "eu", "se/g"),
    ]


def test_f08_a_no_does_not_hide_that_a_dataset_is_withheld():
    """Of one dataset that two tell of, as near as each other."""
    hidden = row("dk", "GDID-1", status=Status.WITHHELD)
    answers = [
        told(HERE, row("se", "GDID-1", status=Status.NOT_SEEN), status=Status.NOT_SEEN),
        told(DK, hidden, status=Status.WITHHELD),
    ]
    said = merged(directory(), answers)

    assert [r.part.status for r in said.rows] == [Status.WITHHELD]
    assert len(said.warnings) == 1


@pytest.mark.parametrize("word", [Status.WITHHELD, Status.REFUSED, Status.NO_ANSWER])
def test_a_node_that_says_nothing_at_all_leaves_the_upper_bound_open(word):
    """Of every kind, or of the kinds that our configuration says it has."""
    rows = [row("dk", "a", counts(3)), row("dk", "p", counts(4), kind="population")]
    quiet = NodeAnswer(node=EU, status=word, reason=Reason.TIMEOUT)
    of_any = merged(directory(), [told(DK, *rows), quiet]).people
    eu = Peer(node=EU, url="https://eu.example", kinds={"*": "population"})
    known = replace(directory(), peers=(*directory().peers[:1], eu))
    of_one = merged(known, [told(DK, *rows), quiet]).people

    assert {each.at_most for each in of_any.values()} == {None}
    assert {kind: each.at_most for kind, each in of_one.items()} == {
        "patients": 3,
        "population": None,
    }


def test_a_network_that_did_not_hear_everybody_leaves_it_open_too():
    """Whoever it did not hear may have it, whatever the others say."""
    part = replace(told(EU, row("eu", "a", counts(3))), is_partial=True)
    said = merged(directory(), [part]).people

    assert said["patients"] == People(at_least=3, at_most=None)


def test_who_is_not_asked_opens_nothing():
    """The bounds are of those who were asked; who was not is told beside them."""
    unasked = NodeAnswer(node=EU, status=Status.NOT_ASKED, reason=Reason.ASSEMBLY)
    said = merged(directory(), [told(DK, row("dk", "a", counts(3))), unasked]).people

    assert said["patients"] == People(at_least=3, at_most=3)


def test_carriers_follow_from_copies_and_the_homozygous():
    """Where the others are not told: three copies and nobody with two are three."""
    some = AlleleCounts(ac=3, an=100, hom=0, het=None, hemi=None)
    more = AlleleCounts(ac=7, an=100, hom=2, het=None, hemi=None)
    said = [merged(directory(), [told(DK, row("dk", "a", c))]) for c in (some, more)]

    assert [s.people["patients"] for s in said] == [
        People(at_least=3, at_most=3),
        People(at_least=5, at_most=5),
    ]


def test_a_yes_without_a_number_has_no_upper_bound():
    """Beside one that counts."""
    rows = [row("dk", "a", counts(2)), row("dk", "b")]
    said = merged(directory(), [told(DK, *rows)])

    assert said.people["patients"] == People(at_least=2, at_most=None)


def test_a_node_that_names_no_dataset_is_a_row():
    """Its yes is not lost, and its silence is none."""
    quiet = NodeAnswer(node=EU, status=Status.NO_ANSWER, reason=Reason.TIMEOUT)
    said = merged(directory(), [told(DK), quiet])

    assert [(r.beacon, r.part.exists) for r in said.rows] == [("dk", True)]
    assert said.exists is True
    assert said.is_complete is False


ROWS = st.builds(
    lambda name, het, hom, group, kind, status: row(
        "dk",
        f"d{name}",
        counts(het, hom) if status is Status.SEEN else counts(0),
        overlap=group,
        kind=kind,
        status=status,
    ),
    st.integers(0, 50),
    st.integers(1, 20),
    st.integers(0, 20),
    st.sampled_from([None, "x", "y", "z"]),
    st.sampled_from([None, "patients", "population"]),
    st.sampled_from([Status.SEEN, Status.NOT_SEEN]),
)


@given(st.lists(ROWS, max_size=8, unique_by=lambda r: r.part.dataset))
def test_f08_bounds_hold_whoever_is_shared(rows):
    """No fewer than the fullest dataset, no more than all; pooled is within them."""
    said = merged(directory(), [told(DK, *rows)])
    for kind, people in said.people.items():
        mine = [r for r in rows if (r.kind or "unstated") == kind]
        each = [r.part.counts.het + r.part.counts.hom for r in mine if r.part.exists]
        assert max(each, default=1) <= people.at_least <= people.at_most == sum(each)
    for kind, pool in said.pooled.items():
        mine = [r for r in rows if (r.kind or "unstated") == kind]
        assert pool.counts.ac == sum(r.part.counts.ac for r in mine)
        assert pool.counts.ac <= pool.counts.an


@given(st.permutations([told(HERE, row("se", "a")), told(DK), told(EU)]))
def test_the_order_of_arrival_changes_nothing(answers):
    """The whole answer is the same."""
    assert merged(directory(), answers) == merged(
        directory(), [told(HERE, row("se", "a")), told(DK), told(EU)]
    )


def test_what_nodes_hold_on_two_assemblies_is_never_added_up():
    """A lifted total and one of the assembly asked are a bound, with its sentence."""
    lift = Lift(asked="GRCh38:22:1-9", lifted="GRCh37:22:1-9", assembly="GRCh37")

    def counted(name: str, total: int, lifted: Lift | None) -> NodeAnswer:
        part = DatasetDisclosure(
            dataset=name,
            name=name,
            status=Status.SEEN,
            granularity=Granularity.COUNT,
            exists=True,
            total=total,
            lifted=lifted,
        )
        node = Node(id=name, names={"en": name})
        rows = (NodeDataset(beacon=name, part=part),)
        return NodeAnswer(node=node, status=Status.SEEN, datasets=rows)

    nodes = counted("a", 5, None), counted("b", 7, None), counted("c", 9, lift)
    answers = [merged(Directory(here=nodes[0].node), nodes[:n]) for n in (2, 3)]
    query = Query(granularity=Granularity.COUNT)
    said = [network_answer(query, each, SPEAKER) for each in answers]

    assert said[0]["responseSummary"] == {"exists": True, "numTotalResults": 12}
    assert said[1]["responseSummary"] == {
        "exists": True,
        "numTotalResults": 12,
        "countPrecision": "imprecise",
    }
    assert "warnings" not in said[0]["info"]
    assert "at least" in said[1]["info"]["warnings"][0]
