/* SPDX-License-Identifier: Apache-2.0 */
/* The connection: event loop thread, keeper thread, lifecycle events. */
#include "nova-lite/virt/virt.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"
#include "nova-lite/virt/internal.h"

#define RETRY_SECONDS 1
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 3

static struct virt *the_one;	/* per process, as libvirt's event loop */

/* libvirt prints errors by default; ours go where the caller says. */
static void silent(void *user, virErrorPtr error)
{
	(void)user;
	(void)error;
}

bool virt_last_is(int code)
{
	virErrorPtr last = virGetLastError();

	return last && last->code == code;
}

int virt_fail(struct err *e, const char *what)
{
	virErrorPtr last = virGetLastError();
	const char *text = last && last->message ? last->message : "no reason";

	if (last && last->code == VIR_ERR_NO_DOMAIN)
		return err_set(e, ERR_NOT_FOUND, NULL);
	if (last && (last->domain == VIR_FROM_RPC ||
		     last->code == VIR_ERR_NO_CONNECT ||
		     last->code == VIR_ERR_INVALID_CONN)) {
		err_set(e, ERR_UNAVAILABLE, "The hypervisor does not answer.");
		return err_detail(e, "%s: %s", what, text);
	}
	return err_internal(e, "libvirt: %s: %s", what, text);
}

void virt_conn_unref(virConnectPtr *conn)
{
	if (*conn)
		virConnectClose(*conn);
}

void virt_dom_free(virDomainPtr *dom)
{
	if (*dom)
		virDomainFree(*dom);
}

void virt_net_free(virNetworkPtr *net)
{
	if (*net)
		virNetworkFree(*net);
}

int virt_conn(struct virt *v, virConnectPtr *conn_r, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&v->lock);
	if (v->conn && virConnectRef(v->conn) == 0)
		*conn_r = v->conn;
	else
		rc = err_set(e, ERR_UNAVAILABLE,
			     "The hypervisor does not answer.");
	pthread_mutex_unlock(&v->lock);
	return rc;
}

static void tell(struct virt *v, enum virt_event event, const char *uuid)
{
	if (v->conf->on_event)
		v->conf->on_event(v->conf->user, event, uuid);
}

static void tell_of(struct virt *v, enum virt_event event, virDomainPtr dom)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	if (virDomainGetUUIDString(dom, uuid) == 0)
		tell(v, event, uuid);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event,
			int detail, void *user)
{
	struct virt *v = user;

	(void)conn;
	switch (event) {
	case VIR_DOMAIN_EVENT_STARTED:
		tell_of(v, VIRT_EVENT_STARTED, dom);
		break;
	case VIR_DOMAIN_EVENT_SUSPENDED:
		tell_of(v, VIRT_EVENT_PAUSED, dom);
		break;
	case VIR_DOMAIN_EVENT_RESUMED:
		tell_of(v, VIRT_EVENT_RESUMED, dom);
		break;
	case VIR_DOMAIN_EVENT_STOPPED:
		tell_of(v, detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
			detail == VIR_DOMAIN_EVENT_STOPPED_FAILED ?
			VIRT_EVENT_CRASHED : VIRT_EVENT_STOPPED, dom);
		break;
	case VIR_DOMAIN_EVENT_CRASHED:
		tell_of(v, VIRT_EVENT_CRASHED, dom);
		break;
	default:
		break;
	}
	return 0;
}

static void on_reboot(virConnectPtr conn, virDomainPtr dom, void *user)
{
	(void)conn;
	tell_of(user, VIRT_EVENT_REBOOTED, dom);
}

/* On the loop thread, which must not close the connection itself. */
static void on_close(virConnectPtr conn, int reason, void *user)
{
	struct virt *v = user;
	bool lost;

	(void)reason;
	pthread_mutex_lock(&v->lock);
	lost = v->conn == conn;
	if (lost) {
		v->dead = conn;
		v->conn = NULL;
		pthread_cond_broadcast(&v->changed);
	}
	pthread_mutex_unlock(&v->lock);
	if (lost)
		tell(v, VIRT_EVENT_LOST, NULL);
}

static void close_conn(virConnectPtr conn)
{
	if (!conn)
		return;
	virConnectUnregisterCloseCallback(conn, on_close);
	virConnectClose(conn);
}

static virConnectPtr open_conn(struct virt *v)
{
	virConnectPtr conn = virConnectOpen(v->conf->uri);

	if (!conn)
		return NULL;
	if (virConnectRegisterCloseCallback(conn, on_close, v, NULL) < 0 ||
	    virConnectDomainEventRegisterAny(
		    conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		    VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), v, NULL) < 0 ||
	    virConnectDomainEventRegisterAny(
		    conn, NULL, VIR_DOMAIN_EVENT_ID_REBOOT,
		    VIR_DOMAIN_EVENT_CALLBACK(on_reboot), v, NULL) < 0) {
		close_conn(conn);
		return NULL;
	}
	/* Without it a hung libvirtd would hang us; not all URIs have it. */
	virConnectSetKeepAlive(conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
	return conn;
}

static void wait_retry(struct virt *v)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RETRY_SECONDS;
	pthread_cond_timedwait(&v->changed, &v->lock, &until);
}

/* One turn of the keeper; the lock is held except while libvirt works. */
static void keep(struct virt *v)
{
	virConnectPtr dead = v->dead, fresh;

	v->dead = NULL;
	pthread_mutex_unlock(&v->lock);
	close_conn(dead);
	fresh = open_conn(v);
	pthread_mutex_lock(&v->lock);
	v->conn = fresh;
	if (!fresh) {
		wait_retry(v);
		return;
	}
	pthread_mutex_unlock(&v->lock);
	tell(v, VIRT_EVENT_CONNECTED, NULL);
	pthread_mutex_lock(&v->lock);
}

static void *keeper_run(void *arg)
{
	struct virt *v = arg;

	pthread_mutex_lock(&v->lock);
	while (!v->stopping) {
		if (v->conn)
			pthread_cond_wait(&v->changed, &v->lock);
		else
			keep(v);
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

static bool has_ended(struct virt *v)
{
	bool ended;

	pthread_mutex_lock(&v->lock);
	ended = v->ended;
	pthread_mutex_unlock(&v->lock);
	return ended;
}

static void *loop_run(void *arg)
{
	while (!has_ended(arg))
		virEventRunDefaultImpl();
	return NULL;
}

static void on_wake(int timer, void *user)
{
	(void)user;
	virEventUpdateTimeout(timer, -1);
}

static void start_libvirt(void)
{
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
		abort();
	virSetErrorFunc(NULL, silent);
}

static void start_thread(pthread_t *thread, void *(*run)(void *),
			 struct virt *v)
{
	if (pthread_create(thread, NULL, run, v) != 0)
		abort();
}

static void start_loop(struct virt *v)
{
	v->wake = virEventAddTimeout(-1, on_wake, NULL, NULL);
	if (v->wake < 0)
		abort();
	start_thread(&v->loop, loop_run, v);
}

/* After the connections, whose closing leaves the loop work to do. */
static void end_loop(struct virt *v)
{
	pthread_mutex_lock(&v->lock);
	v->ended = true;
	pthread_mutex_unlock(&v->lock);
	virEventUpdateTimeout(v->wake, 0);
	pthread_join(v->loop, NULL);
	virEventRemoveTimeout(v->wake);
}

static void destroy(struct virt *v)
{
	close_conn(v->dead);
	close_conn(v->conn);
	end_loop(v);
	pthread_cond_destroy(&v->changed);
	pthread_mutex_destroy(&v->lock);
	the_one = NULL;
	free(v);
}

struct virt *virt_new(const struct virt_conf *conf, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct virt *v;

	assert(!the_one);
	pthread_once(&once, start_libvirt);
	v = the_one = xcalloc(1, sizeof(*v));
	v->conf = conf;
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->changed, NULL);
	start_loop(v);
	v->conn = open_conn(v);
	if (!v->conn) {
		virt_fail(e, conf->uri);
		destroy(v);
		return NULL;
	}
	start_thread(&v->keeper, keeper_run, v);
	return v;
}

void virt_free(struct virt *v)
{
	if (!v)
		return;
	pthread_mutex_lock(&v->lock);
	v->stopping = true;
	pthread_cond_broadcast(&v->changed);
	pthread_mutex_unlock(&v->lock);
	pthread_join(v->keeper, NULL);
	destroy(v);
}
