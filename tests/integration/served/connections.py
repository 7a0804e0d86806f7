"""Connections to the balancer, and what haproxy logs about them.

    connections.py log FILE PIDS        writes what comes to 127.0.0.1:514 into FILE, with a NUL byte behind each
    connections.py open NUMBER          opens connections, a fifth of which get no handshake
    connections.py names                opens one for each TLS name that it reads, a line of hex for each

`open` prints a line for each connection: its address and port, and how it went. A request asks for that, too.
"""

import os
import socket
import ssl
import struct
import sys
import time

BALANCER = ("10.0.0.10", 443)
# One for each process. Each port is used once.
SOURCES = ["10.0.1.1", "10.0.1.2", "10.0.1.3"]
FIRST_PORT = 10_000


def hello(name, versions=b"\x03\x04\x03\x03", version=b"\x03\x03"):
    inner = struct.pack("!BH", 0, len(name)) + name
    inner = struct.pack("!H", len(inner)) + inner
    extensions = struct.pack("!HH", 0, len(inner)) + inner
    if versions:
        extensions += struct.pack("!HHB", 43, len(versions) + 1, len(versions)) + versions
    body = version + os.urandom(32) + b"\0\0\2\xc0\x2f\1\0" + struct.pack("!H", len(extensions)) + extensions
    body = b"\1" + struct.pack("!I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack("!H", len(body)) + body


FAILED = {
    "version": hello(b"a.test", b"", b"\x03\x01"),
    "garbage": b"\x80\x99 garbage\r\n\r\n",
    "early": hello(b"a.test")[:40],
    # nginx answers this one, and so logs it.
    "plain": b"GET /IT HTTP/1.0\r\n\r\n",
}


def connect(source, number):
    connection = socket.create_connection(BALANCER, 60, (source, FIRST_PORT + number))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def until_closed(connection):
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass


def fail(number, kind):
    with connect(SOURCES[0], number) as connection:
        name = "%s:%d" % connection.getsockname()
        connection.sendall(FAILED[kind].replace(b"IT", name.encode()))
        # The balancer closes it when nginx has, and nginx has logged it by then: one after the other.
        connection.shutdown(socket.SHUT_WR)
        until_closed(connection)
    # haproxy's times are in milliseconds.
    time.sleep(0.002)
    return f"{name} {kind}"


def request(source, number, context, session):
    connection = connect(source, number)
    name = "%s:%d" % connection.getsockname()
    with context.wrap_socket(connection, server_hostname="a.test", session=session) as tls:
        session = tls.session
        tls.sendall(f"GET /{name} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n".encode())
        until_closed(tls)
    return f"{name} served", session


def requests(source, count):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # Resumed sessions of this version cost the least.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    lines, session = [], None
    for number in range(count):
        line, session = request(source, number, context, session)
        lines.append(line)
    return lines


def forked(work):
    ours, theirs = os.pipe()
    if not os.fork():
        with os.fdopen(theirs, "w") as out:
            out.write("\n".join(work()))
        os._exit(0)
    os.close(theirs)
    return ours


def open_all(count):
    failed = count // 5
    kinds = list(FAILED)
    works = [
        lambda: [fail(number, kinds[number // 3 % len(kinds)]) for number in range(failed)],
        lambda: requests(SOURCES[1], (count - failed) // 2),
        lambda: requests(SOURCES[2], count - failed - (count - failed) // 2),
    ]
    for pipe in [forked(work) for work in works]:
        with os.fdopen(pipe) as lines:
            print(lines.read())


def log(path, pids):
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # Nothing is lost while this program waits for its turn.
    receiver.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
    receiver.bind(("127.0.0.1", 514))
    child = os.fork()
    if child:
        with open(pids, "a") as file:
            file.write(f"{child}\n")
        return
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    with open(path, "ab", 0) as file:
        while True:
            file.write(receiver.recv(65536) + b"\0")


def names():
    for line in sys.stdin:
        with socket.create_connection(BALANCER, 60) as connection:
            connection.sendall(hello(bytes.fromhex(line)))
            until_closed(connection)


def main():
    task, *rest = sys.argv[1:]
    {"log": log, "open": lambda count: open_all(int(count)), "names": names}[task](*rest)


main()
