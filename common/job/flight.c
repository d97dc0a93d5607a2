/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/job/flight.h"

struct trip {
	struct trip *next;
	char *key;
	int waiting;
	bool over;
	int result;
	struct err err;
};

struct flight {
	pthread_mutex_t lock;
	pthread_cond_t landed;
	struct trip *trips;
};

struct flight *flight_new(void)
{
	struct flight *f = xcalloc(1, sizeof(*f));

	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->landed, NULL);
	return f;
}

void flight_free(struct flight *f)
{
	if (!f)
		return;
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->landed);
	free(f);
}

static struct trip *trip_find(struct flight *f, const char *key)
{
	struct trip *t = f->trips;

	while (t && strcmp(t->key, key) != 0)
		t = t->next;
	return t;
}

static void trip_unlink(struct flight *f, struct trip *t)
{
	struct trip **at = &f->trips;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
}

static void trip_free(struct trip *t)
{
	free(t->key);
	free(t);
}

/* Waits for another thread's trip; the last one out frees it. */
static int trip_join(struct flight *f, struct trip *t, struct err *e)
{
	int result;

	t->waiting++;
	while (!t->over)
		pthread_cond_wait(&f->landed, &f->lock);
	result = t->result;
	if (result < 0)
		*e = t->err;
	if (--t->waiting == 0)
		trip_free(t);
	return result;
}

static int trip_lead(struct flight *f, struct trip *t,
		     int (*fn)(void *arg, struct err *e), void *arg)
{
	int result;

	pthread_mutex_unlock(&f->lock);
	result = fn(arg, &t->err);
	pthread_mutex_lock(&f->lock);
	t->result = result;
	t->over = true;
	trip_unlink(f, t);
	pthread_cond_broadcast(&f->landed);
	return result;
}

int flight_do(struct flight *f, const char *key,
	      int (*fn)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct trip *t;
	int result;

	pthread_mutex_lock(&f->lock);
	t = trip_find(f, key);
	if (t) {
		result = trip_join(f, t, e);
	} else {
		t = xcalloc(1, sizeof(*t));
		t->key = xstrdup(key);
		t->next = f->trips;
		f->trips = t;
		result = trip_lead(f, t, fn, arg);
		if (result < 0)
			*e = t->err;
		if (t->waiting == 0)
			trip_free(t);
	}
	pthread_mutex_unlock(&f->lock);
	return result;
}
