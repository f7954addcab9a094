"""A served lake for the tests of the Postgres protocol: a sample, two runs, three logins, one process."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

NAYOSE = os.environ.get("NAYOSE", "target/debug/nayose")
KEY = "a secret of at least sixteen characters"
PASSWORD = "correct horse battery staple"


def run(*arguments, **options):
    """What a command prints; an error where it fails."""
    options.setdefault("check", True)
    done = subprocess.run([NAYOSE, *map(str, arguments)], capture_output=True, text=True, **options)
    return done.stdout


class Server:
    """The process with its addresses and logins."""

    def __init__(self, folder, *flags, lake=None, key=KEY):
        self.folder = Path(folder)
        self.lake = Path(lake or self.folder / "lake")
        self.logins = self.folder / "logins.json"
        for name, more in {
            "bi": [],
            "ana": ["--database", "analyst", "--purpose", "churn"],
        }.items():
            run("serve", "add-login", name, "--password-stdin", "--logins", self.logins, *more, input=PASSWORD)
        environment = {**os.environ, "NAYOSE_PROFILE_KEY": key}
        command = [NAYOSE, "serve", "--lake", self.lake, "--listen", "127.0.0.1:0", "--pg", "127.0.0.1:0"]
        command += ["--pg-logins", self.logins, *flags]
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment, cwd=self.folder
        )
        self.port = None
        for line in self.process.stdout:
            found = re.search(r"postgresql://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                break
        assert self.port, "the process told no address"

    def dsn(self, name="bi", database="nayose", password=PASSWORD, **more):
        """What psycopg connects with."""
        parts = {"host": "127.0.0.1", "port": self.port, "user": name, "dbname": database, "password": password, **more}
        return " ".join(f"{k}='{v}'" for k, v in parts.items())

    def url(self, driver="psycopg", name="bi", database="nayose"):
        """What SQLAlchemy connects with."""
        return f"postgresql+{driver}://{name}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


@contextlib.contextmanager
def served(*flags, lake=None, **options):
    """A server over a copy of a lake, or over a sample that is run now."""
    folder = Path(tempfile.mkdtemp(prefix="nayose-pg-"))
    try:
        copy = folder / "lake"
        shutil.copytree(lake or os.environ["NAYOSE_LAKE"], copy)
        server = Server(folder, *flags, lake=copy, **options)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
