#!/bin/sh
# Makes the database where there is none, then becomes the server. The variables are those of PostgreSQL's own image.
set -eu
: "${POSTGRES_PASSWORD:?expected the password of the user}" "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Whole or not at all: a pod that is killed in the middle starts again from nothing.
    new=$PGDATA.new
    rm -rf "$new"
    umask 077
    printf %s "$POSTGRES_PASSWORD" >/tmp/password
    initdb --pgdata="$new" --username="$POSTGRES_USER" --pwfile=/tmp/password --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$new/pg_hba.conf"
    if [ "$POSTGRES_DB" != postgres ]; then
        echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$new" postgres
    fi
    mv "$new" "$PGDATA"
fi
# At each start, because a claim outlives its release: the next one has another password.
quoted=$(printf %s "$POSTGRES_PASSWORD" | sed "s/'/''/g")
echo "ALTER ROLE \"$POSTGRES_USER\" PASSWORD '$quoted'" | postgres --single -D "$PGDATA" postgres >/dev/null
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp
