# SPDX-License-Identifier: Apache-2.0
"""The configuration files of a cloud in a folder."""
import os

DAEMONS = ["keystone-shim", "glance-lite", "nova-lite", "nova-lite-network",
           "nova-lite-compute", "nova-lite-metadata", "nova-lite-guestfwd"]
SERVICE_OF = {"keystone-shim": "identity", "glance-lite": "image",
              "nova-lite": "compute", "nova-lite-network": "network",
              "nova-lite-metadata": "metadata"}


def daemons(compute):
    base = DAEMONS[:4]
    return base + ["nova-lite-metadata", "nova-lite-compute"] if compute \
        else base


def write(path, text, mode=0o644):
    """Whole or not at all."""
    temp = path + ".new"
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w") as f:
        f.write(text)
    os.replace(temp, path)


def ini(values):
    """{("section", "name"): value} as text."""
    out = []
    for section in dict.fromkeys(s for s, _ in values):
        out.append("[%s]" % section)
        out += ["%s = %s" % (n, v) for (s, n), v in values.items()
                if s == section]
        out.append("")
    return "\n".join(out)


def common(cloud, name):
    values = {
        ("database", "connection"): cloud.db.dsn,
        ("fernet_tokens", "key_repository"): cloud.path("fernet-keys")}
    if name in SERVICE_OF:
        values["DEFAULT", "listen"] = "%s:%d" % cloud.urls[SERVICE_OF[name]]
    if name == "glance-lite":
        values["glance_store", "filesystem_store_datadir"] = \
            cloud.path("images")
    if name in ("glance-lite", "nova-lite"):
        values["keystone_authtoken", "www_authenticate_uri"] = \
            cloud.url("identity")
    if name == "keystone-shim" and not cloud.durable:
        values["identity", "password_hash_rounds"] = 4
    if name in ("nova-lite", "nova-lite-compute"):
        values["jobs", "seal_key_file"] = cloud.seal_key_file()
    if name == "nova-lite-metadata":
        values["metadata", "state_path"] = cloud.path("nova")
        if not cloud.quiet:     # tests that want keys made say so
            values["first_boot", "seal_key_file"] = cloud.seal_key_file()
    if name == "nova-lite-compute":
        values.update(agent(cloud))
    return values


def agent(cloud):
    values = {
        "connection_uri": cloud.uri, "state_path": cloud.path("nova"),
        "guestfwd": cloud.path("nova-lite-guestfwd"),
        "inject_appliance": cloud.appliance,
        "image_endpoint": cloud.url("image"),
        "auth_url": cloud.url("identity") + "/v3", "username": "nova",
        "project_name": "service", "password_file":
        cloud.secret_file("nova")}
    if cloud.containers:
        values["virt_type"] = "lxc"
    out = {("compute", name): value for name, value in values.items()}
    out["DEFAULT", "listen"] = "127.0.0.1:%d" % cloud.agent_port
    return out


def write_all(cloud):
    for name in daemons(cloud.compute):
        values = common(cloud, name)
        values.update(cloud.options.get(name, {}))
        write(cloud.conf(name), ini(values), 0o600)


def openrc(cloud, user):
    """What a shell sources."""
    values = {
        "OS_AUTH_URL": cloud.url("identity") + "/v3",
        "OS_IDENTITY_API_VERSION": "3", "OS_REGION_NAME": "RegionOne",
        "OS_USERNAME": user, "OS_PASSWORD": cloud.secret(user),
        "OS_PROJECT_NAME": user, "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default"}
    return "# %s in project %s\nunset OS_CLOUD OS_TOKEN\n" % (user, user) + \
        "".join("export %s='%s'\n" % pair for pair in values.items())


def clouds_yaml(cloud):
    """For OS_CLIENT_CONFIG_FILE: the clouds `lite` and `lite-admin`."""
    out = ["clouds:"]
    for name, user in (("lite", "demo"), ("lite-admin", "admin")):
        out += ["  %s:" % name, "    region_name: RegionOne",
                "    identity_api_version: 3", "    auth:"]
        out += ["      %s: %s" % pair for pair in (
            ("auth_url", cloud.url("identity") + "/v3"),
            ("username", user), ("password", cloud.secret(user)),
            ("project_name", user), ("user_domain_name", "Default"),
            ("project_domain_name", "Default"))]
    return "\n".join(out) + "\n"


def write_client_files(cloud):
    def put(name, text):
        write(os.path.join(cloud.state, name), text, 0o600)

    put("openrc", openrc(cloud, "demo"))
    put("openrc-admin", openrc(cloud, "admin"))
    put("clouds.yaml", clouds_yaml(cloud))


def bootstraps(cloud):
    """(program, its arguments) to run before the daemons."""
    urls = {"identity": "/v3", "image": "", "compute": "/v2.1",
            "network": ""}
    identity = ["bootstrap", "--password-file", cloud.secret_file("admin"),
                "--demo-password-file", cloud.secret_file("demo")]
    for service, path in urls.items():
        identity += ["--%s-url" % service, cloud.url(service) + path]
    return [("keystone-shim", ["fernet_setup"]), ("keystone-shim", identity),
            ("nova-lite", ["bootstrap"])]
