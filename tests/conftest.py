"""One Hypothesis profile for all tests (no deadline, since a busy machine is not an error; the failing example is
printed as code), and what many rooms look at: the default run, played once, and the command as a person calls it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

settings.register_profile(
    "yilian", deadline=None, max_examples=60, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("yilian")


def call(*arguments: object) -> Result:
    """`yilian ARGUMENTS` within this process, in English unless told otherwise."""
    from refimpl.cli import main

    return CliRunner(env={"LC_ALL": "C"}).invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def yilian() -> Callable[..., Result]:
    """The command, as a function."""
    return call


@pytest.fixture(scope="session")
def played():
    """What the default run came to."""
    from refimpl.scenarios.performance import perform

    return perform("referral", None, None, 0)


@pytest.fixture(scope="session")
def told():
    """What a scenario came to, by name; each is played once."""
    from functools import cache

    from refimpl.scenarios.performance import perform

    return cache(lambda name: perform(name, None, None, 0))


@pytest.fixture(scope="session")
def records_ledger(tmp_path_factory) -> Path:
    """The ledger's file that `yilian run records` left."""
    folder = tmp_path_factory.mktemp("records")
    assert call("run", "records", "--out", folder).exit_code == 0
    return folder / "records" / "ledger.sqlite"


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """The folder that `yilian run` left, with what it printed as `printed.json`."""
    folder = tmp_path_factory.mktemp("run")
    done = call("run", "--json", "--out", folder)
    assert done.exit_code == 0, done.output
    (folder / "printed.json").write_text(done.stdout)
    return folder


@pytest.fixture(scope="session")
def printed(results):
    """The object that `yilian run --json` printed."""
    return json.loads((results / "printed.json").read_text())


@pytest.fixture
def ledger(results) -> Path:
    """The ledger that `yilian run` left; not to be written."""
    return results / "referral" / "ledger.sqlite"
