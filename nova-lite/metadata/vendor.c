/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/metadata/vendor.h"

#include <stdlib.h>
#include <sys/types.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "common/json/out.h"

static const struct target {
	const char *kind, *member, *path;
	mode_t mode;
	const char *cloud;
} targets[] = {
#define FIRST_BOOT(kind, member, path, mode, cloud) \
	{ kind, member, path, mode, cloud },
#include "common/tbl/first_boot.tbl"
#undef FIRST_BOOT
};

static void put_file(json_t *files, const struct target *t, json_t *text)
{
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", t->mode);
	json_array_append_new(files, json_pack("{ss ss sO}", "path", t->path,
					       "permissions", mode, "content",
					       text));
}

/* The texts are the material's own, whose owner clears them. */
static json_t *config_of(const json_t *material)
{
	json_t *keys = json_object(), *files = json_array();

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		const struct target *t = &targets[i];
		json_t *text = json_object_get(json_object_get(material,
							       t->kind),
					       t->member);

		if (text && t->cloud)
			json_object_set(keys, t->cloud, text);
		else if (text)
			put_file(files, t, text);
	}
	return json_pack("{so so}", "ssh_keys", keys, "write_files", files);
}

void vendor_write(const json_t *material, struct buf *out)
{
	json_t *config = config_of(material);
	char *text = json_dumps(config, JSON_COMPACT);
	_cleanup_(buf_fini) struct buf file = { 0 };
	struct jw w;

	if (!text)
		abort();
	buf_printf(&file, "#cloud-config\n%s\n", text);
	jw_init(&w, out);
	j_obj(&w, NULL);
	j_strn(&w, "cloud-init", file.data, file.len);
	j_end(&w);
	mem_clear(text, strlen(text));
	mem_clear(file.data, file.len);
	free(text);
	json_decref(config);
}
