"""Opens connections, and tells how many of them stay open.

    shield.py ADDRESS:PORT [COMMAND]

Each line of standard input is a source, a number of connections, and the client in their PROXY header, if they have one; for
each it prints how many are open at the end. A header of `UNKNOWN` names no client. The command runs while they are open.
"""

import socket
import subprocess
import sys
import time


def header(client):
    if client == "UNKNOWN":
        return b"PROXY UNKNOWN\r\n"
    six = ":" in client
    return f"PROXY TCP{6 if six else 4} {client} {'fd00::1' if six else '10.0.0.1'} 4000 443\r\n".encode()


def opened(to, source, client):
    # One after the other: haproxy has several threads.
    time.sleep(0.005)
    try:
        connection = socket.create_connection(to, 20, (source, 0))
        connection.sendall(header(client) if client else b"")
    except OSError:
        return None
    return connection


def is_open(connection):
    try:
        connection.setblocking(False)
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def main():
    address, port = sys.argv[1].rsplit(":", 1)
    asked = [line.split() for line in sys.stdin]
    groups = []
    for source, number, *client in asked:
        time.sleep(0.2)
        groups.append([opened((address, int(port)), source, *(client or [""])) for _ in range(int(number))])
    time.sleep(0.5)
    if sys.argv[2:]:
        subprocess.run(["sh", "-c", sys.argv[2]], check=False)
    for group in groups:
        print(sum(is_open(it) for it in group if it))


main()
