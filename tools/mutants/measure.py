"""pytest plugin: which lines of the product each test runs, and how long it takes.

A fixture that several tests share is a context of its own: each of them depends on what it ran. Programs that a test
starts are traced too, under the name of the test that started them.
"""

import json
import os
from contextlib import contextmanager

import coverage
import pytest

_tests: dict[str, dict] = {}
_contexts: list[str] = []


def _switch(name: str) -> None:
    running = coverage.Coverage.current()
    assert running, "this plugin works under coverage run"
    running.switch_context(name)


@contextmanager
def _context(name: str):
    _contexts.append(name)
    _switch(name)
    try:
        yield
    finally:
        _contexts.pop()
        _switch(_contexts[-1] if _contexts else "")


def _shared(definition) -> str | None:
    """The context of a fixture, None where each test has its own."""
    return None if definition.scope == "function" else f"fixture {definition.baseid}::{definition.argname}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    definitions = [d[-1] for d in item._fixtureinfo.name2fixturedefs.values()]
    fixtures = sorted(name for d in definitions if (name := _shared(d)))
    _tests[item.nodeid] = {"seconds": 0.0, "outcome": "passed", "fixtures": fixtures}
    with _context(item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    name = _shared(fixturedef)
    if not name:
        return (yield)
    with _context(name):
        return (yield)


def pytest_runtest_logreport(report):
    found = _tests[report.nodeid]
    found["seconds"] += report.duration
    if report.outcome != "passed":
        found["outcome"] = report.outcome


def pytest_sessionfinish():
    with open(os.environ["MEASURED_TESTS"], "w") as f:
        json.dump(_tests, f)
