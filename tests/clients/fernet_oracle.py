# SPDX-License-Identifier: Apache-2.0
"""Keystone's token formatter as the oracle for ours; see fernet_oracle_test.sh.

usage: fernet_oracle.py TOOL WORKDIR
"""
import base64
import datetime
import os
import stat
import subprocess
import sys
import uuid

import keystone.conf
import msgpack
from keystone.common import fernet_utils
from keystone.token import token_formatters as tf

TOOL, WORK = sys.argv[1:]
METHODS = {'external': 1, 'password': 2, 'token': 4, 'oauth1': 8,
           'mapped': 16, 'application_credential': 32}
EPOCH = datetime.datetime(1970, 1, 1)
PASSED = FAILED = 0


def check(name, ok):
    global PASSED, FAILED
    PASSED, FAILED = PASSED + bool(ok), FAILED + (not ok)
    if not ok:
        print('FAIL', name)


def tool(*args):
    run = subprocess.run([TOOL, *args], capture_output=True, text=True)
    return run.stdout.split() if run.returncode == 0 else None


def audit_id():
    return base64.urlsafe_b64encode(uuid.uuid4().bytes)[:-2].decode()


def iso(usec):
    time = EPOCH + datetime.timedelta(microseconds=usec)
    return time.strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def usec(text):
    time = datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%S.%fZ')
    return (time - EPOCH) // datetime.timedelta(microseconds=1)


HEX = [uuid.uuid4().hex for _ in range(4)]
# kind, payload class, user, scope, via
CASES = [
    (0, tf.UnscopedPayload, HEX[0], None, None),
    (0, tf.UnscopedPayload, 'not-a-uuid', None, None),
    (1, tf.DomainScopedPayload, HEX[0], 'default', None),
    (1, tf.DomainScopedPayload, HEX[0], HEX[1], None),
    (2, tf.ProjectScopedPayload, HEX[0], HEX[1], None),
    (2, tf.ProjectScopedPayload, HEX[0], 'plain-project', None),
    (3, tf.TrustScopedPayload, HEX[0], HEX[1], HEX[2]),
    (8, tf.SystemScopedPayload, HEX[0], 'all', None),
    (9, tf.ApplicationCredentialScopedPayload, HEX[0], HEX[1], HEX[3]),
]
EXPIRY = [1790000000000000, 1790000000123457, 1790000000999999,
          1790000000000001, 4102444799654321]


def keystone_make(formatter, case, methods, expires, audit):
    kind, payload, user, scope, via = case
    return formatter.create_token(
        user, iso(expires), audit, payload, methods=methods,
        system=scope if kind == 8 else None,
        domain_id=scope if kind == 1 else None,
        project_id=scope if kind in (2, 3, 9) else None,
        trust_id=via if kind == 3 else None,
        app_cred_id=via if kind == 9 else None)


def keystone_read(formatter, case, token):
    (user, methods, audit, system, domain, project, trust, _groups, _idp,
     _protocol, _access, app_cred, issued, expires) = \
        formatter.validate_token(token)
    return [str(case[0]), user, str(sum(METHODS[m] for m in methods)),
            system or domain or project or '-', trust or app_cred or '-',
            str(usec(expires)), str(usec(issued) // 1000000), *audit]


def whole_seconds(fields):
    """Keystone's reader cuts the microseconds that its payloads carry."""
    if fields:
        fields[5] = str(int(fields[5]) // 1000000 * 1000000)
    return fields


def both_ways(formatter, repo, case, expires):
    audit = [audit_id(), audit_id()][:1 + expires % 2]
    methods = ['password', 'token'] if case[0] != 9 else \
        ['application_credential']
    name = f'{case[1].__name__} {case[2]} {case[3]} {expires}'
    token = keystone_make(formatter, case, methods, expires, audit)
    ours = tool('read', repo, token)
    theirs = keystone_read(formatter, case, token)
    check('they make, we read: ' + name,
          ours and ours[5] == str(expires) and whole_seconds(ours) == theirs)
    made = tool('make', repo, *theirs[:5], str(expires), *theirs[6:])
    check('we make, they read: ' + name,
          made and keystone_read(formatter, case, made[0]) == theirs)
    check('payloads are the same bytes: ' + name,
          made and formatter.unpack(made[0]) == formatter.unpack(token))


def old_msgpack(formatter, repo):
    """Before 1.0 msgpack wrote bytes as raw strings."""
    payload = msgpack.packb(
        (2, (True, uuid.UUID(HEX[0]).bytes), 2,
         (True, uuid.UUID(HEX[1]).bytes), 1790000000.25,
         [uuid.uuid4().bytes]), use_bin_type=False)
    fields = tool('read', repo, formatter.pack(payload))
    check('raw strings', fields and fields[:4] == ['2', HEX[0], '2', HEX[1]])


def repositories(conf):
    ours, theirs = WORK + '/ours', WORK + '/theirs'
    check('setup', tool('setup', ours) is not None)
    os.mkdir(theirs, 0o700)
    utils = fernet_utils.FernetUtils(theirs, 3, 'fernet_tokens')
    utils.initialize_key_repository()
    for step in range(5):
        check(f'the same keys after {step} rotations',
              sorted(os.listdir(ours)) == sorted(os.listdir(theirs)))
        for name in os.listdir(ours):
            mode = os.stat(f'{ours}/{name}').st_mode
            check(f'mode of key {name}', stat.S_IMODE(mode) == 0o600)
        check('rotate', tool('rotate', ours, '3') is not None)
        utils.rotate_keys()
    for repo in ours, theirs:
        conf.set_override('key_repository', repo, 'fernet_tokens')
        formatter = tf.TokenFormatter()
        for case in CASES:
            for expires in EXPIRY:
                both_ways(formatter, repo, case, expires)
        old_msgpack(formatter, repo)
    check('a token of another repository',
          tool('read', ours, tf.TokenFormatter().pack(b'x')) is None)


def main():
    conf = keystone.conf.CONF
    keystone.conf.configure(conf)
    conf([], project='keystone', default_config_files=[])
    conf.set_override('max_active_keys', 3, 'fernet_tokens')
    conf.set_override('methods', list(METHODS), 'auth')
    repositories(conf)
    print(f'{PASSED} passed, {FAILED} failed')
    return 1 if FAILED else 0


sys.exit(main())
