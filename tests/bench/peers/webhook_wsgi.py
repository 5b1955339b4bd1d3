"""A push webhook as people write it for uWSGI: compare the signature, look at the branch, start the script."""

import hashlib
import hmac
import json
import os
import subprocess

SECRET = os.environ["WEBHOOK_SECRET"].encode()


def reply(start_response, status, text):
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def application(environ, start_response):
    if environ["REQUEST_METHOD"] != "POST":
        return reply(start_response, "405 Method Not Allowed", b"POST only\n")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, environ.get("HTTP_X_HUB_SIGNATURE_256", "")):
        return reply(start_response, "403 Forbidden", b"bad signature\n")
    if json.loads(body).get("ref") == "refs/heads/main":
        subprocess.Popen(["true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return reply(start_response, "200 OK", b"ok\n")
