"""The page of all settings is generated, and in step with the models."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_settings_is_in_step_with_the_models() -> None:
    command = [sys.executable, str(ROOT / "tools" / "settings_doc.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert (result.returncode, result.stderr) == (0, ""), result.stdout
