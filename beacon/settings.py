"""Settings: one frozen value, read here and handed down.

Three places, the later one winning: ``beacon.toml``, the environment
(``BEACON_…``), the command line.  Only ``cli`` and ``app`` read settings; the
floors below receive plain values.  An unknown key is an error, because a
setting that is silently ignored is a setting that is silently wrong.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from platformdirs import user_data_dir
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from beacon.model.assemblies import find_assembly
from beacon.model.errors import UsageError
from beacon.model.hosts import is_loopback
from beacon.toml_form import meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

Origin = Annotated[
    str, Field(pattern=r"^(\*|https?://[a-zA-Z0-9.-]+(:[0-9]{1,5})?)$", max_length=253)
]
Values = dict[str, object]
"""Nested settings as a file, an environment or a command line gives them."""

_PREFIX = "BEACON_"
_TO = "_to_"
_PATHS: dict[str, frozenset[str] | None] = {
    "references": None,
    "liftover": None,
    "policy": frozenset({"file", "secret_file"}),
    "network": frozenset({"peers"}),
    "server": frozenset({"access_log"}),
    "audit": frozenset({"folder"}),
    "scout": frozenset({"token_file", "root", "key_file"}),
}
"""The sections that hold paths, and under which keys (``None``: all of them)."""
_NO_PATHS = frozenset({"off", "-"})
"""What stands where a path may, and is none."""


class _Section(BaseModel):
    """What every section shares: it does not change, and it knows its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganisationSettings(_Section):
    """Who answers for this beacon."""

    id: str = Field(
        default="org.example", description="Identifier of the organisation."
    )
    name: str = Field(
        default="Example organisation", description="Its name, as people say it."
    )
    welcome_url: str | None = Field(default=None, description="Its home page.")
    contact_url: str | None = Field(
        default=None,
        description="Where to ask questions: a page or a `mailto:` address.",
    )
    logo_url: str | None = Field(
        default=None, description="Its logo; absent, the one of this software."
    )


class BeaconSettings(_Section):
    """What this beacon says of itself."""

    id: str = Field(
        default="org.example.nordic-beacon",
        description="Identifier of this beacon, a reversed domain name.",
    )
    name: str = Field(default="Nordic Beacon", description="Name shown to people.")
    description: str | None = Field(
        default=None, description="What is in it, in a sentence."
    )
    environment: Literal["prod", "test", "dev", "staging"] = Field(
        default="dev", description="`prod`, `test`, `dev` or `staging`."
    )
    public_url: str | None = Field(
        default=None,
        description="Address under which others reach it; needed behind a proxy.",
    )
    organisation: OrganisationSettings = OrganisationSettings()


class ServerSettings(_Section):
    """How the server listens and what it puts up with."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=5050,
        ge=0,
        le=65535,
        description="Port to listen on; 0 takes a free one.",
    )
    workers: int = Field(default=1, ge=1, le=256, description="Processes that answer.")
    body_limit: int = Field(
        default=1_048_576, ge=1024, description="Largest request body, in bytes."
    )
    annotate_limit: int = Field(
        default=1_073_741_824,
        ge=1024,
        description="Largest VCF that `POST /annotate` takes, in bytes as it is sent.",
    )
    annotate_records: int = Field(
        default=10_000_000, ge=1, description="Most records of such a VCF."
    )
    deadline: float = Field(
        default=4.5,
        gt=0,
        le=600,
        description="Seconds after which a question is given up.",
    )
    request_deadline: float = Field(
        default=30.0,
        gt=0,
        le=3600,
        description=(
            "Seconds after which a whole request is given up: its body, its waiting "
            "and its answer.  Batches and other streams may take longer."
        ),
    )
    concurrency: int = Field(
        default=256,
        ge=1,
        le=100_000,
        description="Requests that each process answers at once.",
    )
    queue: int = Field(
        default=1024,
        ge=0,
        le=1_000_000,
        description=(
            "Requests that wait for it, in each process; what comes beyond is told to "
            "come again (503)."
        ),
    )
    keep_alive: float = Field(
        default=75.0,
        gt=0,
        le=86_400,
        description=(
            "Seconds that a connection stays open without a request; longer than a "
            "proxy in front keeps it."
        ),
    )
    access_log: str = Field(
        default="off",
        min_length=1,
        description=(
            "A JSON line a request, without what was asked or by whom: a file, `-` for "
            "standard error, or `off`."
        ),
    )
    proxies: tuple[str, ...] = Field(
        default=(),
        description=(
            "Networks of proxies that are believed when they tell a client's address "
            "in `X-Forwarded-For`; its /24 or /48 has the budgets of who does not log "
            "in."
        ),
    )
    cors: tuple[Origin, ...] = Field(
        default=("*",),
        description=(
            "Origins whose pages may read answers, `https://portal.example.org`; `*`:"
            " everybody's, `[]`: nobody's but our own."
        ),
    )
    strict_filters: bool = Field(
        default=False,
        description=(
            "Refuse a question with a filter that nothing here answers to, instead of "
            "answering that nothing matches.  `strict` in a request decides for it."
        ),
    )

    @field_validator("proxies")
    @classmethod
    def _accept_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ipaddress.ip_network(each)
        return value

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


class StoreSettings(_Section):
    """Where the data is kept."""

    uri: SecretStr | None = Field(
        default=None,
        description=(
            "`mongodb://…` of a MongoDB; absent, an embedded one is started in the "
            "data directory.  Also `BEACON_STORE` and `--store`."
        ),
    )
    patience: float = Field(
        default=0.28,
        gt=0,
        le=10,
        description=(
            "Seconds that the primary may be silent while budgets and ledgers of the "
            "policy are written; then a question gets no answer (503)."
        ),
    )


class ReferenceSettings(_Section):
    """Genomes that questions are left-aligned with."""

    grch37: Path | None = Field(
        default=None,
        alias="GRCh37",
        description="Indexed FASTA of GRCh37 (plain or bgzipped).",
    )
    grch38: Path | None = Field(
        default=None, alias="GRCh38", description="Indexed FASTA of GRCh38."
    )
    t2t_chm13: Path | None = Field(
        default=None, alias="T2T-CHM13", description="Indexed FASTA of T2T-CHM13."
    )

    @model_validator(mode="before")
    @classmethod
    def _accept_any_name(cls, values: object) -> object:
        """Read ``hg38`` as GRCh38, and what an environment can spell of T2T-CHM13."""
        if not isinstance(values, dict):
            return values
        named = (
            (find_assembly(str(k).replace("_", "-")), k, v) for k, v in values.items()
        )
        return {known.name if known else key: value for known, key, value in named}

    def paths(self) -> dict[str, Path]:
        """The genomes that are configured, by canonical assembly name."""
        return {
            field.alias or name: path
            for name, field in type(self).model_fields.items()
            if (path := getattr(self, name)) is not None
        }


def _lifts(source: str, target: str) -> Path | None:
    """Return the field of a chain file."""
    field: Path | None = Field(
        default=None,
        alias=f"{source}_to_{target}",
        description=(
            f"Chain file (plain or gzipped) by which questions on {source} are asked"
            f" of datasets on {target}, too."
        ),
    )
    return field


class LiftoverSettings(_Section):
    """Chain files, by the assemblies they lead from and to."""

    grch37_to_grch38: Path | None = _lifts("GRCh37", "GRCh38")
    grch38_to_grch37: Path | None = _lifts("GRCh38", "GRCh37")
    grch37_to_t2t_chm13: Path | None = _lifts("GRCh37", "T2T-CHM13")
    t2t_chm13_to_grch37: Path | None = _lifts("T2T-CHM13", "GRCh37")
    grch38_to_t2t_chm13: Path | None = _lifts("GRCh38", "T2T-CHM13")
    t2t_chm13_to_grch38: Path | None = _lifts("T2T-CHM13", "GRCh38")

    @model_validator(mode="before")
    @classmethod
    def _accept_any_name(cls, values: object) -> object:
        """Read ``hg19_to_hg38``, and what an environment can spell of T2T-CHM13."""
        if not isinstance(values, dict):
            return values
        return {_pair(str(key)) or key: value for key, value in values.items()}

    def paths(self) -> dict[tuple[str, str], Path]:
        """The files that are configured, by source and target assembly."""
        found = {}
        for name, field in type(self).model_fields.items():
            source, _, target = (field.alias or name).partition(_TO)
            path = getattr(self, name)
            if path is not None:
                found[source, target] = path
        return found


def _pair(key: str) -> str | None:
    """Return the key of a chain file by any names of its assemblies."""
    ends = re.split(_TO, key, flags=re.IGNORECASE)
    known = [find_assembly(end.replace("_", "-")) for end in ends]
    names = [each.name for each in known if each is not None]
    return _TO.join(names) if len(names) == len(ends) == 2 else None


class PolicySettings(_Section):
    """What may be said to whom."""

    file: Path | None = Field(
        default=None,
        description=(
            "Policy file: who may learn what of which dataset.  What it does not list "
            "is not shown."
        ),
    )
    default: Literal["open"] | None = Field(
        default=None,
        description=(
            "`open` shows every dataset to everybody at record granularity; without "
            "it only this machine may be served."
        ),
    )
    secret_file: Path | None = Field(
        default=None,
        description=(
            "The secret that pseudonyms, API keys, noise and the audit are keyed with, "
            "for its owner to read only; absent, `secret` in the data directory, made "
            "when needed.  All servers of one store share it."
        ),
    )

    @property
    def is_given(self) -> bool:
        """Whether the operator has decided what may be said."""
        return self.file is not None or self.default is not None


class AuditSettings(_Section):
    """What is written down of who asked what."""

    folder: Path | None = Field(
        default=None,
        description=(
            "Folder of the audit's files, for this beacon alone.  With a policy file"
            " there is an audit in any case, in `audit` of the data directory unless"
            " this says where; without one, only where this is set."
        ),
    )
    retention_days: int = Field(
        default=1827,
        ge=1,
        description="Days for which `beacon audit prune` leaves lines: five years.",
    )


class NetworkSettings(_Section):
    """Other beacons."""

    peers: Path | None = Field(
        default=None,
        description=(
            "Peers file (TOML): the beacons that `/network` asks beside this one; it is"
            " read again when it changes.  Absent, `/network` asks this one alone."
        ),
    )


class ScoutSettings(_Section):
    """A listener of its own for Scout, the clinical interpretation tool."""

    port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description=(
            "Port on which `beacon serve` takes submissions of Scout and tells it what"
            " has been observed; absent, there is no such listener."
        ),
    )
    host: str = Field(default="127.0.0.1", description="Address that it listens on.")
    token_file: Path | None = Field(
        default=None,
        description=(
            "The token that Scout sends as `X-Auth-Token`, for its owner to read only;"
            " read again when it changes."
        ),
    )
    root: Path | None = Field(
        default=None,
        description="Folder in which the files that are submitted have to lie.",
    )
    store_uri: SecretStr | None = Field(
        default=None,
        description=(
            "`mongodb://…` of the same database for a user who may load, where the one"
            " of `store.uri` may only serve."
        ),
    )
    keep_releases: int | None = Field(
        default=None,
        ge=1,
        description=(
            "Releases that are kept of a dataset that Scout feeds, the latest, where"
            " not all are to be: each load makes one."
        ),
    )
    key_file: Path | None = Field(
        default=None,
        description=(
            "API key by which observations are asked for, for its owner to read only;"
            " absent, Scout is told what anybody is."
        ),
    )


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(
        default_factory=lambda: Path(user_data_dir("nordic-beacon")),
        description=(
            "Directory of the embedded MongoDB, and of the journal of withdrawals."
            "  Also `--data-dir`."
        ),
    )
    beacon: BeaconSettings = BeaconSettings()
    server: ServerSettings = ServerSettings()
    store: Annotated[StoreSettings, NoDecode] = StoreSettings()
    references: ReferenceSettings = ReferenceSettings()
    liftover: LiftoverSettings = LiftoverSettings()
    policy: PolicySettings = PolicySettings()
    audit: AuditSettings = AuditSettings()
    network: NetworkSettings = NetworkSettings()
    scout: ScoutSettings = ScoutSettings()

    @property
    def audit_folder(self) -> Path | None:
        """Where the audit is written; ``None``: there is none."""
        if self.audit.folder is None and self.policy.file is not None:
            return self.data_dir / "audit"
        return self.audit.folder

    @property
    def secret_path(self) -> Path:
        """Where the secret is kept, or is made when it is first needed."""
        return self.policy.secret_file or self.data_dir / "secret"

    @property
    def store_uri(self) -> str | None:
        """The address of a named store; ``None`` means the embedded one."""
        uri = self.store.uri
        return None if uri is None else uri.get_secret_value()

    @field_validator("store", mode="before")
    @classmethod
    def _accept_a_bare_uri(cls, value: object) -> object:
        return {"uri": value} if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``read_settings`` merged, and nothing behind its back."""
        return (init_settings,)


def read_settings(config: Path | None, options: Values | None = None) -> Settings:
    """Return the settings of a file, the environment and the command line.

    Raises:
        UsageError: one sentence naming the key and where it was written.
    """
    places: dict[str, Values] = {
        "command line": options or {},
        "environment": _read_environment(),
        str(config): {} if config is None else _read_file(config),
    }
    merged: Values = {}
    for values in reversed(places.values()):
        merged = _merge(merged, values)
    try:
        return Settings.model_validate(merged)
    except ValidationError as failure:
        raise UsageError(_sentence(failure, places)) from None


def _read_file(config: Path) -> Values:
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as failure:
        message = f"{config}: the configuration cannot be read ({failure.strerror})"
        raise UsageError(message) from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        message = f"{config}: this is not TOML: {failure}"
        raise UsageError(message) from failure
    return _anchored(values, config.parent)


def _anchored(values: Values, folder: Path) -> Values:
    """Read the relative paths of a file as seen from that file."""

    def anchor(section: object, keys: frozenset[str] | None) -> object:
        if not isinstance(section, dict):
            return section
        return {
            key: str(folder / value)
            if isinstance(value, str)
            and (keys is None or key in keys)
            and value not in _NO_PATHS
            else value
            for key, value in section.items()
        }

    known = {
        key: anchor(values[key], names)
        for key, names in _PATHS.items()
        if key in values
    }
    return {**values, **known}


def _read_environment() -> Values:
    """Read the ``BEACON_…`` variables.

    Raises:
        UsageError: for one that names a section there is not; a misspelled one
            would be silently without effect.
    """
    sections = {_variable((name,)) for name in Settings.model_fields}
    for variable in sorted(os.environ):
        section, nested, _ = variable.partition("__")
        if nested and section.startswith(_PREFIX) and section.upper() not in sections:
            known = ", ".join(sorted(sections))
            message = f"{variable}: there is no section {section}; known are {known}"
            raise UsageError(message)
    try:
        return dict(EnvSettingsSource(Settings)())
    except SettingsError as failure:
        message = f"environment: {failure}; set the keys of a section one by one"
        raise UsageError(message) from failure


def _merge(under: Values, over: Values) -> Values:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _merge(below, value)
        else:
            merged[key] = value
    return merged


def _sentence(failure: ValidationError, places: dict[str, Values]) -> str:
    """Say the first thing that is wrong, and where it was written."""
    problem = failure.errors(include_url=False, include_input=False)[0]
    path = tuple(str(part) for part in problem["loc"])
    key = ".".join(path)
    where = next(
        (p for p, values in places.items() if _holds(values, path)), "settings"
    )
    if where == "environment":
        where = _variable(path)
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key {key}{_suggestion(path)}"
    reason = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{where}: {key}: {reason}"


def _holds(values: Values, path: tuple[str, ...]) -> bool:
    value: object = values
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


def _variable(path: tuple[str, ...]) -> str:
    return _PREFIX + "__".join(path).upper().replace("-", "_")


def _suggestion(path: tuple[str, ...]) -> str:
    model: type[BaseModel] = Settings
    for part in path[:-1]:
        section = _section_of(model.model_fields[part])
        if section is None:
            return ""
        model = section
    return meant(path[-1], model)


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return None


class SettingRow(NamedTuple):
    """One setting, as the reference page lists it."""

    key: str
    variable: str
    default: str
    meaning: str


def rows(
    model: type[BaseModel] = Settings, above: tuple[str, ...] = ()
) -> Iterator[SettingRow]:
    """Yield every setting, section by section."""
    for name, field in model.model_fields.items():
        section = _section_of(field)
        if section is not None:
            yield from rows(section, (*above, name))
            continue
        default = "the platform's user data directory"
        if field.default_factory is None:
            default = "none" if field.default is None else f"`{field.default}`"
        yield SettingRow(
            key=".".join((*above, field.alias or name)),
            variable=_variable((*above, name)),
            default=default,
            meaning=field.description or "",
        )


def settings_table() -> str:
    """Return every setting as a Markdown table, as ``docs/settings.md`` shows it."""
    head = "| Key | Environment | Default | Meaning |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{row.key}` | `{row.variable}` | {row.default} | {row.meaning} |\n"
        for row in rows()
    )
