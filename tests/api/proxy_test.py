# SPDX-License-Identifier: Apache-2.0
"""Links in replies: whose word is taken for how a client sees a daemon."""
from harness import Cloud, equal, status

SERVICES = ("identity", "image", "compute", "network")
FORWARDED = {"X-Forwarded-Proto": "https",
             "X-Forwarded-Host": "cloud.example:4443"}
OPTION = "OS_OSLO_MIDDLEWARE__ENABLE_PROXY_HEADERS_PARSING"


def root(cloud, service, headers):
    """Scheme and authority of the links in a daemon's list of versions."""
    reply = cloud.anon.get(service, "/", headers=headers)
    status(reply, 300 if service in ("identity", "image") else 200, service)
    versions = reply.json["versions"]
    one = (versions["values"] if service == "identity" else versions)[0]
    return "/".join(one["links"][0]["href"].split("/")[:3])


def test_a_client_is_not_believed(cloud):
    for service in SERVICES:
        equal(root(cloud, service, FORWARDED), cloud.url(service), service)


def test_a_proxy_is_believed_when_told_so():
    with Cloud(env={OPTION: "true"}) as cloud:
        for service in SERVICES:
            equal(root(cloud, service, FORWARDED),
                  "https://cloud.example:4443", service)
            equal(root(cloud, service, {}), cloud.url(service), service)
            equal(root(cloud, service, {"X-Forwarded-Proto": "https"}),
                  cloud.url(service).replace("http:", "https:"), service)
