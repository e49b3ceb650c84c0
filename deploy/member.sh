#!/usr/bin/env bash
# A member of the set: mongod accepts a key file only if it is its own and private,
# which a mounted secret is not.
set -euo pipefail
install -o mongodb -g mongodb -m 0400 /run/secrets/mongo_keyfile /data/configdb/keyfile
exec docker-entrypoint.sh mongod --keyFile /data/configdb/keyfile "$@"
