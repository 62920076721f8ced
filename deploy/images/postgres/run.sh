#!/bin/sh
# Makes the database where there is none, then becomes the server. The variables are those of PostgreSQL's own image, but POSTGRES_USER
# owns its database and is no superuser, and POSTGRES_READER_PASSWORD_FILE makes a user ${POSTGRES_USER}_reader, who may SELECT and no more.
set -eu
: "${POSTGRES_PASSWORD_FILE:?expected a file with the password of the user}" "${POSTGRES_USER:=seep}"
: "${POSTGRES_DB:=$POSTGRES_USER}"

# From standard input, a line each, in the database $2 of the data in $1, while no server runs.
sql() { postgres --single -D "$1" "$2" >/dev/null; }

# A user with the password in the file $2.
user() {
    printf "DO \$\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%s') THEN CREATE ROLE \"%s\" LOGIN; END IF; END \$\$\n" "$1" "$1"
    printf "ALTER ROLE \"%s\" PASSWORD '%s'\n" "$1" "$(sed "s/'/''/g" "$2")"
}

umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Whole or not at all: a pod that is killed in the middle starts again from nothing.
    new=$PGDATA.new
    rm -rf "$new"
    initdb --pgdata="$new" --username=postgres --auth=reject --encoding=UTF8 --locale=C.UTF-8
    { user "$POSTGRES_USER" "$POSTGRES_PASSWORD_FILE"
      echo "CREATE DATABASE \"$POSTGRES_DB\" OWNER \"$POSTGRES_USER\""; } | sql "$new" postgres
    mv "$new" "$PGDATA"
fi
# Nobody logs in as the superuser.
printf 'host all postgres all reject\nhost all all all scram-sha-256\n' >"$PGDATA/pg_hba.conf"
# At each start, because a claim outlives its release: the next one has other passwords.
{
    user "$POSTGRES_USER" "$POSTGRES_PASSWORD_FILE"
    if [ -n "${POSTGRES_READER_PASSWORD_FILE:-}" ]; then
        reader=${POSTGRES_USER}_reader
        user "$reader" "$POSTGRES_READER_PASSWORD_FILE"
        echo "REVOKE TEMPORARY ON DATABASE \"$POSTGRES_DB\" FROM PUBLIC"
        echo "GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"$reader\""
        echo "ALTER DEFAULT PRIVILEGES FOR ROLE \"$POSTGRES_USER\" IN SCHEMA public GRANT SELECT ON TABLES TO \"$reader\""
    fi
} | sql "$PGDATA" "$POSTGRES_DB"
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp
