/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/program.h"
#include "common/crypto/digest.h"
#include "nova-lite/compute/agent.h"
#include "nova-lite/job_secret.h"
#include "nova-lite/compute/events.h"
#include "nova-lite/compute/host.h"
#include "nova-lite/compute/network.h"
#include "nova-lite/compute/os_watch.h"
#include "nova-lite/compute/power.h"
#include "nova-lite/compute/reconcile.h"
#include "nova-lite/virt/kvm_probe.h"

#define SECTION "compute"
#define AGENT_URL "http://127.0.0.1:8790"	/* main.c's port */

struct agent agent;

/* Names as Nova's and keystoneauth's, where they have one. */
const struct conf_opt agent_opts[] = {
	{ SECTION, "host", CONF_STR, NULL,
	  "name of this host in the catalog; default: the machine's" },
	{ SECTION, "state_path", CONF_STR, "/var/lib/nova-lite",
	  "folder of images, disks and sockets" },
	{ SECTION, "connection_uri", CONF_STR, NULL,
	  "libvirt; default: qemu:///system if its socket is there, else "
	  "qemu:///session" },
	{ SECTION, "virt_type", CONF_STR, "auto",
	  "auto (KVM when a probe shows that it works), kvm, qemu; lxc: "
	  "containers, of servers that share OS images" },
	{ SECTION, "default_availability_zone", CONF_STR, "nova",
	  "availability zone of this host" },
	{ SECTION, "my_ip", CONF_STR, "127.0.0.1", "address of this host" },
	{ SECTION, "agent_url", CONF_STR, NULL,
	  "where nova-lite asks for console logs; default: the address "
	  "served" },
	{ SECTION, "guestfwd", CONF_STR, NULL,
	  "path of nova-lite-guestfwd; default: beside this program" },
	{ SECTION, "inject", CONF_STR, NULL,
	  "path of nova-lite-inject; default: beside this program" },
	{ SECTION, "inject_appliance", CONF_STR, "/var/lib/nova-lite/appliance",
	  "folder made by nova-lite-build-appliance, for files into xfs, "
	  "btrfs, LVM; none there: they are refused" },
	{ SECTION, "boot", CONF_STR, NULL,
	  "path of nova-lite-boot; default: beside this program" },
	{ SECTION, "boot_cache_mb", CONF_INT, "1024",
	  "MiB of boot images kept beyond those in use" },
	{ SECTION, "dhcp_domain", CONF_STR, "novalocal",
	  "domain of the guests' host names" },
	{ SECTION, "force_config_drive", CONF_BOOL, "false",
	  "every server gets a config drive" },
	{ SECTION, "shutdown_timeout", CONF_INT, "60",
	  "seconds that a guest has to stop before it is cut off" },
	{ SECTION, "wait_soft_reboot_seconds", CONF_INT, "120",
	  "seconds that a guest has to stop for a soft reboot" },
	{ SECTION, "os_image_deadline", CONF_INT, "300",
	  "seconds in which a server that shares an OS image has to say that "
	  "it is ready, unless the image has os_image:deadline; 0: it need "
	  "not" },
	{ SECTION, "os_image_grace", CONF_INT, "86400",
	  "seconds for which a host keeps an OS image that nothing uses" },
	{ SECTION, "max_concurrent_jobs", CONF_INT, "16",
	  "operations on servers at once" },
	{ SECTION, "cpu_allocation_ratio", CONF_STR, "16.0",
	  "virtual for each physical CPU" },
	{ SECTION, "ram_allocation_ratio", CONF_STR, "1.5",
	  "promised for each MiB of memory" },
	{ SECTION, "disk_allocation_ratio", CONF_STR, "1.0",
	  "promised for each GiB of disk" },
	{ SECTION, "image_endpoint", CONF_STR, "http://127.0.0.1:9292",
	  "the Image service" },
	{ SECTION, "auth_url", CONF_STR, "http://127.0.0.1:5000/v3",
	  "the Identity service" },
	{ SECTION, "username", CONF_STR, "nova", "service user" },
	{ SECTION, "user_domain_name", CONF_STR, "Default", "its domain" },
	{ SECTION, "project_name", CONF_STR, "service", "its project" },
	{ SECTION, "project_domain_name", CONF_STR, "Default",
	  "the project's domain" },
	{ SECTION, "password_file", CONF_STR, NULL,
	  "file whose first line is its password" },
	JOB_SECRET_OPT,
	{ NULL, NULL, CONF_STR, NULL, NULL }
};

/* -- configuration ------------------------------------------------------- */

static const char *option(const struct conf *conf, const char *name)
{
	return conf_str(conf, SECTION, name);
}

/*
 * The program that the option names; by default the one that is called
 * nova-lite-OPTION in the folder of this one. path has the room for it.
 */
static const char *program(const struct conf *conf, const char *name,
			   char path[PROGRAM_PATH])
{
	const char *given = option(conf, name);
	char whole[64];

	if (given)
		return given;
	snprintf(whole, sizeof(whole), "nova-lite-%s", name);
	return program_beside(whole, path);
}

static double ratio(const struct conf *conf, const char *name)
{
	double v = strtod(option(conf, name), NULL);

	return v > 0 ? v : 1.0;
}

static const char *listen_url(const struct conf *conf)
{
	static char url[128];
	const char *listen = conf_str(conf, "DEFAULT", "listen");

	if (!listen)
		return AGENT_URL;
	snprintf(url, sizeof(url), "http://%.*s", (int)strcspn(listen, ","),
		 listen);
	return url;
}

static void read_options(struct agent *a, const struct conf *conf)
{
	static char guestfwd[PROGRAM_PATH], inject[PROGRAM_PATH];
	static char boot[PROGRAM_PATH];
	const char *host = option(conf, "host");

	if (host)
		snprintf(a->host, sizeof(a->host), "%s", host);
	else if (gethostname(a->host, sizeof(a->host) - 1) < 0)
		strcpy(a->host, "localhost");
	a->state_path = option(conf, "state_path");
	a->zone = option(conf, "default_availability_zone");
	a->my_ip = option(conf, "my_ip");
	a->dhcp_domain = option(conf, "dhcp_domain");
	a->guestfwd = program(conf, "guestfwd", guestfwd);
	a->inject = program(conf, "inject", inject);
	a->boot = program(conf, "boot", boot);
	a->boot_cache_bytes = (int64_t)conf_int(conf, SECTION,
						"boot_cache_mb") << 20;
	a->inject_appliance = option(conf, "inject_appliance");
	a->url = option(conf, "agent_url");
	if (!a->url)
		a->url = listen_url(conf);
	a->force_config_drive = conf_bool(conf, SECTION,
					  "force_config_drive");
	a->stop_seconds = conf_int(conf, SECTION, "shutdown_timeout");
	a->reboot_seconds = conf_int(conf, SECTION,
				     "wait_soft_reboot_seconds");
	a->ready_seconds = conf_int(conf, SECTION, "os_image_deadline");
	a->grace_seconds = conf_int(conf, SECTION, "os_image_grace");
	a->cpu_ratio = ratio(conf, "cpu_allocation_ratio");
	a->ram_ratio = ratio(conf, "ram_allocation_ratio");
	a->disk_ratio = ratio(conf, "disk_allocation_ratio");
	a->glance_conf = (struct glance_conf){
		.endpoint = option(conf, "image_endpoint"),
		.auth_url = option(conf, "auth_url"),
		.username = option(conf, "username"),
		.user_domain = option(conf, "user_domain_name"),
		.project = option(conf, "project_name"),
		.project_domain = option(conf, "project_domain_name"),
		.password_file = option(conf, "password_file"),
	};
}

/* -- parts --------------------------------------------------------------- */

static int make_dir(const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_errno(e, "%s", path);
	return 0;
}

static int make_dirs(struct agent *a, struct err *e)
{
	/* QEMU may run as another user and has to pass through; but systems
	 * may have programs that are set-user-ID (container.h). */
	static const struct { const char *name; mode_t mode; } dirs[] = {
		{ "", 0711 }, { "/images", 0711 }, { "/instances", 0711 },
		{ "/metadata", 0711 }, { "/boot", 0711 }, { "/systems", 0700 },
	};
	char path[512];

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		snprintf(path, sizeof(path), "%s%s", a->state_path,
			 dirs[i].name);
		if (make_dir(path, dirs[i].mode, e) < 0)
			return -1;
	}
	snprintf(a->images_dir, sizeof(a->images_dir), "%s/images",
		 a->state_path);
	snprintf(a->boot_dir, sizeof(a->boot_dir), "%s/boot", a->state_path);
	return 0;
}

static void choose_accelerator(struct agent *a, const char *virt_type)
{
	struct kvm_verdict v = { .why = "as configured" };

	a->containers = strcmp(virt_type, "lxc") == 0;
	if (strcmp(virt_type, "auto") == 0)
		kvm_usable(a->state_path, &v);
	else
		v.usable = strcmp(virt_type, "kvm") == 0;
	a->kvm = v.usable;
	log_kv(LOG_INFO_, "accelerator", "is", a->containers ? "none" :
	       v.usable ? "kvm" : "tcg", "why", v.why, NULL);
}

static const char *default_uri(const struct agent *a)
{
	if (a->containers)
		return "lxc:///system";
	return access("/var/run/libvirt/libvirt-sock", R_OK | W_OK) == 0 ?
	       "qemu:///system" : "qemu:///session";
}

static int connect_virt(struct agent *a, const char *uri, struct err *e)
{
	a->virt_conf = (struct virt_conf){
		.uri = uri ? uri : default_uri(a),
		.owner = a->host,
		.on_event = power_on_event,
		.user = a,
	};
	a->virt = virt_new(&a->virt_conf, e);
	return a->virt ? 0 : -1;
}

static int make_engine(struct agent *a, const struct conf *conf,
		       struct err *e)
{
	a->job_conf = (struct job_conf){
		.dsn = conf_str(conf, "database", "connection"),
		.host = a->host,
		.kinds = agent_kinds,
		.workers = conf_int(conf, SECTION, "max_concurrent_jobs"),
		.user = a,
		.on_record = events_on_record,
		.on_trace = events_on_trace,
	};
	a->engine = job_engine_new(&a->job_conf, e);
	return a->engine ? 0 : -1;
}

/* Early, because the metadata service's address is on them. A host that
 * cannot have bridges still runs servers on other networks. */
static void make_networks(struct agent *a, struct sql_conn *conn)
{
	struct err e;

	if (network_ensure(a, conn, NULL, &e) < 0)
		log_warn("networks: %s %s", e.msg, e.detail);
}

static void make_secret(struct agent *a)
{
	unsigned char key[32];

	random_bytes(key, sizeof(key));
	hex_encode(a->secret, key, sizeof(key));
	mem_clear(key, sizeof(key));
}

/* The engine's lock on the host comes before anything is touched. */
int agent_start(const struct conf *conf, struct sql_conn *conn,
		struct err *e)
{
	struct agent *a = &agent;

	read_options(a, conf);
	if (make_dirs(a, e) < 0 || job_secret_start(conf, e) < 0)
		return -1;
	choose_accelerator(a, option(conf, "virt_type"));
	make_secret(a);
	a->images.dir = a->images_dir;
	a->images.glance = glance_new(&a->glance_conf);
	a->images.flight = flight_new();
	image_cache_clean(&a->images);
	boot_cache_init(&a->boots, a->boot_dir, a->boot_cache_bytes);
	if (make_engine(a, conf, e) < 0 || power_start(a, e) < 0 ||
	    connect_virt(a, option(conf, "connection_uri"), e) < 0 ||
	    host_register(a, conn, e) < 0 || reconcile(a, conn, e) < 0 ||
	    host_heartbeat_start(a, e) < 0 || os_watch_start(a, e) < 0)
		return -1;
	make_networks(a, conn);
	job_engine_start(a->engine);
	return 0;
}

/* Guests run on; what a job was at is in its record. */
void agent_stop(void)
{
	struct agent *a = &agent;

	job_engine_free(a->engine, 10000);
	os_watch_stop();
	host_heartbeat_stop();
	power_stop();
	boot_cache_fini(&a->boots);
	job_secret_stop();
	virt_free(a->virt);
}
