"""A real PostgreSQL: in a folder of its own, behind a socket in it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from control import soon

#: PostgreSQL refuses to run as root; this user is nobody's everywhere.
NOBODY = 65534
SETTINGS = {"listen_addresses": "", "fsync": "off", "shared_buffers": "32MB"}


@contextlib.contextmanager
def serving():
    """The URL of an empty database."""
    # the name of a socket may not be long
    folder = Path(tempfile.mkdtemp(prefix="attache-pg-"))
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if who:
        os.chown(folder, NOBODY, NOBODY)
    try:
        programs, data = Path(os.environ["POSTGRES_BIN"]), folder / "data"
        made = [programs / "initdb", "-A", "trust", "-U", "attache", "-E", "UTF8", "--locale=C", "--no-sync", "-D", data]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, **who)
        settings = {**SETTINGS, "unix_socket_directories": folder}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen([programs / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **who)
        try:
            soon(lambda: "ready to accept connections" in (folder / "log").read_text(), seconds=20)
            yield f"postgres:///postgres?host={folder}&user=attache"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait()
    finally:
        shutil.rmtree(folder)
