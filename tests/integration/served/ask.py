"""Asks nginx as a balancer does, for clients with these addresses.

    ask.py ADDRESS:PORT FROM

Each line of standard input is a client's address, a host and a path; it prints the status of each answer. Every request
has headers in which a client claims to have the address 10.9.9.9.
"""

import socket
import ssl
import sys

LIES = "".join(f"{name}: 10.9.9.9\r\n" for name in ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "Forwarded"))


def ask(to, source, client, host, path):
    plain = socket.create_connection(to, 20, (source, 0))
    six = ":" in client
    plain.sendall(f"PROXY TCP{6 if six else 4} {client} {'fd00::1' if six else '10.0.0.1'} 4000 443\r\n".encode())
    connection = ssl._create_unverified_context().wrap_socket(plain, server_hostname=host)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{LIES}Connection: close\r\n\r\n".encode())
    with connection.makefile("rb") as answer:
        return answer.readline().decode().split(" ")[1]


def main():
    address, port = sys.argv[1].rsplit(":", 1)
    for line in sys.stdin:
        print(ask((address, int(port)), sys.argv[2], *line.split()))


main()
