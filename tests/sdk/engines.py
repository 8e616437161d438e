"""What many pairs share: a real PostgreSQL, and a real Redis, which may be behind TLS."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from control import soon

#: PostgreSQL refuses to run as root; this user is nobody's everywhere.
NOBODY = 65534
SETTINGS = {"listen_addresses": "", "fsync": "off", "shared_buffers": "32MB"}


@contextmanager
def redis(folder):
    """The port of an empty Redis."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [os.environ["REDIS_BIN"], "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            yield port
        finally:
            server.kill()


@contextmanager
def sealed(port, folder):
    """The port at which the server at `port` is spoken to by TLS, with the certificate in `folder`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    loop = asyncio.new_event_loop()

    async def one_way(reader, writer):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def both_ways(reader, writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(one_way(reader, server_writer), one_way(server_reader, writer), return_exceptions=True)

    server = loop.run_until_complete(asyncio.start_server(both_ways, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@contextmanager
def postgres():
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
