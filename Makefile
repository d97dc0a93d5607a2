# SPDX-License-Identifier: Apache-2.0
# Everything is built out of tree: build/<flavour>/, generated C in build/gen/.
#   make            all programs          make FLAVOUR=asan   the same, sanitized
#   make run        a whole cloud here    make test           every test
#   make check      the gates             make bench          figures, as ratios
#   make install    DESTDIR, PREFIX       make man, api-ref   documents
#   make appliance  the machine that injects files into xfs, btrfs, LVM

FLAVOUR ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
B := build/$(FLAVOUR)
G := build/gen

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wpointer-arith -Wundef -Werror
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fcf-protection \
	-fPIE -fno-plt
FLAGS_release := -O2 $(HARDEN)
FLAGS_clang := $(FLAGS_release)
FLAGS_debug := -O0
FLAGS_asan := -O1 -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined
FLAGS_fuzz := -O1 -fsanitize=address,undefined,fuzzer-no-link
LINK_release := -pie -Wl,-z,relro,-z,now
LINK_clang := $(LINK_release)
LINK_asan := -fsanitize=address,undefined
LINK_fuzz := -fsanitize=address,undefined

PKGS := jansson libpq libcurl libcrypto uuid
VIRT_PKGS := libvirt libvirt-qemu libxml-2.0 libisofs-1
pkg = $(shell pkg-config --$(1) $(2) 2>/dev/null)
CFLAGS ?= -g
CPPFLAGS += -D_GNU_SOURCE -I. -Ibuild $(call pkg,cflags,$(PKGS))
ALL_CFLAGS := -std=gnu11 -pthread $(CFLAGS) $(FLAGS_$(FLAVOUR)) $(WARN)
LIBS := $(call pkg,libs,$(PKGS)) -lcrypt -lm
VIRT_LIBS := $(call pkg,libs,$(VIRT_PKGS))
INJECT_LIBS := $(call pkg,libs,libnbd ext2fs com_err)
BOOT_LIBS := $(call pkg,libs,libisofs-1 libarchive libkmod)

# Rooms: the folders whose .c files make an archive. main.c files are programs.
common_DIRS := base json sql crypto http auth service job
common_SRC := $(foreach d,$(common_DIRS),$(wildcard common/$(d)/*.c)) \
	$(G)/common_sql.c $(G)/migrations.c
keystone_SRC := $(wildcard keystone-shim/*.c keystone-shim/api/*.c) \
	$(G)/keystone_sql.c
glance_SRC := $(wildcard glance-lite/*.c glance-lite/api/*.c \
	glance-lite/store/*.c glance-lite/manifest/*.c \
	glance-lite/delta/*.c) glance-lite/bundle/bundle.c $(G)/glance_sql.c
bundle_SRC := glance-lite/bundle/check.c
nova_SRC := $(wildcard nova-lite/*.c nova-lite/api/*.c) \
	nova-lite/inject/check.c $(G)/nova_sql.c
network_SRC := $(wildcard nova-lite/network/*.c) $(G)/network_sql.c
compute_SRC := $(wildcard nova-lite/compute/*.c nova-lite/virt/*.c) \
	nova-lite/job_secret.c \
	$(addprefix nova-lite/metadata/,config_drive.c tree.c ec2.c \
	openstack.c signing_keys.c) $(G)/compute_sql.c
metadata_SRC := $(filter-out %/guestfwd.c %/config_drive.c, \
	$(wildcard nova-lite/metadata/*.c)) $(G)/metadata_sql.c
inject_SRC := $(wildcard nova-lite/inject/*.c)
boot_SRC := $(wildcard nova-lite/boot/*.c) nova-lite/inject/child.c
# What runs in the appliance: its own, and what is the same on the host.
appliance_SRC := $(wildcard nova-lite/inject/appliance/*.c) \
	$(addprefix nova-lite/inject/,edit.c tree.c walk.c wire.c)
# The first process of a machine with a boot image.
boot_init_SRC := $(wildcard nova-lite/boot/guest/*.c)

# What guests run at their first boot.
activation_SRC := $(wildcard activation-agent/*.c)
ACTIVATION_LIBS := -ljansson -lsodium

SQL_ROOMS := common keystone glance nova network compute metadata
ROOMS := $(SQL_ROOMS) bundle inject appliance boot activation
PROGRAMS := keystone-shim glance-lite glance-lite-bundle nova-lite nova-lite-network \
	nova-lite-compute nova-lite-metadata nova-lite-guestfwd \
	nova-lite-inject nova-lite-appliance-init \
	nova-lite-boot nova-lite-boot-init activation-agent
# Started by the others; no options, no configuration.
HELPERS := glance-lite-bundle nova-lite-guestfwd nova-lite-inject nova-lite-appliance-init \
	nova-lite-boot nova-lite-boot-init activation-agent
BIN := $(addprefix $(B)/bin/,$(PROGRAMS))

obj = $(patsubst %.c,$(B)/%.o,$(1))
lib_src = $(filter-out %/main.c,$($(1)_SRC))

all: $(BIN)

define room
$(B)/lib$(1).a: $(call obj,$(call lib_src,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

# program: main object, archives
define program
$(B)/bin/$(1): $(B)/$(2).o $(foreach r,$(3) common,$(B)/lib$(r).a)
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	@$(CC) $(ALL_CFLAGS) $(LINK_$(FLAVOUR)) -o $$@ $$^ $(4) $(LIBS)
endef
$(eval $(call program,keystone-shim,keystone-shim/main,keystone))
$(eval $(call program,glance-lite,glance-lite/main,glance))
$(eval $(call program,glance-lite-bundle,glance-lite/bundle/main,bundle,-larchive))
$(eval $(call program,nova-lite,nova-lite/main,nova))
$(eval $(call program,nova-lite-network,nova-lite/network/main,network))
$(eval $(call program,nova-lite-compute,nova-lite/compute/main,compute inject boot,$(VIRT_LIBS) $(INJECT_LIBS) $(BOOT_LIBS)))
$(eval $(call program,nova-lite-metadata,nova-lite/metadata/main,metadata))
$(eval $(call program,nova-lite-inject,nova-lite/inject/main,inject,$(INJECT_LIBS)))
$(eval $(call program,nova-lite-boot,nova-lite/boot/main,boot,$(BOOT_LIBS)))

# Runs once per guest connection: static, so that it starts in no time.
$(B)/bin/nova-lite-guestfwd: nova-lite/metadata/guestfwd.c
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CPPFLAGS) -std=gnu11 -O2 $(WARN) -static -o $@ $<

# All there is in a machine of its own.
$(B)/bin/nova-lite-appliance-init: $(appliance_SRC) \
		$(addprefix common/base/,buf.c err.c mem.c timefmt.c)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CPPFLAGS) -std=gnu11 -Os -s $(WARN) -static -o $@ $^

$(B)/bin/nova-lite-boot-init: $(boot_init_SRC) \
		$(addprefix common/base/,buf.c err.c mem.c timefmt.c)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CPPFLAGS) -std=gnu11 -Os -s $(WARN) -static -o $@ $^

# Goes into guests whose libraries nobody knows; sanitized where the others are.
AGENT_LINK_asan := $(FLAGS_asan)
AGENT_LINK_fuzz := $(FLAGS_fuzz)
AGENT_LINK = $(or $(AGENT_LINK_$(FLAVOUR)),-Os -s $(HARDEN) -static-pie)
$(B)/bin/activation-agent: $(activation_SRC) \
		$(addprefix common/base/,buf.c err.c mem.c timefmt.c) \
		$(wildcard activation-agent/*.h)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CPPFLAGS) -std=gnu11 $(WARN) $(AGENT_LINK) -o $@ \
		$(filter %.c,$^) $(ACTIVATION_LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/nova-lite/virt/%.o: CPPFLAGS += $(call pkg,cflags,$(VIRT_PKGS))
$(B)/tests/unit/compute_%.o: CPPFLAGS += $(call pkg,cflags,$(VIRT_PKGS))
$(B)/nova-lite/metadata/config_drive.o: CPPFLAGS += $(call pkg,cflags,libisofs-1)
$(B)/nova-lite/boot/%.o: CPPFLAGS += $(call pkg,cflags,libisofs-1 libarchive libkmod)

# Generated: SQL tables (group numbers must differ within one program).
GEN := tox-free-ci/gen-sql.py
sql_common := 0 common/auth/sql common/job/sql common/service/sql
sql_keystone := 1 keystone-shim/sql
sql_glance := 1 glance-lite/sql glance-lite/manifest/sql glance-lite/delta/sql
sql_nova := 1 nova-lite/sql
sql_network := 1 nova-lite/network/sql
sql_compute := 2 nova-lite/compute/sql nova-lite/metadata/sql
sql_metadata := 2 nova-lite/metadata/sql
define gensql
$(G)/$(1)_sql.c: $(GEN) tox-free-ci/sqlfiles.py $(wildcard $(addsuffix /*,$(wordlist 2,9,$(sql_$(1)))))
	@mkdir -p $(G)
	@echo "  GEN     $$@"
	@python3 $(GEN) $(G)/$(1)_sql $(sql_$(1))
$(G)/$(1)_sql.h: $(G)/$(1)_sql.c
endef
$(foreach r,$(SQL_ROOMS),$(eval $(call gensql,$(r))))
$(G)/migrations.c: tox-free-ci/gen-migrations.py $(wildcard catalog/*.sql)
	@mkdir -p $(G)
	@echo "  GEN     $@"
	@python3 tox-free-ci/gen-migrations.py $@ catalog
gen: $(foreach r,$(SQL_ROOMS),$(G)/$(r)_sql.c) $(G)/migrations.c
$(foreach r,$(ROOMS),$(call obj,$($(r)_SRC))): | gen

# Unit tests: NAME_test.c; those named after a room link that room's archive.
UNIT_SRC := $(wildcard tests/unit/*_test.c)
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
room_of = $(firstword $(filter $(foreach r,$(ROOMS),$(r)_%),$(1)))
define unit
$(B)/unit/$(1): $(B)/tests/unit/$(1).o \
		$(foreach r,$(filter-out common,$(ROOMS)),\
		$(if $(filter $(r)_%,$(1)),$(B)/lib$(r).a)) \
		$(if $(filter compute_%,$(1)),$(B)/libinject.a $(B)/libboot.a) \
		$(B)/libcommon.a
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	@$(CC) $(ALL_CFLAGS) $(LINK_$(FLAVOUR)) -o $$@ $$^ -lcmocka $(LIBS) \
		$(if $(filter compute_%,$(1)),$(VIRT_LIBS)) \
		$(if $(filter inject_% compute_%,$(1)),$(INJECT_LIBS)) \
		$(if $(filter boot_% compute_%,$(1)),$(BOOT_LIBS)) \
		$(if $(filter activation_%,$(1)),$(ACTIVATION_LIBS))
endef
$(foreach t,$(UNIT_SRC),$(eval $(call unit,$(basename $(notdir $(t))))))
$(B)/unit/inject_remote_test: | $(B)/bin/nova-lite-inject
unit: $(UNIT)

# Fuzz targets (CC=clang FLAVOUR=fuzz): NAME_fuzz.c, rooms as above.
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
define fuzz
$(B)/fuzz/$(1): $(B)/tests/fuzz/$(1).o \
		$(foreach r,$(filter-out common,$(ROOMS)),\
		$(if $(filter $(r)_%,$(1)),$(B)/lib$(r).a)) $(B)/libcommon.a
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	@$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LINK_$(FLAVOUR)) -o $$@ $$^ \
		$(LIBS) $(if $(filter compute_%,$(1)),$(VIRT_LIBS)) \
		$(if $(filter inject_%,$(1)),$(INJECT_LIBS)) \
		$(if $(filter boot_%,$(1)),$(BOOT_LIBS)) \
		$(if $(filter activation_%,$(1)),$(ACTIVATION_LIBS))
endef
$(foreach t,$(FUZZ_SRC),$(eval $(call fuzz,$(basename $(notdir $(t))))))
fuzz: $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SRC))

# Each installs what it lacks first; the programs are then built by a make of
# its own, because this one has already looked for the libraries.
DEPS := tox-free-ci/install-deps.sh
AGAIN = $(MAKE) --no-print-directory -j$(shell nproc)
run:
	@$(DEPS) build run
	@$(AGAIN) all
	@exec python3 tox-free-ci/cloud.py
test:
	@$(DEPS) build run test
	@python3 tox-free-ci/suite.py test
check:
	@$(DEPS)
	@python3 tox-free-ci/suite.py check
bench:
	@$(DEPS) build run bench
	@$(AGAIN) all
	@rc=0; for b in bench launch inject candidates boot \
		first_boot os_images; do \
		python3 tests/bench/$$b.py || rc=1; done; exit $$rc

# Files into what libext2fs cannot edit (nova-lite/inject/).
appliance: $(B)/bin/nova-lite-appliance-init
	@PACKAGE_CACHE=build/guest APPLIANCE_INIT=$< \
		nova-lite/inject/build-appliance.sh build/appliance

# Documents that the programs print themselves.
DOCS := $(filter-out $(HELPERS),$(PROGRAMS))
man: $(DOCS:%=build/man/%.8)
build/man/%.8: $(B)/bin/%
	@mkdir -p $(@D)
	@$< --man >$@
conf: $(DOCS:%=build/conf/%.conf)
build/conf/%.conf: $(B)/bin/%
	@mkdir -p $(@D)
	@$< --sample-config >$@
api-ref: $(BIN)
	@python3 tox-free-ci/gen-api-ref.py

PREFIX ?= /usr/local
install: all man conf
	install -d $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(PREFIX)/share/man/man7 \
		$(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/doc/openstack-lite \
		$(DESTDIR)$(PREFIX)/lib/systemd/system
	install $(BIN) $(DESTDIR)$(PREFIX)/sbin
	install nova-lite/inject/build-appliance.sh \
		$(DESTDIR)$(PREFIX)/sbin/nova-lite-build-appliance
	install -d $(DESTDIR)$(PREFIX)/share/openstack-lite
	install -m 644 nova-lite/inject/packages.sh \
		$(DESTDIR)$(PREFIX)/share/openstack-lite
	install -d $(DESTDIR)$(PREFIX)/share/openstack-lite/os-image
	install dist/os-image/* \
		$(DESTDIR)$(PREFIX)/share/openstack-lite/os-image
	install -m 644 build/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 dist/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 dist/man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 build/conf/*.conf README.md \
		$(DESTDIR)$(PREFIX)/share/doc/openstack-lite
	for unit in dist/systemd/*; do \
		sed 's|@PREFIX@|$(PREFIX)|g' $$unit > \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; done

.PHONY: all gen unit fuzz run test check bench appliance man conf api-ref install clean
.SECONDARY:
clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
