#!/bin/sh
# restore_command = '/opt/zhanggui/deploy/backup/fetch.sh %f %p'
set -eu
umask 077
. "${BACKUP_ENV:-/etc/zhanggui/backup.env}"
here=$(dirname "$0")
for kept in "$BACKUP_DIR/wal/$1.gz" "$BACKUP_DIR/wal/$1.gz.sealed"; do
  if [ -e "$kept" ]; then
    trap 'rm -f "$2.gz"' EXIT
    "$here/open.sh" "$kept" > "$2.gz"
    gzip -dc < "$2.gz" > "$2"
    exit 0
  fi
done
exit 1
