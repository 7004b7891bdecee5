#!/bin/sh
# A whole copy of the cluster (pg_basebackup), with the WAL that it needs; for brands of every size, with archive.sh for
# recovery to any moment. Settings: /etc/zhanggui/backup.env (docs/backup.md).
#   BACKUP_DIR           where copies go, on another disk or machine
#   BACKUP_KEEP          how many are kept (7)
#   BACKUP_RECIPIENT     a gpg key id or an age recipient (age1…): copies are encrypted; empty: not
#   BACKUP_URL           a role with REPLICATION, such as postgresql://zhanggui_backup@/postgres
#   BACKUP_NOTE_URL      the app's database, to say that the backup ended well; empty: nobody is told
set -eu
umask 077
: "${BACKUP_DIR:?}" "${BACKUP_URL:?}"
here=$(dirname "$0")
name=base-$(date -u +%Y%m%dT%H%M%SZ)
half=$BACKUP_DIR/.$name
trap 'rm -rf "$half"' EXIT
mkdir -p "$half"

"${PG_BIN:+$PG_BIN/}pg_basebackup" -d "$BACKUP_URL" -D "$half/data" -X stream -c fast --no-password
"${PG_BIN:+$PG_BIN/}pg_verifybackup" -q "$half/data"
# Step by step: a pipe would hide that its first half failed.
tar -C "$half" -czf "$half/plain" data
rm -rf "$half/data"
"$here/seal.sh" < "$half/plain" > "$half/copy"
mv "$half/copy" "$BACKUP_DIR/$name.tar.gz${BACKUP_RECIPIENT:+.sealed}"
sync "$BACKUP_DIR"

# The oldest go only after the newest is complete.
ls -1 "$BACKUP_DIR" | grep '^base-' | sort -r | tail -n +$((${BACKUP_KEEP:-7} + 1)) | while read -r old; do
  rm -f "$BACKUP_DIR/$old"
done
"$here/note.sh" base
echo "$BACKUP_DIR/$name.tar.gz${BACKUP_RECIPIENT:+.sealed}"
