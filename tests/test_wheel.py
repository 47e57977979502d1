"""A wheel carries all that a checkout runs on: code, migrations, templates."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

CHECKOUT = Path(__file__).parent.parent
PARTS = ("bot", "templates", "pyproject.toml", "README.md")


def test_a_wheel_carries_code_migrations_and_templates(tmp_path: Path) -> None:
    source = tmp_path / "source"  # setuptools leaves its build folder where it builds
    source.mkdir()
    for part in PARTS:
        ignore = shutil.ignore_patterns("__pycache__")
        if (CHECKOUT / part).is_dir():
            shutil.copytree(CHECKOUT / part, source / part, ignore=ignore)
        else:
            shutil.copy(CHECKOUT / part, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "--wheel-dir", tmp_path, source], check=True)

    (wheel,) = tmp_path.glob("*.whl")
    carried = {name for name in ZipFile(wheel).namelist() if name.startswith("bot/")}

    code = {f.relative_to(source).as_posix() for f in (source / "bot").rglob("*.py")}
    templates = {
        f"bot/{f.relative_to(source).as_posix()}"
        for f in (source / "templates").rglob("*")
        if f.is_file()
    }
    assert carried == code | templates
