"""Settings: three places, one winner, and a sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.model.errors import UsageError
from beacon.settings import read_settings

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the settings of whoever runs the tests out of the environment."""
    for name in ("BEACON_CONFIG", "BEACON_DATA_DIR", "BEACON_STORE"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    """Write a settings file."""
    path = folder / "beacon.toml"
    path.write_text(text)
    return path


def test_defaults_serve_this_machine_only() -> None:
    """Without any setting the server listens on loopback, port 5050."""
    settings = read_settings(None)

    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 5050)
    assert settings.server.is_loopback
    assert not settings.policy.is_given
    assert settings.store_uri is None
    assert settings.data_dir.name == "nordic-beacon"


def test_later_place_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment wins over the file, and the command line over both."""
    path = written(tmp_path, "[server]\nport = 1\nworkers = 2\nhost = '10.0.0.1'\n")
    monkeypatch.setenv("BEACON_SERVER__PORT", "3")
    monkeypatch.setenv("BEACON_SERVER__WORKERS", "4")
    settings = read_settings(path, {"server": {"port": 5}})

    assert settings.server.port == 5
    assert settings.server.workers == 4
    assert settings.server.host == "10.0.0.1"


def test_short_names_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """``BEACON_STORE`` and ``BEACON_DATA_DIR`` say what their options say."""
    monkeypatch.setenv("BEACON_STORE", "mongodb://user:secret@db/beacon")
    monkeypatch.setenv("BEACON_DATA_DIR", "/srv/beacon")
    settings = read_settings(None)

    assert settings.store_uri == "mongodb://user:secret@db/beacon"
    assert settings.data_dir == Path("/srv/beacon")
    assert "user:secret" not in repr(settings)


def test_references_by_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Assemblies have their usual names; a file's relative paths start there."""
    monkeypatch.setenv("BEACON_REFERENCES__T2T_CHM13", "/ref/chm13.fa")
    path = written(tmp_path, "[references]\nhg19 = 'a.fa'\nGRCh38 = '/ref/b.fa'\n")
    settings = read_settings(path)

    assert settings.references.paths() == {
        "GRCh37": tmp_path / "a.fa",
        "GRCh38": Path("/ref/b.fa"),
        "T2T-CHM13": Path("/ref/chm13.fa"),
    }


def test_chain_files_by_any_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both assemblies of a chain file have their usual names."""
    monkeypatch.setenv("BEACON_LIFTOVER__GRCH38_TO_T2T_CHM13", "/a.chain")
    path = written(tmp_path, "[liftover]\nhg19_to_hg38 = 'b.chain.gz'\n")
    settings = read_settings(path)

    assert settings.liftover.paths() == {
        ("GRCh37", "GRCh38"): tmp_path / "b.chain.gz",
        ("GRCh38", "T2T-CHM13"): Path("/a.chain"),
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[liftover]\nhg19_to_mm10 = 'x'",
            "unknown key liftover.hg19_to_mm10; known are GRCh37_to_GRCh38,"
            " GRCh38_to_GRCh37, GRCh37_to_T2T-CHM13, T2T-CHM13_to_GRCh37,"
            " GRCh38_to_T2T-CHM13, T2T-CHM13_to_GRCh38",
        ),
        ("[server]\nprot = 1", "unknown key server.prot; did you mean port?"),
        ("[serve]\nport = 1", "unknown key serve; did you mean server?"),
        (
            "[beacon.organisation]\nfoo = 1",
            "unknown key beacon.organisation.foo; "
            "known are id, name, welcome_url, contact_url, logo_url",
        ),
        (
            "[references]\nmm10 = 'x'",
            "unknown key references.mm10; known are GRCh37, GRCh38, T2T-CHM13",
        ),
        (
            "[server]\nport = 70000",
            "server.port: input should be less than or equal to 65535",
        ),
        ("[policy]\ndefault = 'closed'", "policy.default: input should be 'open'"),
        ("x = [", "this is not TOML: Invalid value (at end of document)"),
    ],
)
def test_mistake_in_the_file_is_named_with_the_file(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """A mistake in a file is one sentence naming the file and the key."""
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_settings(path)

    assert str(caught.value) == f"{path}: {sentence}"


def test_mistake_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mistake in the environment names the variable."""
    monkeypatch.setenv("BEACON_SERVER__PROT", "1")
    with pytest.raises(UsageError) as caught:
        read_settings(None)

    assert str(caught.value) == (
        "BEACON_SERVER__PROT: unknown key server.prot; did you mean port?"
    )


def test_section_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelled section in the environment is an error, not silence."""
    monkeypatch.setenv("BEACON_SERVR__PORT", "1")
    with pytest.raises(UsageError, match="BEACON_SERVR__PORT: there is no section"):
        read_settings(None)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A settings file that cannot be read is one sentence."""
    missing = tmp_path / "none.toml"
    with pytest.raises(UsageError) as caught:
        read_settings(missing)

    assert str(caught.value).startswith(f"{missing}: ")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - an example, nothing listens
        ("::", False),
        ("beacon.example.org", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(
    host: str, *, is_loopback: bool
) -> None:
    """Only addresses of this machine count as loopback; a name is not one."""
    settings = read_settings(None, {"server": {"host": host}})

    assert settings.server.is_loopback == is_loopback
