"""A client that connects until its standard input is closed, each time with its last session.

client.py 1.2|1.3 PAUSE: then writes one line of JSON with what it counted."""

import collections
import json
import select
import socket
import ssl
import sys
import time

context = ssl.create_default_context(cafile="/run/sslscale-ca.pem")
version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[sys.argv[1]]
context.minimum_version = context.maximum_version = version
pause = float(sys.argv[2])


def visit(session):
    with socket.create_connection(("10.0.0.10", 443), 10, ("192.0.2.1", 0)) as tcp:
        with context.wrap_socket(tcp, server_hostname="example.com", session=session) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := tls.recv(65536):
                answer += piece
            # With TLS 1.3 the session comes after the handshake.
            return tls.session_reused, tls.session, answer


def server(answer):
    names = [name for name in ("srv1", "srv2", "srv3", "srv4") if name.encode() in answer]
    return names[0] if len(names) == 1 else "none"


session = None
first, resumed, full, servers, errors = 0, 0, 0, collections.Counter(), []
while not select.select([sys.stdin], [], [], pause)[0]:
    try:
        reused, latest, answer = visit(session)
    except OSError as error:
        errors.append(str(error))
        time.sleep(0.01)
        continue
    if session is None:
        first += 1
    elif reused:
        resumed += 1
    else:
        full += 1
    session = latest
    servers[server(answer)] += 1
print(json.dumps({"first": first, "resumed": resumed, "full": full, "servers": servers, "errors": errors}))
