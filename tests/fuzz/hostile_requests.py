"""Requests nobody should send: one for each number, the same for ever.

Some are nearly right, so that they reach what lies behind the reading; others
are wrong in names, types, sizes, nesting, encoding or headers.  What is made is
bytes: legal HTTP, whatever it carries.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from beacon.wire.endpoints import RECORDS, VARIANTS, endpoints

HERE = [(e.path, e.answer, e.methods, bool(e.body)) for e in endpoints()]
IDS = (
    *("I1", "B1", "R1", "A1", "clinic", "women", "GRCh37-22-101-T-C", "nobody"),
    *("..", ".", "%", "a/b", "a b", "\u202e", "é", "😀", "\x00", "x" * 300, "$ne"),
    *("GRCh37-22-501-A-DEL", "GRCh38-22-101-T-C", "rs1", "ga4gh:VA." + "A" * 32),
    *("22-101-T-C", "NC_000022.10:g.101T>C", "filtering_terms", "{id}", "<b>", "-1"),
)
GOOD = {
    "assemblyId": ("GRCh37", "hg19", "GRCh38", "T2T-CHM13", "GCF_000001405.25"),
    "referenceName": ("22", "chr22", "X", "NC_000022.10", "refseq:NC_000022.11", "MT"),
    "start": (100, [100], "100", "100,200", [100, 200], 5000, 0, [0, 1], 400),
    "end": (101, [101], "101", "101,300", [101, 300], 6000, [1500, 1600], 51_304_566),
    "referenceBases": ("T", "A", "N", "", "ACGT", "AC"),
    "alternateBases": ("C", "G", "N", "", "A", "GT"),
    "variantType": ("SNP", "DEL", "DUP", "EFO:0030067", "BND", "INS", "CNV"),
    "variantMinLength": (0, 1, "5", 1000),
    "variantMaxLength": (1, 50, "999", 5_000_000),
    "geneId": ("GENEA", "BRCA1", "HGNC:1100"),
    "aminoacidChange": ("V600A", "p.Val600Ala", "Val600Ala"),
    "genomicAlleleShortForm": ("NC_000022.10:g.101T>C", "NM_000001.1:c.1799T>C"),
    "mateName": ("22", "X"),
    "mateStart": (2000, "1"),
    "variantLength": (999, "5"),
    "similarity": (0.5, "0.9", 1),
    "breakpointDistance": (0, 500),
    "requestedGranularity": ("boolean", "count", "record"),
    "includeResultsetResponses": ("HIT", "MISS", "ALL", "NONE"),
    "skip": (0, 1, "2", 1000),
    "limit": (0, 1, "10", 1000),
    "testMode": (True, False, "true", "FALSE"),
    "strict": (True, False, "true"),
    "apiVersion": ("v2.0.0", "2.0", "v9"),
    "requestedSchemas": ([], "beacon-individual-v2.0.0", [{"schema": "x"}]),
    "datasets": ("clinic", ["clinic", "register"], "nothing", []),
    "cohorts": ("women", ["women"], "nothing"),
}
TOGETHER = (
    (),
    (),
    ("assemblyId",),
    ("assemblyId", "referenceName", "start", "referenceBases", "alternateBases"),
    ("assemblyId", "referenceName", "start", "end"),
    ("assemblyId", "referenceName", "start", "end", "variantType"),
    ("assemblyId", "referenceName", "start", "end", "variantMinLength"),
    ("assemblyId", "geneId"),
    ("assemblyId", "geneId", "aminoacidChange"),
    ("genomicAlleleShortForm",),
    ("assemblyId", "referenceName", "start", "end", "variantType", "similarity"),
)
"""Parameters that mean something together."""
TERMS = (
    *("NCIT:C16576", "HP:0001250", "HP:0000118", "MONDO:0005148", "SO:0001583"),
    *("UBERON:0000178", "LOINC:35925-4", "!HP:0001250", "NCIT_C16576", "female"),
    *("age:<=P65Y", "diseases.ageOfOnset:>P9Y", "sex:=female", "libraryStrategy:=W%"),
    *("demographic.ethnicity:asian", "LOINC:35925-4:>=22", "BMI:<30", "sex", "%"),
)
FIELDS = ("age", "ageOfOnset", "sex", "LOINC:35925-4", "collectionDate", "runDate")
VALUES = ("P65Y", "P9Y", "P1M", "22", 22, 31.5, "%", "fem%", "2021-01-03", "P1000000Y")
SCOPES = ("individual", "biosamples", "run", "analyses", "g_variants", "cohort", "moon")
OPERATORS = ("=", "<", ">", "!", ">=", "<=", "==", "~", "")
BAD: tuple[object, ...] = (
    *(-1, 0, 1, 2**31 - 1, 2**31, 2**63, 10**30, -(10**400), 1.5, 1e308, -0.0),
    *(
        "",
        " ",
        "-1",
        "1e5",
        "0x10",
        "١٢٣",
        "NaN",
        "null",
        "undefined",
        "true",
        "A" * 3000,
    ),
    *(
        "\x00",
        "\u202eabc",
        "😀" * 50,
        "' OR 1=1 --",
        "{$gt: ''}",
        "$where",
        "../../etc",
    ),
    *(
        "<script>alert(1)</script>",
        "a\r\nX-Evil: 1",
        ",",
        ",,,",
        "[]",
        "{}",
        "%00",
        "%",
    ),
    *(None, True, False, [], {}, [[]], [[[[]]]], {"$gt": ""}, {"a": {"b": {"c": []}}}),
    *([None], [1, "2", None, {}], ["x"] * 200, [[["HP:0001250"]]], {"": ""}, [{}]),
)
HEADERS = (
    "Accept: application/x-ndjson",
    "Accept: */*;q=0.1, text/html",
    "Accept-Encoding: gzip, br, identity;q=0",
    "Authorization: Bearer " + "x" * 500,
    "Authorization: Basic",
    "Origin: null",
    "Origin: https://evil.example",
    "X-Forwarded-For: 127.0.0.1, 10.0.0.1",
    "X-Forwarded-Host: evil.example",
    "X-HTTP-Method-Override: DELETE",
    "Cookie: a=b; " + "c" * 1000 + "=d",
    "If-None-Match: *",
    "Range: bytes=0-1",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
    "Via: 1.1 se.example.beacon",
    "Referer: \xe9\xe8",
    "User-Agent: BN/2.0.0",
    "Expect: 100-continue",
    "Authorization: Bearer gbk_00000000_" + "A" * 43,
    "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.",
    "Authorization: Bearer a.b.c\r\nAuthorization: Bearer d.e.f",
    "X-Request-Id: 22-101-T-C",
    "X-Request-Id: 0190b6a2-1111-4222-8333-abcdefabcdef",
    "X-Case-Reference: \xe9" + "x" * 5000,
    "X-Case-Reference: " + "{'$gt': ''}",
)
KINDS = (
    *("application/json", "application/json; charset=utf-8", "text/plain", "", "a/b"),
    *("application/json; charset=utf-16", "multipart/form-data; boundary=x", "☃"),
    "application/x-www-form-urlencoded",
)
SPOILING = (b"\x00", b"\xff", b'"', b"}", b",", b"NaN", b"\\u")
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
NO_HTTP = (
    b"\x00",
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET /api/info HTTP/9.9\r\n\r\n",
    b"GET /api/info HTTP/1.1\r\nNo colon\r\n\r\n",
    b"GET /api/info HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    b"GET /api/info HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    b"GET /api/info?" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /api/info HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/info HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST /api/info HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"zz\r\n\r\n",
    b"POST /api/individuals HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"-5\r\n\r\n",
    b"POST /api/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n" + CHUNKED + b"0",
)
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")


@dataclass(frozen=True)
class Hostile:
    """One request, and what an answer to it must be like.

    Attributes:
        answer: name of the schema of a good answer; ``None``: there is none.
        is_http: whether it is a request at all; what is none may be hung up on.
    """

    raw: bytes
    answer: str | None
    is_http: bool = True


def hostile(seed: int, number: int, host: str) -> Hostile:
    """Return the request of a number."""
    return _Maker(random.Random(f"{seed}:{number}"), host).request()  # noqa: S311


@dataclass
class _Maker:
    """Makes one request from a source of chance.

    Attributes:
        badness: the share of its values that are no such thing at all; without
            them it asks for what can go together, and reaches the store.
    """

    chance: random.Random
    host: str
    badness: float = 0.0

    def request(self) -> Hostile:
        """Return a request of any kind."""
        if self._rarely(0.005):
            return Hostile(self.chance.choice(NO_HTTP), None, is_http=False)
        self.badness = self.chance.choice((0.0, 0.0, 0.05, 0.2))
        path, answer, methods, has_body = self.chance.choice(HERE)
        method = self.chance.choice(methods).upper()
        if self._rarely(0.02):
            method, answer = self.chance.choice(METHODS), None
        identity = self.chance.choice(IDS)
        if "{id}" in path and identity == "filtering_terms":
            answer = None  # those are terms, not a record of that name
        target = self._slashes(path.replace("{id}", quote(identity, safe="")))
        if self._rarely(0.01):
            target, answer = (
                target + self.chance.choice(("/x", "%2e%2e/", "\x7f")),
                None,
            )
        if method == "GET" or self._rarely(0.05):
            target += self._query()
        body = self._body() if method == "POST" and has_body else b""
        if method == "POST" and path.endswith("/batch"):
            body = self._batch()
        return self._written(method, target, body, answer)

    def _rarely(self, share: float) -> bool:
        return self.chance.random() < share

    def _slashes(self, path: str) -> str:
        if self._rarely(0.05):
            path = path.replace("/", "//").removeprefix("/")
        return path + "/" if self._rarely(0.05) else path

    # --- query strings -----------------------------------------------------

    def _query(self) -> str:
        names = [*self._common(), *self._variant()]
        pairs = [self._pair(name) for name in names]
        if self._rarely(0.1):
            pairs += pairs
        if self._rarely(0.02):
            pairs.append("x" * self.chance.choice((100, 9000)))
        return "?" + self.chance.choice(("&", "&", "&", ";", "&&")).join(pairs)

    def _pair(self, name: str) -> str:
        value = self._text(self._value(name))
        if self._rarely(0.1):
            name = self.chance.choice((name.upper(), name.lower(), "colour", "", "%"))
        if self._rarely(0.03):
            return f"{name}={self.chance.choice(('%', '%zz', '%ff%fe', '%c0%80', '+'))}"
        return f"{quote_plus(name)}={quote_plus(value)}"

    @staticmethod
    def _text(value: object) -> str:
        if isinstance(value, list):
            return ",".join(map(str, value))
        return value if isinstance(value, str) else json.dumps(value)

    # --- values ------------------------------------------------------------

    def _common(self) -> list[str]:
        return self.chance.sample(RECORDS, self.chance.randrange(5))

    def _variant(self) -> list[str]:
        if self.badness and self._rarely(0.5):
            names = [name for name in VARIANTS if name not in RECORDS]
            return self.chance.sample(names, self.chance.randrange(6))
        return list(self.chance.choice(TOGETHER))

    def _value(self, name: str) -> object:
        if self._rarely(self.badness):
            return self.chance.choice(BAD)
        if name == "filters":
            return [self._filter() for _ in range(self.chance.randrange(4))]
        return self.chance.choice(GOOD[name])

    def _filter(self) -> object:
        if self._rarely(self.badness):
            return self.chance.choice(BAD)
        if self._rarely(0.1):
            return [self._filter() for _ in range(self.chance.randrange(3))]
        if self._rarely(0.5):
            return self.chance.choice(TERMS)
        made: dict[str, object] = {"id": self.chance.choice(TERMS + FIELDS)}
        extras = {
            "operator": OPERATORS,
            "value": VALUES,
            "scope": SCOPES,
            "includeDescendantTerms": (True, False, "no"),
            "similarity": ("exact", "high", "medium", "low", "none"),
            "colour": BAD,
        }
        for name, choices in extras.items():
            if self._rarely(0.35):
                made[name] = self.chance.choice(choices)
        return made

    # --- bodies ------------------------------------------------------------

    def _body(self) -> bytes:
        if self._rarely(0.03):
            return self._deep()
        text = json.dumps(self._question(), ensure_ascii=self._rarely(0.5))
        return self._spoilt(text.encode(errors="surrogatepass"))

    def _question(self) -> object:
        if self._rarely(0.03):
            return self.chance.choice(BAD)
        variant = {name: self._value(name) for name in self._variant()}
        common = {name: self._value(name) for name in self._common()}
        page = {n: common.pop(n) for n in ("skip", "limit") if n in common}
        meta = {n: common.pop(n) for n in ("apiVersion",) if n in common}
        query = common | {"pagination": page} if page else common
        query["requestParameters"] = self._nested(variant)
        for each in (query, meta):
            if self._rarely(0.05):
                each[self.chance.choice(("colour", "", "$where"))] = self._anything()
        if self._rarely(0.1):
            return {"meta": meta} | query
        return {"meta": meta, "query": query}

    def _nested(self, variant: dict) -> object:
        forms = (variant, {"g_variant": variant}, [variant], {"G_VARIANTS": variant})
        return self.chance.choice(forms)

    def _anything(self) -> object:
        return self.chance.choice(BAD)

    def _deep(self) -> bytes:
        depth = self.chance.choice((31, 33, 500, 20_000))
        opened, closed = self.chance.choice((("[", "]"), ('{"a":', "}")))
        inner = "1" if opened != "[" else ""
        return f'{{"query": {opened * depth}{inner}{closed * depth}}}'.encode()

    def _spoilt(self, body: bytes) -> bytes:
        chance = self.chance.random()
        if chance > 0.12:
            return body
        if chance < 0.04:
            return body[: self.chance.randrange(len(body) + 1)]
        if chance < 0.08:
            at = self.chance.randrange(len(body) + 1)
            return body[:at] + self.chance.choice(SPOILING) + body[at:]
        text = body.decode(errors="replace")
        code = self.chance.choice(("utf-16", "utf-32-be", "utf-8-sig", "cp037"))
        return text.encode(code, errors="replace")

    def _batch(self) -> bytes:
        lines = [json.dumps(self._line()) for _ in range(self.chance.randrange(6))]
        if self._rarely(0.3):
            return self._spoilt(("[" + ",".join(lines) + "]").encode())
        return self._spoilt(
            self.chance.choice(("\n", "\r\n", "\n\n")).join(lines).encode()
        )

    def _line(self) -> object:
        if self._rarely(0.15):
            return self.chance.choice(BAD)
        line: dict[str, object] = {"variant": self.chance.choice((*IDS, *BAD))}
        if self._rarely(0.5):
            line["assemblyId"] = self._value("assemblyId")
        if self._rarely(0.2):
            line["exclude"] = self.chance.choice(("I1", ["I1", "I2"], "nobody", *BAD))
        if self._rarely(0.2):
            line["datasets"] = self._value("datasets")
        return line

    # --- bytes -------------------------------------------------------------

    def _written(
        self, method: str, target: str, body: bytes, answer: str | None
    ) -> Hostile:
        lines = [f"{method} {quote(target, safe='%/?&=;+:,~!*()')} HTTP/1.1"]
        lines.append(f"Host: {self.host}")
        lines += self.chance.sample(HEADERS, self.chance.choice((0, 0, 0, 1, 2, 4)))
        if body and self._rarely(0.05):
            is_packed = self._rarely(0.6)
            body = gzip.compress(body, mtime=0) if is_packed else body
            lines.append("Content-Encoding: gzip")
        if method == "POST" or body:
            kind = self.chance.choice(KINDS) if self._rarely(0.2) else KINDS[0]
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        head = "\r\n".join(lines) + "\r\n\r\n"
        return Hostile(head.encode() + body, answer)
