"""What `pip install .` gives: the wheel is built as pip builds it, installed into an empty environment and run there.

In: the checkout. Out: a wheel in a temporary folder that carries the binary, the licences and nothing else; a source
distribution from which cargo could build. The profile is that of `make run`, so that only nayose itself is compiled.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, **options) -> str:
    """Runs a command, which has to succeed; answers its stdout."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options)
    assert done.returncode == 0, command
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        dist, fresh = Path(folder) / "dist", Path(folder) / "fresh"
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(dist), str(ROOT))
        (wheel,) = dist.glob("nayose-*-py3-none-*.whl")
        version = wheel.name.split("-")[1]
        names = zipfile.ZipFile(wheel).namelist()
        assert f"nayose-{version}.data/scripts/nayose" in names, names
        assert any(n.endswith("LICENSE") for n in names) and any("names.LICENSES" in n for n in names), names
        print(f"{wheel.name}: {wheel.stat().st_size / 2**20:.0f} MiB")

        # Nothing but the wheel: no network, no cargo, no checkout.
        venv.create(fresh, with_pip=True)
        run(str(fresh / "bin/pip"), "install", "--quiet", "--no-index", str(wheel))
        env = {"PATH": str(fresh / "bin"), "HOME": folder}
        assert run("nayose", "--version", env=env).split()[:2] == ["nayose", version]
        run("nayose", "generate", "--people", "200", "--seed", "7", "--out", "input", env=env, cwd=folder)
        pipeline = str(ROOT / "pipelines/retail/pipeline.yaml")
        run("nayose", "run", pipeline, "--input", f"{folder}/input", "--lake", f"{folder}/lake", env=env, cwd=folder)
        counted = run(
            "nayose", "sql", "--format", "csv", "select count(*) > 0 from golden_customer", env=env, cwd=folder
        )
        assert counted.splitlines()[-1] == "true", counted

        run(str(Path(sys.executable).parent / "maturin"), "sdist", "--out", str(dist), cwd=ROOT)
        (sdist,) = dist.glob(f"nayose-{version}.tar.gz")
        with tarfile.open(sdist) as archive:
            packed = {name.split("/", 1)[1] for name in archive.getnames()}
        tracked = set(run("git", "ls-files", "src", "Cargo.toml", "Cargo.lock", "pipelines", cwd=ROOT).splitlines())
        assert tracked <= packed, sorted(tracked - packed)
        assert not [name for name in packed if name.startswith("sample_data/")], "the sample is not for the index"
        print(f"{sdist.name}: {sdist.stat().st_size / 2**20:.1f} MiB, {len(packed)} files")
    print("2 passed, 0 failed")


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
