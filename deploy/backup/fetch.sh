#!/bin/sh
# restore_command = '/opt/zhanggui/deploy/backup/fetch.sh %f %p'
set -eu
umask 077
. "${BACKUP_ENV:-/etc/zhanggui/backup.env}"
here=$(dirname "$0")
for kept in "$BACKUP_DIR/wal/$1.gz" "$BACKUP_DIR/wal/$1.gz.sealed"; do
  [ -e "$kept" ] && { "$here/open.sh" "$kept" | gzip -dc > "$2"; exit 0; }
done
exit 1
