#!/bin/sh
# restore.sh <copy of base.sh> <empty folder> [moment]: unpacks a copy and readies it; with a moment, such as
# '2026-11-22 03:00:00+08', WAL up to then is applied when the server starts (without one: all that there is).
set -eu
umask 077
copy=$1 data=$2 moment=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
[ -z "$(ls -A "$data" 2>/dev/null)" ] || { echo "$data is not empty" >&2; exit 1; }
mkdir -p "$data"
"$here/open.sh" "$copy" > "$data.plain"
tar -C "$data" --strip-components=1 -xzf "$data.plain"
rm -f "$data.plain"
chmod 0700 "$data"
if [ -n "${BACKUP_DIR:-}" ] && [ -d "$BACKUP_DIR/wal" ]; then
  touch "$data/recovery.signal"
  {
    echo "restore_command = 'BACKUP_ENV=${BACKUP_ENV:-/etc/zhanggui/backup.env} $here/fetch.sh %f %p'"
    echo "recovery_target_action = 'promote'"
    echo "archive_mode = off" # the restored one must not write into the archive of the lost one
    [ -z "$moment" ] || echo "recovery_target_time = '$moment'"
  } >> "$data/postgresql.auto.conf"
fi
echo "start PostgreSQL on $data, then: manage.py restore_check"
