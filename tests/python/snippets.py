"""The Python of docs/analyst.md, run as it stands there: each block in a folder that has the sample lake as `lake`.

Usage: snippets.py PATH_OF_NAYOSE. Every block prints the number of customers, which is held against the lake's own.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(nayose: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/analyst.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4, "docs/analyst.md has its snippets"

    with tempfile.TemporaryDirectory() as folder:

        def run(*command: str) -> str:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, f"{command}:\n{done.stderr}"
            return done.stdout.strip()

        run(nayose, "run", str(ROOT / "pipelines/retail/pipeline.yaml"), "--lake", "lake", "--log", "json")
        # As the page says before its snippets.
        run(nayose, "export", "golden_customer", "--format", "parquet", "--to", "golden.parquet")
        expected = run(nayose, "sql", "--format", "csv", "select count(*) from golden_customer").splitlines()[-1]
        for block in blocks:
            printed = run(sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", block)
            assert printed == expected, f"{printed!r} customers instead of {expected}:\n{block}"
    print(f"{len(blocks)} passed, 0 failed")


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
