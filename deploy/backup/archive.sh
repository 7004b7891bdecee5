#!/bin/sh
# archive_command = '/opt/zhanggui/deploy/backup/archive.sh %p %f': keeps each WAL segment, so that a copy of base.sh can
# be brought to any later moment. Answers 0 only when the segment is safe; never replaces one by another.
set -eu
umask 077
. "${BACKUP_ENV:-/etc/zhanggui/backup.env}"
export BACKUP_RECIPIENT
: "${BACKUP_DIR:?}"
here=$(dirname "$0")
mkdir -p "$BACKUP_DIR/wal"
kept=$BACKUP_DIR/wal/$2.gz${BACKUP_RECIPIENT:+.sealed}
if [ -e "$kept" ]; then
  [ -n "${BACKUP_RECIPIENT:-}" ] && exit 0 # archived before; a sealed one cannot be compared
  gzip -dc "$kept" | cmp -s - "$1" && exit 0
  echo "another segment of this name is kept already: $kept" >&2
  exit 1
fi
# Step by step: a pipe would hide that its first half failed.
trap 'rm -f "$kept.plain" "$kept.half"' EXIT
gzip -1 < "$1" > "$kept.plain"
"$here/seal.sh" < "$kept.plain" > "$kept.half"
sync "$kept.half"
mv "$kept.half" "$kept"
