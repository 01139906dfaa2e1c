#!/bin/sh
# Runs Mosquitto on the files that `anling mosquitto-files FOLDER --watch` writes, and lets it read passwords and ACL
# again when they change. Needs nothing but a POSIX shell: it is what starts in the container of eclipse-mosquitto.
set -eu
folder=${1:?usage: run.sh FOLDER}

fingerprint() { cat "$folder/passwords" "$folder/acl" | cksum; }

# A sleep in the background and a wait for it: so a signal is heard at once.
pause() { sleep "$1" & wait $! || true; }

trap 'exit 0' TERM INT
until [ -s "$folder/mosquitto.conf" ]; do pause 1; done

seen=$(fingerprint)
mosquitto -c "$folder/mosquitto.conf" &
broker=$!
trap 'kill -TERM "$broker" 2>/dev/null || true' TERM INT

while kill -0 "$broker" 2>/dev/null; do
  pause 1
  now=$(fingerprint)
  if [ "$now" != "$seen" ]; then
    seen=$now
    kill -HUP "$broker" 2>/dev/null || true
  fi
done
wait "$broker"
