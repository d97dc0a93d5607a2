/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json/in.h"
#include "nova-lite/compute/boot.h"
#include "nova-lite/compute/container.h"
#include "nova-lite/job_secret.h"
#include "nova-lite/metadata/config_drive.h"
#include "nova-lite/metadata/signing_keys.h"
#include "nova-lite/metadata/tree.h"

/* -- the rows ------------------------------------------------------------ */

static void own_rows_fini(void *rows)
{
	rows_fini(rows);
}

static void own_json_decref(void *json)
{
	json_decref(json);
}

/* Rows that live as long as the job's run. */
static int read_rows(struct job *j, const struct sql_stmt *stmt,
		     const struct rows **rows_r, struct err *e)
{
	struct rows *rows = arena_zalloc(&j->arena, sizeof(*rows));

	if (sql_exec(j->conn, stmt, ARGS(j->subject), rows, e) < 0)
		return -1;
	arena_own(&j->arena, rows, own_rows_fini);
	*rows_r = rows;
	return 0;
}

/* A document that lives as long as the job's run. */
static int read_json(struct job *j, const char *text, json_t **v_r,
		     struct err *e)
{
	*v_r = json_parse(text, strlen(text), e);
	if (!*v_r)
		return -1;
	arena_own(&j->arena, *v_r, own_json_decref);
	return 0;
}

int server_load(struct job *j, struct err *e)
{
	struct server *s = arena_zalloc(&j->arena, sizeof(*s));
	const struct rows *rows;
	const char *boot, *system;

	if (read_rows(j, &SQL_server_load, &rows, e) < 0 ||
	    read_rows(j, &SQL_server_nics, &s->nics, e) < 0)
		return -1;
	if (rows->n == 0)
		return err_set(e, ERR_NOT_FOUND, "Instance %s could not be "
			       "found.", j->subject);
	s->row = rows_at(rows, 0);
	boot = row_text(&s->row, server__boot);
	system = row_text(&s->row, server__os_image);
	if (read_json(j, row_text(&s->row, server__image_props),
		      &s->image_props, e) < 0 ||
	    (boot && read_json(j, boot, &s->boot, e) < 0) ||
	    (system && read_json(j, system, &s->os_image, e) < 0))
		return -1;
	snprintf(s->name, sizeof(s->name), "instance-%08x",
		 (unsigned int)row_int(&s->row, server__num));
	j->data = s;
	return 0;
}

static const char *image_prop(const struct server *s, const char *key)
{
	return json_string_value(json_object_get(s->image_props, key));
}

/* -- disks --------------------------------------------------------------- */

int server_layer_make(struct job *j, const char *path, struct image *base_r,
		      struct err *e)
{
	struct server *s = job_server(j);
	int64_t size = row_int(&s->row, server__disk) << 30;
	const char *made = server_made_image(j);
	struct image image;

	if (image_get(&job_agent(j)->images, made ? made :
		      row_text(&s->row, server__image_id), &image, e) < 0)
		return -1;
	if (size && image.virtual_size > size)
		return err_set(e, ERR_BAD_REQUEST, "Flavor's disk is too small "
			       "for requested image. Flavor disk is %lld "
			       "bytes, image is %lld bytes.", (long long)size,
			       (long long)image.virtual_size);
	if (instance_layer_make(path, &image, size ? size :
				image.virtual_size, e) < 0)
		return -1;
	*base_r = image;
	return 0;
}

static int root_disk(struct job *j, struct err *e)
{
	char path[INSTANCE_PATH_MAX];
	struct image base;

	instance_path(job_agent(j), j->subject, "disk", path);
	if (server_layer_make(j, path, &base, e) < 0)
		return -1;
	return server_inject(j, path, e);
}

static int extra_disk(struct job *j, const char *name, int64_t size,
		      struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	if (size == 0)
		return 0;
	instance_path(job_agent(j), j->subject, name, path);
	return instance_disk_make(path, size, e);
}

int server_disks(struct job *j, struct err *e)
{
	const struct row *row = &job_server(j)->row;

	if ((has_system(j) ? server_system_data(j, e) : root_disk(j, e)) < 0 ||
	    extra_disk(j, "disk.eph0", row_int(row, server__ephemeral) << 30,
		       e) < 0)
		return -1;
	return extra_disk(j, "disk.swap", row_int(row, server__swap) << 20, e);
}

/* -- the config drive ---------------------------------------------------- */

enum { DRIVE_FILES = 64 };

struct drive {
	struct arena *arena;
	struct config_file files[DRIVE_FILES];
	size_t n;
};

static int drive_add(const char *path, const struct buf *data, void *arg,
		     struct err *e)
{
	struct drive *d = arg;

	if (d->n == DRIVE_FILES)
		return err_internal(e, "config drive: too many files");
	d->files[d->n++] = (struct config_file){
		.path = arena_strdup(d->arena, path),
		.data = arena_strndup(d->arena, data->data, data->len),
		.size = data->len,
	};
	return 0;
}

bool server_has_config_drive(const struct job *j)
{
	return job_agent(j)->force_config_drive || has_system(j) ||
	       row_bool(&job_server(j)->row, server__config_drive);
}

static struct md *read_metadata(struct job *j, struct err *e)
{
	struct rows rows = { 0 };
	struct md *md = NULL;

	if (sql_exec(j->conn, &SQL_server_metadata,
		     ARGS(j->subject, sql_null(), sql_null(), sql_null(),
			  job_agent(j)->dhcp_domain), &rows, e) < 0)
		return NULL;
	if (rows.n == 0) {
		err_set(e, ERR_NOT_FOUND, "Instance %s could not be found.",
			j->subject);
	} else {
		struct row row = rows_at(&rows, 0);

		md = md_new(row_text(&row, 0), row_len(&row, 0), e);
	}
	rows_fini(&rows);
	return md;
}

/* Pinned: a guest tells by them what comes from its own cloud. */
static int add_signing_keys(struct job *j, struct drive *d, struct err *e)
{
	_cleanup_(buf_fini) struct buf data = { 0 };
	struct rows rows = { 0 };
	int r = 0;

	if (sql_exec(j->conn, &SQL_signing_key_list, NULL, 0, &rows, e) < 0)
		return -1;
	if (rows.n > 0) {
		signing_keys_write(&rows, &data);
		r = drive_add("openstack/latest/first_boot_keys", &data, d, e);
	}
	rows_fini(&rows);
	return r;
}

int server_config_drive(struct job *j, struct err *e)
{
	const char *pass = job_secret_get(&j->arena, json_string_value(
		json_object_get(j->args, "sealed_admin_pass")));
	struct drive d = { .arena = &j->arena };
	char path[INSTANCE_PATH_MAX];
	struct md *md;
	int r;

	if (!server_has_config_drive(j))
		return 0;
	md = read_metadata(j, e);
	if (!md)
		return -1;
	instance_path(job_agent(j), j->subject, "disk.config", path);
	r = md_files(md, pass, drive_add, &d, e);
	md_free(md);
	if (r == 0)
		r = add_signing_keys(j, &d, e);
	if (r == 0)
		r = server_system_files(j, drive_add, &d, e);
	if (r < 0)
		return -1;
	return job_agent(j)->containers ?
	       container_config_write(j, d.files, d.n, e) :
	       config_drive_write(path, d.files, d.n, e);
}

/* -- the machine --------------------------------------------------------- */

enum { DISKS_MAX = 7, NICS_MAX = 16 };

static struct disk_spec *add_path(struct job *j, struct domain_spec *spec,
				  const char *path, const char *format)
{
	struct disk_spec *d = (struct disk_spec *)&spec->disks[spec->n_disks];
	const char *bus = image_prop(job_server(j), "hw_disk_bus");

	*d = (struct disk_spec){
		.path = arena_strdup(&j->arena, path),
		.format = format,
		.bus = bus ? bus : "virtio",
		.readonly = strcmp(format, "raw") == 0,
	};
	spec->n_disks++;
	return d;
}

/* NULL: there is none. */
static struct disk_spec *add_disk(struct job *j, struct domain_spec *spec,
				  const char *name, const char *format)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, name, path);
	return access(path, F_OK) < 0 ? NULL : add_path(j, spec, path, format);
}

static void add_root(struct job *j, struct domain_spec *spec)
{
	struct disk_spec *boot = add_disk(j, spec, "disk.boot", "raw");
	struct disk_spec *root = add_disk(j, spec, "disk", "qcow2");

	if (boot)
		boot->boot = 1;
	if (root)
		root->boot = boot ? 2 : 1;
}

static void add_shared(struct job *j, struct domain_spec *spec,
		       const char *path, const char *serial)
{
	struct disk_spec *d = add_path(j, spec, path, "raw");

	d->shareable = true;
	d->serial = serial;
}

/* The system in the root's place, then its own; see system.h. */
static void add_system(struct job *j, struct domain_spec *spec)
{
	struct disk_spec *boot = add_disk(j, spec, "disk.boot", "raw");

	if (boot)
		boot->boot = 1;
	add_shared(j, spec, server_system_path(j), SYSTEM_SERIAL);
}

static void add_system_data(struct job *j, struct domain_spec *spec)
{
	const char *software = server_software_path(j);
	struct disk_spec *data = add_disk(j, spec, SYSTEM_DATA, "raw");

	data->readonly = false;
	data->serial = SYSTEM_DATA_SERIAL;
	if (software)
		add_shared(j, spec, software, SYSTEM_SOFTWARE_SERIAL);
}

/* A read-only disk: cloud kernels lack the drivers for CD-ROMs. */
static void add_disks(struct job *j, struct domain_spec *spec)
{
	struct disk_spec *config;

	spec->disks = arena_zalloc(&j->arena,
				   DISKS_MAX * sizeof(*spec->disks));
	if (has_system(j))
		add_system(j, spec);
	else
		add_root(j, spec);
	add_disk(j, spec, "disk.eph0", "qcow2");
	add_disk(j, spec, "disk.swap", "qcow2");
	if (has_system(j))
		add_system_data(j, spec);
	config = add_disk(j, spec, "disk.config", "raw");
	if (config && has_system(j))
		config->serial = SYSTEM_CONFIG_SERIAL;
}

static void fill_nic(struct job *j, const struct row *row, struct nic_spec *n)
{
	struct agent *a = job_agent(j);
	char socket[INSTANCE_PATH_MAX];

	instance_metadata_socket(a, j->subject, socket);
	*n = (struct nic_spec){
		.kind = strcmp(row_text(row, nic__kind), "bridge") == 0 ?
			NIC_NETWORK : NIC_USER,
		.source = row_text(row, nic__network_id),
		.mac = row_text(row, nic__mac),
		.model = image_prop(job_server(j), "hw_vif_model"),
		.address = row_text(row, nic__ip),
		.gateway = row_text(row, nic__gateway),
		.guestfwd = a->guestfwd,
		.metadata = arena_strdup(&j->arena, socket),
	};
}

static void add_nics(struct job *j, struct domain_spec *spec)
{
	const struct rows *rows = job_server(j)->nics;
	struct nic_spec *nics = arena_zalloc(&j->arena,
					     NICS_MAX * sizeof(*nics));

	for (int i = 0; i < rows->n && i < NICS_MAX; i++) {
		struct row row = rows_at(rows, i);

		fill_nic(j, &row, &nics[spec->n_nics++]);
	}
	spec->nics = nics;
}

static int check_disk(struct job *j, struct err *e)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject,
		      has_system(j) ? SYSTEM_DATA : "disk", path);
	if (access(path, F_OK) < 0)
		return err_set(e, ERR_CONFLICT, "The server has no disk: its "
			       "rebuild failed.");
	if (has_system(j) && !server_system_path(j))
		return err_internal(e, "the OS image left the cache");
	return 0;
}

static void add_machine(struct job *j, struct domain_spec *spec)
{
	server_boot_spec(j, spec);
	add_disks(j, spec);
}

int server_define(struct job *j, struct err *e)
{
	struct agent *a = job_agent(j);
	struct server *s = job_server(j);
	const char *firmware = image_prop(s, "hw_firmware_type");
	char log[INSTANCE_PATH_MAX];
	struct domain_spec spec = {
		.uuid = j->subject,
		.name = s->name,
		.kvm = a->kvm,
		.memory_mb = row_int(&s->row, server__ram),
		.vcpus = row_int(&s->row, server__vcpus),
		.uefi = firmware && strcmp(firmware, "uefi") == 0,
		.console_log = log,
		.dac = strstr(a->virt_conf.uri, "/system"),
	};

	if (check_disk(j, e) < 0)
		return -1;
	instance_path(a, j->subject, "console.log", log);
	if (a->containers && container_spec(j, &spec, e) < 0)
		return -1;
	if (!a->containers)
		add_machine(j, &spec);
	add_nics(j, &spec);
	return virt_define(a->virt, &spec, e);
}
