/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/service/notify.h"
#include "common/service/service.h"

#define CHANNELS_MAX 8
#define RETRY_MS 500

static struct {
	const char *name;
	void (*fn)(const char *payload);
} channels[CHANNELS_MAX];
static int nchannels;

static pthread_t thread;
static struct sql_conn *conn;
static int stop_fd = -1;
static atomic_bool stopping;

void service_on_notify(const char *channel, void (*fn)(const char *payload))
{
	assert(nchannels < CHANNELS_MAX && stop_fd < 0);
	channels[nchannels].name = channel;
	channels[nchannels++].fn = fn;
}

static void deliver(const struct sql_note *note)
{
	int i;

	for (i = 0; i < nchannels; i++)
		if (!note || strcmp(channels[i].name, note->channel) == 0)
			channels[i].fn(note ? note->payload : NULL);
}

static void pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static void *listen_main(void *arg)
{
	struct sql_note note;
	struct err e;
	int n;

	while (!atomic_load(&stopping)) {
		n = sql_wait(conn, 60000, stop_fd, &note, &e);
		if (n > 0)
			deliver(&note);
		else if (n < 0) {
			deliver(NULL);
			pause_ms(RETRY_MS);
		}
	}
	return arg;
}

int notify_start(const char *dsn, struct err *e)
{
	int i;

	conn = sql_conn_new(dsn, e);
	if (!conn)
		return -1;
	for (i = 0; i < nchannels; i++)
		if (sql_listen(conn, channels[i].name, e) < 0)
			return -1;
	stop_fd = eventfd(0, EFD_CLOEXEC);
	if (stop_fd < 0)
		return err_errno(e, "eventfd");
	pthread_create(&thread, NULL, listen_main, NULL);
	return 0;
}

void notify_stop(void)
{
	uint64_t one = 1;

	if (stop_fd < 0)
		return;
	atomic_store(&stopping, true);
	if (write(stop_fd, &one, sizeof(one)) < 0)
		log_err("eventfd: %m");
	pthread_join(thread, NULL);
	sql_conn_free(conn);
	cleanup_close(&stop_fd);
	stop_fd = -1;
}
