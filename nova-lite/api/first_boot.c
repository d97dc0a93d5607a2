/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/first_boot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/program.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "gen/nova_sql.h"

#define PROPERTY "first_boot"
#define AGENT "activation-agent"
#define PROGRAM "/usr/sbin/" AGENT

/* Before whoever makes host keys where there are none, and before whoever
 * reads them. */
static const char unit[] =
"[Unit]\n"
"Description=What this machine gets at its first boot\n"
"Documentation=man:activation-agent(8)\n"
"DefaultDependencies=no\n"
"After=systemd-remount-fs.service systemd-machine-id-commit.service\n"
"After=systemd-networkd.service networking.service NetworkManager.service\n"
"After=cloud-init-local.service\n"
"Before=cloud-init.service ssh.service sshd.service shutdown.target\n"
"Conflicts=shutdown.target\n"
"RequiresMountsFor=/etc /run /usr /var\n"
"\n"
"[Service]\n"
"Type=oneshot\n"
"ExecStart=" PROGRAM "\n"
"StandardOutput=journal+console\n"
"StandardError=journal+console\n"
"TimeoutStartSec=180\n";

static const char wanted[] =
"[Unit]\n"
"Wants=" AGENT ".service\n";

/* What goes into a guest, with what is known of it in advance. */
static struct guest_file {
	const char *path;
	unsigned int mode;
	const char *data;
	size_t size;
	char sha256[DIGEST_HEX_SIZE];
	char *base64;
} files[] = {
	{ PROGRAM, 0755, NULL, 0, "", NULL },
	{ "/etc/systemd/system/" AGENT ".service", 0644, unit,
	  sizeof(unit) - 1, "", NULL },
	{ "/etc/systemd/system/multi-user.target.d/" AGENT ".conf", 0644,
	  wanted, sizeof(wanted) - 1, "", NULL },
};

static char *list;		/* of them, as jobs have it; NULL: no agent */

/* -- at the start --------------------------------------------------------- */

static int read_program(const char *path, struct buf *out)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, buf_reserve(out, 65536), 65536)) > 0)
		out->len += n;
	return n == 0 && out->len > 0 ? 0 : -1;
}

static void take(struct guest_file *f, const char *data, size_t size)
{
	f->size = size;
	digest_hex_of(DIGEST_SHA256, data, size, f->sha256);
	f->base64 = xmalloc(BASE64_TEXT_SIZE(size));
	base64_encode(BASE64_STD, f->base64, data, size);
}

static char *list_of_files(void)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct jw w;

	jw_init(&w, &out);
	j_arr(&w, NULL);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		j_obj(&w, NULL);
		j_str(&w, "path", files[i].path);
		j_str(&w, "sha256", files[i].sha256);
		j_strf(&w, "mode", "%04o", files[i].mode);
		j_int(&w, "uid", 0);
		j_int(&w, "gid", 0);
		j_int(&w, "size", files[i].size);
		j_end(&w);
	}
	j_end(&w);
	return xstrdup(buf_str(&out));
}

void first_boot_start(const struct conf *conf)
{
	_cleanup_(buf_fini) struct buf agent = { 0 };
	const char *name = conf_str(conf, PROPERTY, "activation_agent");
	char path[PROGRAM_PATH];

	if (!name)
		name = program_beside(AGENT, path);
	if (read_program(name, &agent) < 0) {
		log_warn("%s: not there; servers with first_boot=true are "
			 "refused", name);
		return;
	}
	take(&files[0], agent.data, agent.len);
	for (size_t i = 1; i < ARRAY_LEN(files); i++)
		take(&files[i], files[i].data, files[i].size);
	list = list_of_files();
}

void first_boot_stop(void)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		free(files[i].base64);
	free(list);
	list = NULL;
}

/* -- at a request --------------------------------------------------------- */

static const char *asked(const json_t *metadata)
{
	return json_string_value(json_object_get(metadata, PROPERTY));
}

bool asks_first_boot(const json_t *metadata)
{
	const char *how = asked(metadata);

	return how && strcmp(how, "false") != 0;
}

int check_first_boot(struct req *rq, const json_t *metadata,
		     bool config_drive)
{
	const char *how = asked(metadata);

	if (!how || strcmp(how, "false") == 0)
		return 0;
	if (strcmp(how, "true") == 0)
		return list ? 0 : fail(rq, ERR_BAD_REQUEST, "first_boot=true "
				       "is not offered here: there is no "
				       AGENT ".");
	if (strcmp(how, "cloud-init") != 0)
		return fail(rq, ERR_BAD_REQUEST, "first_boot: '%.100s' is not "
			    "one of true, false, cloud-init", how);
	if (config_drive)
		return fail(rq, ERR_BAD_REQUEST, "first_boot=cloud-init needs "
			    "a server without a config drive: cloud-init "
			    "would not ask the metadata service.");
	return 0;
}

int first_boot_prepare(struct req *rq, bool *added_r)
{
	struct row row;

	if (sql_one(rq, &SQL_first_boot_prepare, &row,
		    ARGS(rq->id, list ? list : "[]")) < 0)
		return -1;
	*added_r = list && row_bool(&row, 0);
	return 0;
}

int first_boot_contents(struct req *rq)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (sql_run(rq, &SQL_contents_create,
			    ARGS(rq->id, files[i].sha256, files[i].base64))
		    < 0)
			return -1;
	return 0;
}
