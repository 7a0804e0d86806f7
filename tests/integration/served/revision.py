"""Asks nginx on 8443: each argument is `FROM TO HEADER NAME HOST PATH`; FROM `-` is the kernel's choice. Prints the
status and the first line of each answer."""

import socket
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def asked(source, to, claimed, name, host, path):
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with socket.socket(family) as connection:
        connection.settimeout(60)
        if source != "-":
            connection.bind((source, 0))
        connection.connect((to, 8443))
        protocol = "TCP6" if ":" in claimed else "TCP4"
        connection.sendall(f"PROXY {protocol} {claimed} {claimed} 40000 8443\r\n".encode())
        with context.wrap_socket(connection, server_hostname=name) as tls:
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := tls.recv(65536):
                answer += piece
    head, _, body = answer.decode().partition("\r\n\r\n")
    return head.split(" ")[1], body.splitlines()[0] if body else ""


for words in sys.argv[1:]:
    print(*asked(*words.split(" ")))
