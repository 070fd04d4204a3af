"""A small OpenID Connect provider in a process of its own: `python -m tests.dashboard.provider PORT`.

It signs everybody in at once as the claims of the file named in ZAVUCH_TEST_CLAIMS say, and checks what a provider
checks: the client's secret, the code used once, the redirect address.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "zavuch", "a-secret-of-the-test"
KEY = RSAKey.generate_key(2048, {"kid": "test"})
codes: dict[str, dict[str, str]] = {}


class Provider(BaseHTTPRequestHandler):
    """The four addresses a provider needs."""

    def do_GET(self) -> None:
        """Discovery, keys, and the authorisation that asks nobody."""
        parts, issuer = urlsplit(self.path), f"http://{self.headers['Host']}"
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": issuer,
                    "authorization_endpoint": f"{issuer}/authorize",
                    "token_endpoint": f"{issuer}/token",
                    "jwks_uri": f"{issuer}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"],
                }
            )
        elif parts.path == "/keys":
            self._json({"keys": [KEY.as_dict(private=False)]})
        elif parts.path == "/authorize" and asked.get("client_id") == CLIENT and asked.get("code_challenge"):
            code = secrets.token_urlsafe(16)
            codes[code] = asked
            self.send_response(302)
            query = urlencode({"code": code, "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{query}")
            self.end_headers()
        else:
            self.send_error(400)

    def do_POST(self) -> None:
        """The token for a code, once."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        pair = base64.b64decode(self.headers.get("Authorization", "Basic ").split(" ")[1]).decode()
        asked = codes.pop(form.get("code", ""), None)
        if self.path != "/token" or pair != f"{CLIENT}:{SECRET}" or asked is None:
            self.send_error(401)
            return
        now, issuer = int(time.time()), f"http://{self.headers['Host']}"
        stated = json.loads(Path(os.environ["ZAVUCH_TEST_CLAIMS"]).read_text(encoding="utf-8"))
        key = RSAKey.generate_key(2048, {"kid": "test"}) if stated.pop("signed_by_another", False) else KEY
        claims = {"iss": issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked.get("nonce"), **stated}
        token = jwt.encode({"alg": "RS256", "kid": "test"}, claims, key)
        self._json({"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": token})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Provider).serve_forever()
