"""An app for tests: HTTP, uWSGI and FastCGI, one thread per connection.

    app.py KIND ADDRESS:PORT PIDS

It answers with JSON of the request's variables (for HTTP: its headers, named as in CGI). The query
says what else the answer is: `status=500`, headers such as `Upgrade=h2c`, or `wait=2`, for an
answer that takes that many seconds, or `fill=9000`, for a head of that many bytes. An upgrade gets a 101, whatever it asks for, and echoes what follows.
The kind `deaf` listens and accepts no connection.
"""

import json
import os
import socket
import sys
import threading
import time
from urllib.parse import parse_qsl


def exactly(stream, length):
    data = stream.read(length)
    if len(data) != length:
        raise EOFError
    return data


def http(stream):
    method, uri, _ = stream.readline().decode("latin-1").split(" ", 2)
    variables = {"REQUEST_METHOD": method, "REQUEST_URI": uri}
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, value = line.split(":", 1)
        variables["HTTP_" + name.upper().replace("-", "_")] = value.strip()
    exactly(stream, int(variables.get("HTTP_CONTENT_LENGTH", 0)))
    return variables


def uwsgi(stream):
    head = exactly(stream, 4)
    block = exactly(stream, int.from_bytes(head[1:3], "little"))
    words = []
    while block:
        length = int.from_bytes(block[:2], "little")
        words.append(block[2 : 2 + length].decode("latin-1"))
        block = block[2 + length :]
    return dict(zip(words[::2], words[1::2]))


def fastcgi(stream):
    params = b""
    while True:
        head = exactly(stream, 8)
        content = exactly(stream, int.from_bytes(head[4:6], "big") + head[6])
        content = content[: int.from_bytes(head[4:6], "big")]
        if head[1] == 4:
            params += content
        if head[1] == 5 and not content:
            break
    variables = {}
    while params:
        lengths = []
        for _ in range(2):
            size = 4 if params[0] & 0x80 else 1
            lengths.append(int.from_bytes(params[:size], "big") & (0x7FFFFFFF if size == 4 else 0x7F))
            params = params[size:]
        name, value = params[: lengths[0]], params[lengths[0] : sum(lengths)]
        variables[name.decode("latin-1")] = value.decode("latin-1")
        params = params[sum(lengths) :]
    return variables


def answer(kind, connection):
    stream = connection.makefile("rb")
    variables = {"http": http, "uwsgi": uwsgi, "fastcgi": fastcgi}[kind](stream)
    wanted = dict(parse_qsl(variables["REQUEST_URI"].partition("?")[2]))
    time.sleep(float(wanted.pop("wait", "0")))
    status, fill = wanted.pop("status", "200"), int(wanted.pop("fill", "0"))
    upgraded = variables.get("HTTP_UPGRADE", "")
    if upgraded:
        status, wanted = "101", {"Upgrade": upgraded, "Connection": "Upgrade", **wanted}
    body = b"" if upgraded else json.dumps(variables).encode() + b"\n"
    if not upgraded:
        wanted.setdefault("Content-Length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in wanted.items())
    begin = f"Status: {status} X\r\nContent-Type: application/json\r\n" if kind == "fastcgi" else f"HTTP/1.1 {status} X\r\n"
    rest = fill - len(begin) - len(lines) - len("X-Fill: \r\n\r\n")
    if rest > 0:
        lines += f"X-Fill: {'x' * rest}\r\n"
    if kind == "fastcgi":
        content = f"{begin}{lines}\r\n".encode() + body
        record = lambda kind, content: bytes([1, kind, 0, 1]) + len(content).to_bytes(2, "big") + b"\0\0" + content
        connection.sendall(record(6, content) + record(6, b"") + record(3, bytes(8)))
    else:
        connection.sendall(f"{begin}{lines}\r\n".encode() + body)
    while upgraded and (data := stream.read1(65536)):
        connection.sendall(data)


def serve(kind, connection):
    with connection:
        try:
            answer(kind, connection)
        except (EOFError, OSError, ValueError, KeyError, IndexError):
            # nginx answers 502, which is what the test sees.
            pass


def main():
    kind, address, pids = sys.argv[1:]
    host, port = address.rsplit(":", 1)
    deaf = kind == "deaf"
    listener = socket.create_server((host, int(port)), backlog=0 if deaf else 128)
    # They fill the queue of connections that nobody accepts.
    waiting = [socket.socket() for _ in range(4 if deaf else 0)]
    for client in waiting:
        client.setblocking(False)
        client.connect_ex((host, int(port)))
    child = os.fork()
    if child:
        with open(pids, "a") as file:
            file.write(f"{child}\n")
        return
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    while deaf:
        time.sleep(60)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(kind, connection), daemon=True).start()


main()
