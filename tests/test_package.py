"""After pip install -e . every command is found from any folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from tests.conftest import ROOT

COMMANDS = [
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__main__")
    for top in ("host", "tools", "bench")
    for path in sorted((ROOT / top).rglob("*.py"))
    if 'if __name__ == "__main__":' in path.read_text()
]
BUILD = "import sys; from setuptools.build_meta import build_editable; build_editable(sys.argv[1])"
# the interpreter as it is without this project's own installation, then with the one that was built
SETUP = "import site, sys; site.addsitedir({site!r}); sys.path.append({libraries!r}); "


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> list[str]:
    """What runs Python with an editable installation of the folders that this pyproject.toml declares."""
    project, site = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("site")
    for name in ("pyproject.toml", "README.md", "host", "tools", "bench"):
        (project / name).symlink_to(ROOT / name)
    subprocess.run([sys.executable, "-c", BUILD, site], cwd=project, check=True, capture_output=True, timeout=120)
    for wheel in site.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(site)
    setup = SETUP.format(libraries=sysconfig.get_path("purelib"), site=str(site))
    return [sys.executable, "-I", "-S", "-c", setup]


def ran(installed: list[str], code: str, folder) -> str:
    command = [*installed[:-1], installed[-1] + code]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_is_found_from_any_folder(installed, tmp_path):
    assert {"host.train", "host.inspect", "tools.deploy", "tools.mutants", "bench.speed"} <= set(COMMANDS)
    code = f"import importlib.util as u; print([name for name in {COMMANDS} if not u.find_spec(name)])"
    assert ran(installed, code, tmp_path) == "[]\n"


def test_a_command_runs_from_any_folder(installed, tmp_path):
    code = f"import runpy; sys.argv = ['inspect', {str(ROOT / 'models' / 'small.bin')!r}]; "
    code += "runpy.run_module('host.inspect', run_name='__main__', alter_sys=True)"
    assert "_silence_" in ran(installed, code, tmp_path)
