"""A PostgreSQL server of the tests' own, in a temporary folder."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


def programs() -> Path | None:
    """The folder of initdb and pg_ctl: on the path, or where Debian has it."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def keeper() -> str | None:
    """Who runs the server, which refuses to be run by root: then the package's own user; None if nobody can."""
    if os.getuid():
        return pwd.getpwuid(os.getuid()).pw_name
    return next((each.pw_name for each in pwd.getpwall() if each.pw_name == "postgres"), None)


@contextmanager
def server() -> Iterator[str]:
    """Run a server; gives the address of its databases, without a name at the end."""
    folder, binaries, user = Path(mkdtemp(prefix="fdemd-pg-")), programs(), keeper()
    assert binaries is not None and user is not None
    data = folder / "data"

    def run(*command: object) -> None:
        words = [str(word) for word in command]
        as_user = ["runuser", "-u", user, "--"] if not os.getuid() else []
        subprocess.run([*as_user, *words], check=True, capture_output=True, cwd=folder)

    try:
        shutil.chown(folder, user)
        run(binaries / "initdb", "-D", data, "-U", "fdemd", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c unix_socket_directories={folder}"
        run(binaries / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start")
        try:
            yield f"postgresql://fdemd@/{{}}?host={folder}"
        finally:
            run(binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
