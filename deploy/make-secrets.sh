#!/bin/sh
# Makes the passwords of docker-compose.yml, once, in .env beside it: for its owner alone, never in git.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo ".env is there already; nothing was changed. A database keeps the password it was made with." >&2
  exit 1
fi
random() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
cat > .env <<END
ANLING_DATABASE_PASSWORD=$(random)
ANLING_BROKER_PASSWORD=$(random)

# How people reach the pages, through a proxy that speaks HTTPS:
ANLING_PUBLIC_URL=
# The addresses of this machine that families' phones can reach, with commas between them:
ANLING_MEDIA_HOSTS=
# The address of this machine at which devices find the broker:
ANLING_MQTT_HOST=127.0.0.1
END
echo "Written: .env. Fill in ANLING_PUBLIC_URL and ANLING_MEDIA_HOSTS, then: docker compose up --detach"
