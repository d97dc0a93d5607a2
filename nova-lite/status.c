/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/status.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/base/mem.h"

#define REBOOTS "rebooting,reboot_pending,reboot_started"
#define HARD_REBOOTS \
	"rebooting_hard,reboot_pending_hard,reboot_started_hard"
#define REBUILDS "rebuilding,rebuild_block_device_mapping,rebuild_spawning"
#define RESIZES "resize_prep,resize_migrating,resize_migrated,resize_finish"

/* The first row that fits wins; tasks NULL: any. */
static const struct status_row {
	const char *vm_state, *tasks, *status;
} table[] = {
	{ "active", REBOOTS, "REBOOT" },
	{ "active", HARD_REBOOTS, "HARD_REBOOT" },
	{ "active", "updating_password", "PASSWORD" },
	{ "active", REBUILDS, "REBUILD" },
	{ "active", "migrating", "MIGRATING" },
	{ "active", RESIZES, "RESIZE" },
	{ "active", NULL, "ACTIVE" },
	{ "building", NULL, "BUILD" },
	{ "stopped", RESIZES, "RESIZE" },
	{ "stopped", REBUILDS, "REBUILD" },
	{ "stopped", HARD_REBOOTS, "HARD_REBOOT" },
	{ "stopped", NULL, "SHUTOFF" },
	{ "resized", "resize_reverting", "REVERT_RESIZE" },
	{ "resized", NULL, "VERIFY_RESIZE" },
	{ "paused", "migrating", "MIGRATING" },
	{ "paused", NULL, "PAUSED" },
	{ "suspended", NULL, "SUSPENDED" },
	{ "rescued", NULL, "RESCUE" },
	{ "error", REBUILDS, "REBUILD" },
	{ "error", NULL, "ERROR" },
	{ "deleted", NULL, "DELETED" },
	{ "soft-delete", NULL, "SOFT_DELETED" },
	{ "shelved", NULL, "SHELVED" },
	{ "shelved_offloaded", NULL, "SHELVED_OFFLOADED" },
};

static int has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (strncmp(list, word, n) != 0 || (list[n] && list[n] != ',')) {
		list = strchr(list, ',');
		if (!list)
			return 0;
		list++;
	}
	return 1;
}

const char *status_of(const char *vm_state, const char *task_state)
{
	const struct status_row *r;

	for (r = table; r < table + ARRAY_LEN(table); r++) {
		if (strcmp(r->vm_state, vm_state) != 0)
			continue;
		if (!r->tasks || (task_state && has_word(r->tasks, task_state)))
			return r->status;
	}
	return "UNKNOWN";
}

int status_states(const char *status, const char **states_r,
		  const char **tasks_r)
{
	static const struct {
		const char *status, *states, *tasks;
	} filters[] = {
		{ "REBOOT", "{active}", "{" REBOOTS "}" },
		{ "HARD_REBOOT", "{active,stopped}", "{" HARD_REBOOTS "}" },
		{ "PASSWORD", "{active}", "{updating_password}" },
		{ "REBUILD", "{active,stopped,error}", "{" REBUILDS "}" },
		{ "MIGRATING", "{active,paused}", "{migrating}" },
		{ "RESIZE", "{active,stopped}", "{" RESIZES "}" },
		{ "REVERT_RESIZE", "{resized}", "{resize_reverting}" },
		{ "ACTIVE", "{active}", NULL },
		{ "BUILD", "{building}", NULL },
		{ "SHUTOFF", "{stopped}", NULL },
		{ "VERIFY_RESIZE", "{resized}", NULL },
		{ "PAUSED", "{paused}", NULL },
		{ "SUSPENDED", "{suspended}", NULL },
		{ "RESCUE", "{rescued}", NULL },
		{ "ERROR", "{error}", NULL },
		{ "DELETED", "{deleted}", NULL },
		{ "SOFT_DELETED", "{soft-delete}", NULL },
		{ "SHELVED", "{shelved}", NULL },
		{ "SHELVED_OFFLOADED", "{shelved_offloaded}", NULL },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(filters); i++) {
		if (strcasecmp(filters[i].status, status) != 0)
			continue;
		*states_r = filters[i].states;
		*tasks_r = filters[i].tasks;
		return 0;
	}
	return -1;
}
