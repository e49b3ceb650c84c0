"""Why a token, a visa or a key proves nothing: words for the log alone."""

from __future__ import annotations

from enum import StrEnum


class Doubt(StrEnum):
    """One check that failed."""

    NO_ISSUERS = "no-issuers"
    SCHEME = "scheme"
    TOO_LONG = "too-long"
    MALFORMED = "malformed"
    CRITICAL = "critical-header"
    ALGORITHM = "algorithm"
    NO_KEY_ID = "no-key-id"
    UNKNOWN_KEY = "unknown-key"
    SIGNATURE = "signature"
    TYPE = "type"
    ISSUER = "issuer"
    NO_ACCESS_TOKEN = "no-access-token"  # noqa: S105 - a word, no secret
    CLAIM = "claim"
    EXPIRED = "expired"
    TOO_OLD = "too-old"
    FUTURE = "from-the-future"
    NOT_YET = "not-yet"
    AUDIENCE = "audience"
    SCOPE = "scope"
    ACR = "acr"
    REVOKED = "revoked"
    NETWORK = "network"
    SUBJECT = "subject"
    KEY_PLACE = "key-place"
    CONDITIONS = "conditions"
    VISA = "visa"
    STATE = "state"
    CODE = "code"
    CLIENT = "client"
    NONCE = "nonce"
    DENIED = "denied"
    NO_LOGIN = "no-login"
    COOKIE = "cookie"
    ENDED = "ended"
    VERSION = "version"
