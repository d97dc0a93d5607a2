# SPDX-License-Identifier: Apache-2.0
"""A plain REST client of our services, on the standard library alone.

It does as little as possible by itself, so that a test sees what the service
sent: no redirects, no retries except for a kept connection that the server
had closed meanwhile, no exceptions for statuses.
"""
import http.client
import json

TIMEOUT = 60


class Reply:
    """status, reason, headers (names compare without case), body."""

    def __init__(self, request, response, body):
        self.request = request
        self.status, self.reason = response.status, response.reason
        self.headers, self.body = response.headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        """The body as JSON, None when it is empty or something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def id(self):
        return self.headers.get("X-Openstack-Request-Id")

    def __repr__(self):
        return "%s -> %d %s" % (self.request, self.status, self.text[:600])


class Client:
    """Talks to the services in urls ({"identity": ("127.0.0.1", 5000)})."""

    def __init__(self, urls, token=None):
        self.urls, self.token = urls, token
        self.user_id = self.project_id = None
        self.conns = {}
        self.reconnects = 0

    def close(self):
        for conn in self.conns.values():
            conn.close()
        self.conns = {}

    def login(self, name, password, project=None, domain=None, system=False,
              unscoped=False, user_domain="default"):
        """A client with a token of its own; raises when refused."""
        user = {"name": name, "password": password,
                "domain": {"id": user_domain}}
        auth = {"identity": {"methods": ["password"],
                             "password": {"user": user}}}
        if project:
            auth["scope"] = {"project": {"name": project,
                                         "domain": {"id": user_domain}}}
        elif domain:
            auth["scope"] = {"domain": {"id": domain}}
        elif system:
            auth["scope"] = {"system": {"all": True}}
        elif unscoped:
            auth["scope"] = "unscoped"
        reply = self.post("identity", "/v3/auth/tokens", {"auth": auth},
                          token=None)
        if reply.status != 201:
            raise RuntimeError("login of %s: %r" % (name, reply))
        client = Client(self.urls, reply.headers["X-Subject-Token"])
        token = reply.json["token"]
        client.user_id = token["user"]["id"]
        client.project_id = token.get("project", {}).get("id")
        return client

    def request(self, method, service, path, body=None, headers=None,
                mv=None, **more):
        """One request. body: dict or list (sent as JSON), str (as it is, as
        application/json), bytes (application/octet-stream) or an iterator of
        bytes (chunked). mv: "2.61" or "latest". token=... replaces the
        client's own, None sends none. A header that is None is not sent."""
        send = {}
        token = more.get("token", self.token)
        if token:
            send["X-Auth-Token"] = token
        if mv:
            send["Openstack-Api-Version"] = "compute " + mv
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            send["Content-Type"] = ("application/json" if isinstance(body, str)
                                    else "application/octet-stream")
        if isinstance(body, str):
            body = body.encode("utf-8", "surrogatepass")
        send.update({k.title(): v for k, v in (headers or {}).items()})
        send = {k: v for k, v in send.items() if v is not None}
        name = "%s %s %s" % (method, service, path)
        return self._exchange(name, method, service, path, body, send)

    def _exchange(self, name, method, service, path, body, headers):
        conn = self.conns.get(service)
        kept = conn is not None
        if not kept:
            conn = http.client.HTTPConnection(*self.urls[service],
                                              timeout=TIMEOUT)
            self.conns[service] = conn
        try:
            conn.request(method, path, body, headers)
            response = conn.getresponse()
            reply = Reply(name, response, response.read())
        except (http.client.RemoteDisconnected, ConnectionResetError,
                BrokenPipeError):
            self.conns.pop(service).close()
            if not kept or not isinstance(body, (bytes, type(None))):
                raise
            self.reconnects += 1
            return self._exchange(name, method, service, path, body, headers)
        except Exception:
            self.conns.pop(service).close()
            raise
        if response.will_close:
            self.conns.pop(service).close()
        return reply

    def get(self, service, path, **kw):
        return self.request("GET", service, path, **kw)

    def head(self, service, path, **kw):
        return self.request("HEAD", service, path, **kw)

    def post(self, service, path, body=None, **kw):
        return self.request("POST", service, path, body, **kw)

    def put(self, service, path, body=None, **kw):
        return self.request("PUT", service, path, body, **kw)

    def patch(self, service, path, body=None, **kw):
        return self.request("PATCH", service, path, body, **kw)

    def delete(self, service, path, **kw):
        return self.request("DELETE", service, path, **kw)
