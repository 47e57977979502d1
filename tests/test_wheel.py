"""A wheel carries all that a checkout runs on: code, migrations, templates; and it runs."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

CHECKOUT = Path(__file__).parent.parent
PARTS = ("bot", "docs", "templates", "pyproject.toml", "README.md")
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")  # setuptools leaves its build folder there
    for part in PARTS:
        ignore = shutil.ignore_patterns("__pycache__")
        if (CHECKOUT / part).is_dir():
            shutil.copytree(CHECKOUT / part, source / part, ignore=ignore)
        else:
            shutil.copy(CHECKOUT / part, source)
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir"]
    subprocess.run([*PIP, *build, folder, source], check=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def test_a_wheel_carries_code_migrations_templates_and_the_guide(source: Path, wheel: Path) -> None:
    carried = {name for name in ZipFile(wheel).namelist() if name.startswith("bot/")}
    code = {f.relative_to(source).as_posix() for f in (source / "bot").rglob("*.py")}
    templates = {
        f"bot/{f.relative_to(source).as_posix()}"
        for f in (source / "templates").rglob("*")
        if f.is_file()
    }
    assert carried == code | templates | {"bot/docs/so-tay-co-quan.md"}


def test_what_was_installed_from_a_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    """Away from any checkout; what it depends on is borrowed from where these tests run."""
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = str(place / "bin/python")
    install = ["--python", python, "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*PIP, *install], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("BOT_", "PYTHON"))}

    def bot(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [place / "bin/bot", "--home", tmp_path / "home", *words],
            capture_output=True, text=True, cwd=tmp_path, env=variables,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout

    where = [python, "-c", "import bot; print(bot.__file__)"]
    shown = subprocess.run(where, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert shown.stdout.startswith(str(packages))

    bot("forms", "forms")
    assert (tmp_path / "forms/mau-01.pdf").read_bytes().startswith(b"%PDF")
    bot("init", "--demo-root")
    checks = json.loads(bot("doctor", "--json", code=1))
    wrong = {check["part"] for check in checks if not check["says"].startswith("ok")}
    assert wrong == {"CRL", "OCSP", "power", "trust", "agencies"}
