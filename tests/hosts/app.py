"""The app behind the site. It answers who it is and who it believes its client to be."""

import socket
import time

from flask import Flask, Response, request

app = Flask(__name__)


@app.route("/")
@app.route("/<path:path>")
def index(path=""):
    client = request.headers.get("X-Real-IP", "")
    text = f"{socket.gethostname()} {client} {request.environ['REQUEST_URI']}\n"
    return Response(text, mimetype="text/plain")


# An answer that begins at once and takes half an hour. The nginx in front passes on what there is.
@app.route("/slow")
def slow():
    def lines():
        for _ in range(1800):
            yield ".\n"
            time.sleep(1)

    return Response(lines(), mimetype="text/plain", headers={"X-Accel-Buffering": "no"})
