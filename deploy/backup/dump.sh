#!/bin/sh
# One database as a pg_dump archive: for small brands, and for moving to another version of PostgreSQL. Same settings as
# base.sh; BACKUP_URL is the owner's address of the database.
set -eu
umask 077
: "${BACKUP_DIR:?}" "${BACKUP_URL:?}"
here=$(dirname "$0")
name=dump-$(date -u +%Y%m%dT%H%M%SZ)
half=$BACKUP_DIR/.$name
trap 'rm -f "$half" "$half.sealed"' EXIT

"${PG_BIN:+$PG_BIN/}pg_dump" -Fc -d "$BACKUP_URL" -f "$half"
"${PG_BIN:+$PG_BIN/}pg_restore" -l "$half" > /dev/null
"$here/seal.sh" < "$half" > "$half.sealed"
mv "$half.sealed" "$BACKUP_DIR/$name.dump${BACKUP_RECIPIENT:+.sealed}"
sync "$BACKUP_DIR"
ls -1 "$BACKUP_DIR" | grep '^dump-' | sort -r | tail -n +$((${BACKUP_KEEP:-7} + 1)) | while read -r old; do
  rm -f "$BACKUP_DIR/$old"
done
"$here/note.sh" dump
echo "$BACKUP_DIR/$name.dump${BACKUP_RECIPIENT:+.sealed}"
