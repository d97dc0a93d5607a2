/* SPDX-License-Identifier: Apache-2.0 */
/* See virt_test.sh, which prepares libvirt, the image and the environment. */
#include "nova-lite/virt/virt.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/base/timefmt.h"
#include "nova-lite/metadata/config_drive.h"

#define UUID "3d3e0f6a-52d4-4c4f-9d0c-0f6f0a1b2c3d"
#define NET_UUID "3d3e0f6a-52d4-4c4f-9d0c-0f6f0a1b2c99"
#define BRIDGE "virttest0"
#define MAC "fa:16:3e:00:00:17"

static struct virt *virt;
static struct err err;
static char *dir, *disk, *console, *drive, *metadata;

/* How often each event came, for our machine or for none. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int seen[VIRT_EVENT_REBOOTED + 1];

static void on_event(void *user, enum virt_event event, const char *uuid)
{
	assert_ptr_equal(user, seen);
	if (uuid && strcmp(uuid, UUID) != 0)
		return;
	pthread_mutex_lock(&lock);
	seen[event]++;
	pthread_mutex_unlock(&lock);
}

static int count(enum virt_event event)
{
	int n;

	pthread_mutex_lock(&lock);
	n = seen[event];
	pthread_mutex_unlock(&lock);
	return n;
}

static struct virt_conf conf = {
	.owner = "test-1", .on_event = on_event, .user = seen,
};

#define OK(call) do { \
	if ((call) < 0) \
		fail_msg("%s: %s (%s)", #call, err.msg, err.detail); \
} while (0)

static bool within(int seconds, bool (*is)(const void *), const void *arg)
{
	usec_t deadline = usec_monotonic() + seconds * USEC_PER_SEC;

	while (!is(arg)) {
		if (usec_monotonic() > deadline)
			return false;
		usleep(20000);
	}
	return true;
}

static bool event_came(const void *event)
{
	return count(*(const enum virt_event *)event) > 0;
}

static void expect_event(enum virt_event event)
{
	if (!within(30, event_came, &event))
		fail_msg("no event %d", event);
}

static void forget_events(void)
{
	pthread_mutex_lock(&lock);
	memset(seen, 0, sizeof(seen));
	pthread_mutex_unlock(&lock);
}

static bool console_says(const void *text)
{
	char *log;
	size_t len;
	bool says;

	if (virt_console(console, 65536, &log, &len, &err) < 0)
		return false;
	says = strstr(log, text);
	free(log);
	return says;
}

static void expect_console(const char *text)
{
	char *log;
	size_t len;

	if (within(90, console_says, text))
		return;
	OK(virt_console(console, 65536, &log, &len, &err));
	fail_msg("console without \"%s\":\n%s", text, log);
}

static enum virt_state state(void)
{
	struct virt_domain d;

	OK(virt_show(virt, UUID, &d, &err));
	assert_string_equal(d.uuid, UUID);
	return d.state;
}

static bool is_off(const void *unused)
{
	(void)unused;
	return state() == VIRT_SHUTDOWN;
}

static void run(const char *format, const char *a, const char *b)
{
	_cleanup_(cleanup_free) char *command = xasprintf("%s %s %s", format,
							  a, b);

	assert_int_equal(system(command), 0);
}

static void fresh_disk(void)
{
	unlink(console);
	unlink(disk);
	run("qemu-img create -q -f qcow2 -F qcow2 -b", getenv("VIRT_IMAGE"),
	    disk);
}

static struct domain_spec machine(void)
{
	static struct disk_spec disks[2];

	disks[0] = (struct disk_spec){
		.path = disk, .format = "qcow2", .bus = "virtio", .boot = 1,
		.serial = "0123456789abcdef",
	};
	disks[1] = (struct disk_spec){
		.path = drive, .format = "raw", .bus = "scsi", .cdrom = true,
	};
	return (struct domain_spec){
		.uuid = UUID, .name = "instance-0000002a", .memory_mb = 128,
		.vcpus = 1, .disks = disks, .n_disks = 1,
		.console_log = console, .hotplug_ports = 1,
	};
}

static pid_t start_metadata(const char *where)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("python3", "python3", getenv("VIRT_ANSWERER"), where,
		       NULL);
		_exit(127);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static int setup(void **unused)
{
	(void)unused;
	dir = getenv("VIRT_DIR");
	disk = xasprintf("%s/disk.qcow2", dir);
	console = xasprintf("%s/console.log", dir);
	drive = xasprintf("%s/config.iso", dir);
	metadata = xasprintf("%s/metadata.sock", dir);
	conf.uri = getenv("VIRT_URI");
	virt = virt_new(&conf, &err);
	if (!virt)
		fprintf(stderr, "%s (%s)\n", err.msg, err.detail);
	return virt ? 0 : -1;
}

static int teardown(void **unused)
{
	(void)unused;
	virt_free(virt);
	free(disk);
	free(console);
	free(drive);
	free(metadata);
	return 0;
}

static void host_has_what_it_has(void **unused)
{
	struct virt_host h;

	(void)unused;
	OK(virt_host(virt, &h, &err));
	assert_string_equal(h.type, "QEMU");
	assert_true(h.version >= 7000000 && h.libvirt_version >= 9000000);
	assert_true(h.vcpus >= 1 && h.memory_mb > 256);
	assert_true(h.memory_free_mb > 0 && h.memory_free_mb <= h.memory_mb);
	assert_true(strlen(h.hostname) > 0);
	assert_string_equal(h.arch, "x86_64");
}

static void user_network_machine_lives(void **unused)
{
	struct domain_spec spec = machine();
	struct nic_spec nic = {
		.kind = NIC_USER, .mac = MAC, .address = "192.168.77.23",
		.gateway = "192.168.77.1", .guestfwd = getenv("GUESTFWD"),
		.metadata = metadata,
	};
	pid_t service = start_metadata(metadata);

	(void)unused;
	spec.nics = &nic;
	spec.n_nics = 1;
	fresh_disk();
	OK(virt_define(virt, &spec, &err));
	OK(virt_define(virt, &spec, &err));
	assert_int_equal(state(), VIRT_SHUTDOWN);
	OK(virt_start(virt, UUID, &err));
	OK(virt_start(virt, UUID, &err));
	expect_event(VIRT_EVENT_STARTED);
	assert_int_equal(state(), VIRT_RUNNING);
	expect_console("DEMO address=192.168.77.23/1");
	expect_console("DEMO source=network");
	expect_console("DEMO hostname=demo-1.novalocal");
	expect_console("DEMO ready");
	end(service);
}

static void suspended_machine_resumes(void **unused)
{
	(void)unused;
	OK(virt_suspend(virt, UUID, &err));
	OK(virt_suspend(virt, UUID, &err));
	expect_event(VIRT_EVENT_PAUSED);
	assert_int_equal(state(), VIRT_PAUSED);
	OK(virt_resume(virt, UUID, &err));
	OK(virt_resume(virt, UUID, &err));
	expect_event(VIRT_EVENT_RESUMED);
	assert_int_equal(state(), VIRT_RUNNING);
}

static void only_the_owner_lists_it(void **unused)
{
	struct virt_domain *list;
	size_t n;

	(void)unused;
	OK(virt_list(virt, &list, &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].uuid, UUID);
	assert_int_equal(list[0].state, VIRT_RUNNING);
	free(list);
	conf.owner = "test-2";
	OK(virt_list(virt, &list, &n, &err));
	assert_int_equal(n, 0);
	free(list);
	conf.owner = "test-1";
}

static void reset_boots_it_again(void **unused)
{
	(void)unused;
	OK(virt_reset(virt, UUID, &err));
	expect_event(VIRT_EVENT_REBOOTED);
	expect_console("DEMO boot=2");
}

static void power_button_ends_it(void **unused)
{
	usec_t deadline = usec_monotonic() + 40 * USEC_PER_SEC;

	(void)unused;
	forget_events();
	/* While it boots it does not listen yet: pressed until heeded. */
	while (!count(VIRT_EVENT_STOPPED) && usec_monotonic() < deadline) {
		OK(virt_shutdown(virt, UUID, &err));
		usleep(500000);
	}
	expect_event(VIRT_EVENT_STOPPED);
	assert_true(within(5, is_off, NULL));
	OK(virt_shutdown(virt, UUID, &err));
	assert_int_equal(count(VIRT_EVENT_CRASHED), 0);
}

static void destroyed_machine_is_off(void **unused)
{
	usec_t start;

	(void)unused;
	OK(virt_start(virt, UUID, &err));
	start = usec_monotonic();
	OK(virt_destroy(virt, UUID, &err));
	printf("destroy took %d ms\n", (int)(usec_monotonic() - start) / 1000);
	OK(virt_destroy(virt, UUID, &err));
	assert_int_equal(state(), VIRT_SHUTDOWN);
}

static void undefined_machine_is_gone(void **unused)
{
	struct virt_domain d, *list;
	size_t n;

	(void)unused;
	OK(virt_undefine(virt, UUID, &err));
	OK(virt_undefine(virt, UUID, &err));
	assert_int_equal(virt_show(virt, UUID, &d, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(virt_start(virt, UUID, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	OK(virt_list(virt, &list, &n, &err));
	assert_int_equal(n, 0);
	free(list);
}

static bool answers(const void *unused)
{
	(void)unused;
	return system("python3 -c 'import socket; s = socket.socket(); "
		      "s.settimeout(1); s.connect((\"169.254.169.254\", 80))' "
		      "2>/dev/null") == 0;
}

static void make_network(void)
{
	const struct network_spec net = {
		.name = BRIDGE, .uuid = NET_UUID, .bridge = BRIDGE,
		.gateway = "10.77.9.1", .prefix = 24,
	};
	const struct virt_lease other = { MAC, "10.77.9.9", NULL };
	const struct virt_lease lease = { MAC, "10.77.9.23", "demo-1" };

	OK(virt_network_remove(virt, BRIDGE, &err));
	OK(virt_network_ensure(virt, &net, &err));
	OK(virt_network_lease(virt, BRIDGE, &other, &err));
	OK(virt_network_ensure(virt, &net, &err));
	OK(virt_network_lease(virt, BRIDGE, &lease, &err));
	OK(virt_network_lease(virt, BRIDGE, &lease, &err));
}

static void write_drive(void)
{
	const struct config_file files[] = {
		{ "openstack/latest/meta_data.json", "{}", 2 },
	};

	OK(config_drive_write(drive, files, 1, &err));
}

static void bridged_machine_lives(void **unused)
{
	struct domain_spec spec = machine();
	const struct nic_spec nic = {
		.kind = NIC_NETWORK, .source = BRIDGE, .mac = MAC,
		.address = "10.77.9.23",
	};
	pid_t service;

	(void)unused;
	if (strstr(conf.uri, "session"))
		skip();
	make_network();
	write_drive();
	service = start_metadata(BRIDGE);
	assert_true(within(5, answers, NULL));
	spec.nics = &nic;
	spec.n_nics = 1;
	spec.n_disks = 2;
	fresh_disk();
	OK(virt_define(virt, &spec, &err));
	OK(virt_start(virt, UUID, &err));
	run("ebtables -t nat -L | grep -q", "'IPv4 --ip-src 10.77.9.23'", "");
	expect_console("DEMO config-drive=/dev/sr0");
	expect_console("DEMO address=10.77.9.23/24");
	expect_console("DEMO source=network");
	expect_console("DEMO hostname=demo-1.novalocal");
	expect_console("DEMO ready");
	OK(virt_destroy(virt, UUID, &err));
	OK(virt_undefine(virt, UUID, &err));
	end(service);
}

static void removed_network_leaves_nothing(void **unused)
{
	(void)unused;
	if (strstr(conf.uri, "session"))
		skip();
	OK(virt_network_unlease(virt, BRIDGE, MAC, &err));
	OK(virt_network_unlease(virt, BRIDGE, MAC, &err));
	OK(virt_network_remove(virt, BRIDGE, &err));
	OK(virt_network_remove(virt, BRIDGE, &err));
	assert_int_equal(access("/sys/class/net/" BRIDGE, F_OK), -1);
}

static void session_says_that_it_has_no_networks(void **unused)
{
	const struct network_spec net = { .name = BRIDGE };

	(void)unused;
	if (!strstr(conf.uri, "session"))
		skip();
	assert_int_equal(virt_network_ensure(virt, &net, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_IMPLEMENTED);
}

static void lost_connection_comes_back(void **unused)
{
	struct virt_domain *list;
	size_t n;

	(void)unused;
	forget_events();
	run(getenv("VIRT_DAEMON"), "stop", getenv("VIRT_DAEMON_DIR"));
	expect_event(VIRT_EVENT_LOST);
	assert_int_equal(virt_list(virt, &list, &n, &err), -1);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	run(getenv("VIRT_DAEMON"), "start", getenv("VIRT_DAEMON_DIR"));
	expect_event(VIRT_EVENT_CONNECTED);
	OK(virt_list(virt, &list, &n, &err));
	assert_int_equal(n, 0);
	free(list);
}

static void nobody_there_is_unavailable(void **unused)
{
	struct virt_conf nowhere = {
		.uri = "qemu+unix:///system?socket=/nonexistent",
		.owner = "nobody",
	};

	(void)unused;
	virt_free(virt);
	virt = NULL;
	assert_null(virt_new(&nowhere, &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_has_what_it_has),
		cmocka_unit_test(user_network_machine_lives),
		cmocka_unit_test(suspended_machine_resumes),
		cmocka_unit_test(only_the_owner_lists_it),
		cmocka_unit_test(reset_boots_it_again),
		cmocka_unit_test(power_button_ends_it),
		cmocka_unit_test(destroyed_machine_is_off),
		cmocka_unit_test(undefined_machine_is_gone),
		cmocka_unit_test(bridged_machine_lives),
		cmocka_unit_test(removed_network_leaves_nothing),
		cmocka_unit_test(session_says_that_it_has_no_networks),
		cmocka_unit_test(lost_connection_comes_back),
		cmocka_unit_test(nobody_there_is_unavailable),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
