"""Asks nginx as a balancer does, for connections from these addresses.

    cdn.py ADDRESS:PORT FROM

Each line of standard input is the address of a connection, a host, a path, and headers with values, all as words; it
prints the status of each answer, and the address that the app was told. Instead of the address, `unknown` and `local` are
PROXY headers without one, of versions 1 and 2. `FROM>ADDRESS` connects from another address.
"""

import json
import socket
import ssl
import sys


def header(client):
    if client == "unknown":
        return b"PROXY UNKNOWN\r\n"
    if client == "local":
        return b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
    six = ":" in client
    return f"PROXY TCP{6 if six else 4} {client} {'fd00::1' if six else '10.0.0.1'} 4000 443\r\n".encode()


def ask(to, source, client, host, path, *words):
    source, client = client.split(">") if ">" in client else (source, client)
    plain = socket.create_connection(to, 20, (source, 0))
    plain.sendall(header(client))
    connection = ssl._create_unverified_context().wrap_socket(plain, server_hostname=host)
    headers = "".join(f"{name}: {value}\r\n" for name, value in zip(words[::2], words[1::2]))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n".encode())
    with connection.makefile("rb") as answer:
        head, _, body = answer.read().partition(b"\r\n\r\n")
    status = head.split(b" ")[1].decode()
    try:
        return status, json.loads(body)["HTTP_X_FORWARDED_FOR"]
    except ValueError:
        return status, "-"


def main():
    address, port = sys.argv[1].rsplit(":", 1)
    for line in sys.stdin:
        print(*ask((address, int(port)), sys.argv[2], *line.split()))


main()
