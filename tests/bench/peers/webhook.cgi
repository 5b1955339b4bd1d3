#!/usr/bin/python3
"""A push webhook as people write it for cgi-bin: compare the signature, look at the branch, start the script."""

import hashlib
import hmac
import json
import os
import subprocess
import sys


def reply(status, text):
    print(f"Status: {status}\r\nContent-Type: text/plain\r\n\r\n{text}")


def main():
    body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
    secret = os.environ["WEBHOOK_SECRET"].encode()
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    if os.environ["REQUEST_METHOD"] != "POST":
        reply("405 Method Not Allowed", "POST only")
    elif not hmac.compare_digest(expected, os.environ.get("HTTP_X_HUB_SIGNATURE_256", "")):
        reply("403 Forbidden", "bad signature")
    else:
        if json.loads(body).get("ref") == "refs/heads/main":
            subprocess.Popen(["true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        reply("200 OK", "ok")


main()
