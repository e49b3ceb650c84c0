"""Phenopackets v2 → individuals and biosamples in the shape of the Beacon model.

What a packet says of absence stays absent: excluded features are kept as excluded,
excluded diseases are no diseases.  What has no place in the model (interpretations,
metadata) is kept under ``info`` as it is; interpreted variants are never claimed as
variants.  Phenopacket Schema 2.0, https://phenopacket-schema.readthedocs.io/.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beacon.model.errors import ReadError
from loaders.documents import Found, read_documents
from loaders.words import FEMALE, MALE, OTHER_SEX, UNKNOWN, UNKNOWN_SEX, term

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.records import Json

_Make = Callable[[object], object]

_SEXES = {
    **dict.fromkeys(("FEMALE", "1"), FEMALE),
    **dict.fromkeys(("MALE", "2"), MALE),
    **dict.fromkeys(("OTHER_SEX", "3"), OTHER_SEX),
    **dict.fromkeys(("UNKNOWN_SEX", "0", ""), UNKNOWN_SEX),
}
"""By the words and the numbers of the enumeration; an empty one is left out there."""
_SNAKE = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")
_WHOM = "is missing: whom is the packet about?"
_AN_OBJECT = "must be an object"
_A_LIST = "must be a list"
_NEGATED = "is a member of phenopackets of version 1; version 2 is read"
_LISTS = (
    *("phenotypicFeatures", "diseases", "measurements", "medicalActions"),
    "biosamples",
)
_MEMBERS = ("proband", "relatives", "members")
"""Where families and cohorts hold packets."""
_KEPT = ("interpretations", "files", "metaData", "genes", "variants")
"""Members of a packet that are kept under ``info`` as they are."""
SHARED = "subjects of one name in several packets, named as these"
EXCLUDED = "excluded diseases, kept under info"
UNMEASURED = "measurements without a value, kept under info"
FURTHER = "medical actions of other kinds, kept under info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One phenopacket, and where it stands.

    Attributes:
        around: what the family or cohort says that holds it.
    """

    document: Json
    found: Found
    pointer: str = ""
    around: Json = field(default_factory=dict)

    def refusal(self, reason: str, below: str = "") -> ReadError:
        """Return the error for something that stands below it."""
        return ReadError(reason, path=self.found.place(f"{self.pointer}{below}"))

    @property
    def subject(self) -> str:
        """The id of the individual it is about."""
        subject = self.document.get("subject")
        name = subject.get("id") if isinstance(subject, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise self.refusal(_WHOM, "/subject/id")
        return name

    @property
    def sex(self) -> Json:
        """The term for the subject's sex; what is not told is not known."""
        told = _object(self.document.get("subject")).get("sex")
        plain = "" if told is None else str(told)
        found = _SEXES.get(plain.upper())
        if found is None:
            words = ", ".join(word for word in _SEXES if word.isupper())
            reason = f"must be one of {words}, is {plain[:60]!r}"
            raise self.refusal(reason, "/subject/sex")
        return term(found)


def read_packets(path: Path) -> Iterator[Packet]:
    """Yield the packets of a file, those within families and cohorts, too.

    Raises:
        ReadError: naming the file, the line and the member.
    """
    for found in read_documents(path):
        document = _object(_camel(found.document))
        held = [name for name in _MEMBERS if name in document]
        if held and "subject" not in document:
            whose = "family" if "proband" in held else "cohort"
            said = {k: v for k, v in document.items() if k not in _MEMBERS}
            around = {"pedigree": said.pop("pedigree", None), whose: said}
            for name in held:
                for pointer, one in _within(name, document[name]):
                    packet = Packet(
                        document=_object(one),
                        found=found,
                        pointer=pointer,
                        around=around,
                    )
                    if not isinstance(one, dict):
                        raise packet.refusal(_AN_OBJECT)
                    yield _checked(packet)
        else:
            yield _checked(Packet(document=document, found=found))


def _camel(value: object) -> object:
    """Return what is read of a packet, its members in the spelling of JSON.

    Protocol buffers are written with their own names (``phenotypic_features``), too.
    """
    if isinstance(value, list):
        return [_camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, member in value.items():
        name = _SNAKE.sub(lambda letter: letter[1].upper(), key)
        found[name] = member if name in _KEPT else _camel(member)
    return found


def _within(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the packets that a family or cohort holds in a member, and where."""
    if not isinstance(value, list):
        yield f"/{name}", value
        return
    for place, one in enumerate(value):
        yield f"/{name}/{place}", one


def _checked(packet: Packet) -> Packet:
    """Return a packet of version 2 that says whom it is about."""
    meta = _object(_camel(packet.document.get("metaData")))
    version = meta.get("phenopacketSchemaVersion")
    if isinstance(version, str) and version.startswith("1"):
        reason = f"is a phenopacket of version {version[:20]}; version 2 is read"
        raise packet.refusal(reason)
    if not packet.subject:
        raise packet.refusal(_WHOM, "/subject/id")
    for name in _LISTS:
        for place, one in enumerate(_listed(packet, name)):
            if not isinstance(one, dict):
                raise packet.refusal(_AN_OBJECT, f"/{name}/{place}")
            if "negated" in one:
                raise packet.refusal(_NEGATED, f"/{name}/{place}/negated")
    return packet


def _listed(packet: Packet, name: str) -> list[object]:
    value = packet.document.get(name, [])
    if not isinstance(value, list):
        raise packet.refusal(_A_LIST, f"/{name}")
    return value


class PacketReader:
    """Reads individuals, and biosamples, out of files of phenopackets.

    Several packets may be about subjects of one name who are different people; they
    are then known by the packets' own ids.

    Args:
        paths: the files, read once for the names and again for each question.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        packets = (p for path in self._paths for p in read_packets(path))
        self._subjects = Counter(packet.subject for packet in packets)

    def individuals(self) -> Iterator[Found]:
        """Yield an individual for each packet."""
        for packet in self._packets():
            told: Counter[str] = Counter()
            document = _individual(packet, self._name(packet), told)
            if self._subjects[packet.subject] > 1:
                told[SHARED] += 1
            yield _found(packet, document, told)

    def biosamples(self) -> Iterator[Found]:
        """Yield the biosamples of all packets."""
        for packet in self._packets():
            for sample in _objects(packet.document.get("biosamples")):
                own = sample.get("individualId") in (None, "", packet.subject)
                whose = self._name(packet) if own else sample["individualId"]
                told: Counter[str] = Counter()
                yield _found(packet, _biosample(sample, whose, told), told)

    def _packets(self) -> Iterator[Packet]:
        for path in self._paths:
            yield from read_packets(path)

    def _name(self, packet: Packet) -> str:
        """Return the id of the individual: the subject's, or else the packet's."""
        if self._subjects[packet.subject] == 1:
            return packet.subject
        name = packet.document.get("id")
        if not isinstance(name, str) or not name.strip():
            subject = packet.subject[:60]
            reason = f"is missing, and other packets are about a {subject!r}, too"
            raise packet.refusal(reason, "/id")
        return name


def _found(packet: Packet, document: Json, told: Counter[str]) -> Found:
    found = packet.found
    return Found(
        document=document,
        file=found.file,
        line=found.line,
        index=found.index,
        within=packet.pointer,
        read=found.read,
        notes=tuple(told.elements()),
    )


def _individual(packet: Packet, name: str, told: Counter[str]) -> Json:
    said = packet.document
    subject = _object(said.get("subject"))
    diseases = [d for d in _objects(said.get("diseases")) if not _is_excluded(d)]
    document = {
        "id": name,
        "sex": packet.sex,
        "karyotypicSex": subject.get("karyotypicSex"),
        "phenotypicFeatures": _each(said.get("phenotypicFeatures"), _feature),
        "diseases": _each(diseases, _disease),
        "measures": _each(_measured(said.get("measurements")), _measure),
        **_actions(said.get("medicalActions")),
        "info": _info(packet, name, told),
    }
    return _given(document)


def _info(packet: Packet, name: str, told: Counter[str]) -> Json:
    """Return what is known beyond the members of the model."""
    said, subject = packet.document, _object(packet.document.get("subject"))
    excluded = [d for d in _objects(said.get("diseases")) if _is_excluded(d)]
    unmeasured = [m for m in _objects(said.get("measurements")) if not _has_value(m)]
    further = [a for a in _objects(said.get("medicalActions")) if not _is_known(a)]
    told.update(
        {EXCLUDED: len(excluded), UNMEASURED: len(unmeasured), FURTHER: len(further)}
    )
    others = {
        key: value
        for key, value in subject.items()
        if key not in ("id", "sex", "karyotypicSex", "timeAtLastEncounter")
    }
    return _given(
        {
            "age": _age(subject.get("timeAtLastEncounter")),
            "phenopacketId": said.get("id"),
            "subjectId": packet.subject if packet.subject != name else None,
            **others,
            "excludedDiseases": excluded,
            "measurementsWithoutValue": unmeasured,
            "medicalActions": further,
            **{key: said.get(key) for key in _KEPT},
            **packet.around,
        }
    )


def _age(time: object) -> object:
    """Return an age as a plain duration; another time as the model writes it."""
    found = _time(time)
    is_age = isinstance(found, dict) and set(found) == {"iso8601duration"}
    return found["iso8601duration"] if isinstance(found, dict) and is_age else found


def _biosample(sample: Json, whose: object, told: Counter[str]) -> Json:
    kind = sample.get("sampleType") or sample.get("sampledTissue")
    detail = sample.get("sampledTissue") if sample.get("sampleType") else None
    taken = _age(sample.get("timeOfCollection"))
    measured = sample.get("measurements")
    unmeasured = [m for m in _objects(measured) if not _has_value(m)]
    told[UNMEASURED] += len(unmeasured)
    renamed = {
        "id": sample.get("id"),
        "individualId": whose,
        "biosampleStatus": sample.get("materialSample") or term(UNKNOWN),
        "sampleOriginType": kind or term(UNKNOWN),
        "sampleOriginDetail": detail,
        "collectionMoment": taken if isinstance(taken, str) else None,
        "notes": sample.get("description"),
        "phenotypicFeatures": _each(sample.get("phenotypicFeatures"), _feature),
        "measurements": _each(_measured(measured), _measure),
        "obtentionProcedure": _maybe(sample.get("procedure"), _procedure),
    }
    same = {key: sample.get(key) for key in _SAME}
    taken_up = {*_RENAMED, *_SAME, "id", "individualId", "measurements"}
    rest = {key: value for key, value in sample.items() if key not in taken_up}
    info = rest | _given({"measurementsWithoutValue": unmeasured})
    if taken is not None and not isinstance(taken, str):
        info["timeOfCollection"] = taken
    return _given({**renamed, **same, "info": info})


_SAME = (
    *("histologicalDiagnosis", "tumorProgression", "tumorGrade", "pathologicalStage"),
    *("pathologicalTnmFinding", "diagnosticMarkers", "sampleProcessing"),
    "sampleStorage",
)
_RENAMED = (
    *("sampleType", "sampledTissue", "timeOfCollection", "materialSample"),
    *("description", "phenotypicFeatures", "procedure"),
)


def _feature(value: object) -> object:
    names = {"type": "featureType", "description": "notes"}
    makes: Mapping[str, _Make] = {"onset": _time, "resolution": _time}
    feature = _renamed(value, names, makes)
    evidence = _list(feature.get("evidence"))
    if evidence:
        feature["evidence"] = _evidence(evidence[0])
    if evidence[1:]:
        feature["furtherEvidence"] = [_evidence(one) for one in evidence[1:]]
    return feature


def _evidence(value: object) -> object:
    return _renamed(value, {}, {"reference": _reference})


def _reference(value: object) -> object:
    return _renamed(value, {"description": "notes"}, {})


def _disease(value: object) -> object:
    names = {"term": "diseaseCode", "onset": "ageOfOnset", "description": "notes"}
    makes: Mapping[str, _Make] = {"onset": _time, "resolution": _time}
    disease = _renamed(value, names, makes)
    disease.pop("excluded", None)
    stages = _list(disease.get("diseaseStage"))
    if stages:
        disease["stage"] = stages[0]
        del disease["diseaseStage"]
    if stages[1:]:
        disease["furtherStages"] = stages[1:]
    return disease


def _is_excluded(disease: Json) -> bool:
    """Whether a disease was looked for and is not there."""
    return str(disease.get("excluded")).lower() == "true"


def _has_value(measurement: Json) -> bool:
    return bool(measurement.get("value") or measurement.get("complexValue"))


def _measured(value: object) -> list[Json]:
    return [one for one in _objects(value) if _has_value(one)]


def _measure(value: object) -> object:
    names = {
        "assay": "assayCode",
        "value": "measurementValue",
        "complexValue": "measurementValue",
        "timeObserved": "observationMoment",
        "description": "notes",
    }
    makes: Mapping[str, _Make] = {
        "value": _value,
        "complexValue": _complex,
        "timeObserved": _time,
        "procedure": _procedure,
    }
    return _renamed(value, names, makes)


def _value(value: object) -> object:
    """Return the number, or the term, within a value."""
    found = _object(value)
    return found.get("quantity") or found.get("ontologyClass") or value


def _complex(value: object) -> object:
    def typed(one: object) -> object:
        return _renamed(one, {"type": "quantityType"}, {})

    return _renamed(value, {}, {"typedQuantities": lambda each: _each(each, typed)})


def _procedure(value: object) -> object:
    names = {"code": "procedureCode", "performed": "ageAtProcedure"}
    return _renamed(value, names, {"performed": _time})


def _is_known(action: Json) -> bool:
    """Whether the model has a place for a medical action."""
    return bool(_object(action.get("procedure")) or _object(action.get("treatment")))


def _actions(value: object) -> Json:
    """Return treatments and procedures, each with what its action says beside it."""
    treatments, procedures = [], []
    for action in _objects(value):
        about = {k: v for k, v in action.items() if k not in ("procedure", "treatment")}
        if _object(action.get("procedure")):
            procedures.append({**_object(_procedure(action["procedure"])), **about})
        if _object(action.get("treatment")):
            treatments.append({**_treatment(action["treatment"]), **about})
    return {"treatments": treatments, "interventionsOrProcedures": procedures}


def _treatment(value: object) -> Json:
    return _renamed(value, {"agent": "treatmentCode"}, {})


def _time(value: object) -> object:
    """Return a time as the model writes it: without its wrapper.

    A single moment is an interval of no length: the model has no other place for it.
    """
    found = _object(value)
    for name in ("age", "gestationalAge", "ontologyClass", "interval", "ageRange"):
        if name in found:
            return found[name]
    moment = value if isinstance(value, str) else found.get("timestamp")
    if isinstance(moment, str) and moment[:1].isdigit():
        return {"start": moment, "end": moment}
    return value


def _renamed(
    value: object, names: Mapping[str, str], makes: Mapping[str, _Make]
) -> Json:
    """Return an object with other names, and some members made anew."""
    return {
        names.get(key, key): makes[key](member) if key in makes else member
        for key, member in _object(value).items()
    }


def _each(value: object, make: _Make) -> list[object]:
    return [make(one) for one in _list(value)]


def _maybe(value: object, make: _Make) -> object:
    return None if value is None else make(value)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _objects(value: object) -> list[Json]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _given(members: Json) -> Json:
    """Return the members that have a value."""
    return {k: v for k, v in members.items() if v is not None and v not in ([], {})}
