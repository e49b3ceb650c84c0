"""Whatever issuers and users send is believed or refused; nothing else comes of it."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from beacon.auth.claims import check_claims, check_header, check_type
from beacon.auth.compact import Compact, read_compact
from beacon.auth.issuers import ALGORITHMS, Issuer, is_private
from beacon.auth.keysets import read_keys
from beacon.auth.networks import address_of, client_of, network_of, networks
from beacon.auth.visas import identities, place_of_keys, read_visa, stated
from beacon.model.errors import IssuerUnavailable, NotIdentified
from tests.auth.issuing import NOON, key

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["RSA", "EC", "P-256", "sig", "AQAB", "https://a.example", NOON])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=5,
)
_TIMES = ("exp", "iat", "nbf")
_OURS = ("purpose", "organisation", "ga4gh_visa_v1")
CLAIMS = st.dictionaries(
    st.sampled_from(
        [
            "iss",
            "sub",
            "aud",
            "azp",
            "exp",
            "iat",
            "nbf",
            "scope",
            "acr",
            "roles",
            "purpose",
            "organisation",
            "ga4gh_visa_v1",
        ]
    ),
    ANYTHING,
)
HEADERS = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "jku", "jwk", "x5c", "x5u", "crit", "b64"]),
    ANYTHING,
)
STATED = st.dictionaries(
    st.sampled_from(["type", "value", "source", "by", "asserted", "conditions"]),
    ANYTHING,
)
TRUST = Issuer(name="x", iss="https://a.example", audiences=frozenset({"b"}))
GOOD = [key("ES256", "first").as_dict(private=False)]


@given(st.lists(ANYTHING, max_size=4))
def test_any_set_of_keys(listed: list[object]) -> None:
    """What is no key is left out; what is one beside it is not."""
    found = read_keys({"keys": [*listed, *GOOD]})

    assert ("first", "ES256") in found


@given(
    st.dictionaries(
        st.sampled_from(["kty", "kid", "n", "e", "crv", "x", "y", "use", "key_ops"]),
        ANYTHING,
    ),
    st.sampled_from(["first", "second"]),
)
def test_any_changed_key(change: dict[str, object], name: str) -> None:
    """A key of which anything was changed is read, or left out."""
    kind = {"first": "ES256", "second": "RS256"}[name]
    found = read_keys({"keys": [{**key(kind, name).as_dict(private=False), **change}]})

    assert len(found) <= 1


@given(ANYTHING)
def test_any_document_of_keys(document: object) -> None:
    """What is no set of keys is a failure of its issuer."""
    with suppress(IssuerUnavailable):
        assert read_keys({"keys": document}) is not None


@given(HEADERS, CLAIMS)
def test_any_token(header: dict[str, object], claims: dict[str, object]) -> None:
    """What a token says is enough, or it is refused."""
    with suppress(NotIdentified):
        check_header(header, ALGORITHMS)
    with suppress(NotIdentified):
        check_type(header)
    with suppress(NotIdentified):
        check_claims({"iss": TRUST.iss, **claims}, TRUST, NOON)


@given(HEADERS, CLAIMS, STATED)
def test_any_visa(
    header: dict[str, object], claims: dict[str, object], body: dict[str, object]
) -> None:
    """What a visa says is a statement, or it is left out."""
    said = {"iss": TRUST.iss, "sub": "a", "exp": NOON, "iat": NOON, **claims}
    for each in (said, {**said, "ga4gh_visa_v1": body}):
        with suppress(NotIdentified):
            found = stated(Compact(text="", header=header, claims=each), NOON)

            assert found.visa.value == body["value"]
        with suppress(NotIdentified):
            pinned = {TRUST.iss: "https://a.example/jwks"}
            said_it = Compact(text="", header=header, claims=each)

            assert place_of_keys(said_it, pinned) == "https://a.example/jwks"


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Any text is read as a token, a visa, a link, an address; or it is none."""
    for read in (read_compact, read_visa):
        with suppress(NotIdentified):
            read(text)

    assert all(len(pair) == 2 for pair in identities(text))
    assert is_private(text) in (True, False)
    assert network_of(address_of(text)) is None or address_of(text) is not None
    assert client_of(text, [text, "10.0.0.1"], networks(["10.0.0.0/8"])) is not text
