"""The processes of a Ray that a test started, to be killed: no others of the same name that run here."""

import subprocess


def below(*roots: int) -> dict[int, str]:
    """Processes that some processes began, and those that these began -> their names."""
    command = ["ps", "-eo", "pid,ppid,args", "--no-headers"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [line.split(maxsplit=2) for line in lines]
    found: dict[int, str] = {}
    wanted = set(roots)
    while wanted:
        new = {int(pid): name for pid, parent, name in rows if int(parent) in wanted and int(pid) not in found}
        found |= new
        wanted = set(new)
    return found


def named(name: str, *roots: int) -> list[int]:
    """Those of a name, in rising order."""
    return sorted(pid for pid, words in below(*roots).items() if words.startswith(f"ray::{name}"))
