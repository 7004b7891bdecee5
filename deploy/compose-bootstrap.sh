#!/bin/sh
# Runs once, when the database's volume is new: roles, database, rights.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -d postgres \
  -v owner_password="$(cat /run/secrets/owner_password)" -v app_password="$(cat /run/secrets/app_password)" \
  -f /bootstrap.sql
