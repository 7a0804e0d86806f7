"""A WebSocket's handshake through TLS, and an echo after a pause: websocket.py ADDRESS:PORT NAME PATH PAUSE [UPGRADE]

With UPGRADE, another protocol's, as docker begins it: a POST with a body.

Prints the head of the answer, and behind it what comes back of `hello` after the pause.
"""

import socket
import ssl
import sys
import time

address, name, path, pause, *other = sys.argv[1:]
host, port = address.rsplit(":", 1)
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.set_alpn_protocols(["http/1.1"])
with socket.create_connection((host, int(port)), timeout=60) as plain:
    with context.wrap_socket(plain, server_hostname=name) as stream:
        lines = [f"GET {path} HTTP/1.1", f"Host: {name}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        if other:
            lines = [f"POST {path} HTTP/1.1", f"Host: {name}", f"Upgrade: {other[0]}", "Connection: Upgrade",
                     "X-Forwarded-For: 192.0.2.66", "Content-Length: 2"]
        stream.sendall("\r\n".join([*lines, "", "{}" if other else ""]).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = stream.recv(1)
            if not byte:
                break
            head += byte
        print(head.decode("latin-1"), end="")
        time.sleep(float(pause))
        # A peer that has closed is met at the first write, at the second, or at the read: an acknowledgement of
        # TLS's own may be one of them.
        try:
            stream.sendall(b"hello")
            answer = stream.recv(64)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        print(answer.decode("latin-1") or "closed")
