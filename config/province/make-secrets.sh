#!/bin/sh
# Makes the secrets that docker-compose.yml (profile province) and config/systemd name, in the folder that is given. What is
# there already stays. The folder is its owner's alone; the files in it can be read by the users of the containers.
set -eu
folder=${1:-secrets}
database=${2:-congvu}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

put() {
  [ -e "$folder/$1" ] && return
  cat >"$folder/$1.new"
  chmod 444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}
random() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

random 32 | put link_token
random 32 | put sealing_key
random 32 | put mongo_root_password
random 32 | put mongo_password
random 32 | put redis_password
head -c 756 /dev/urandom | base64 | tr -d '\n' | put mongo_keyfile
printf 'mongodb://congvu:%s@mongo-1:27017,mongo-2:27017,mongo-3:27017/?replicaSet=congvu&authSource=%s' "$(cat "$folder/mongo_password")" "$database" | put mongo_url
printf 'redis://:%s@redis:6379' "$(cat "$folder/redis_password")" | put redis_url

if [ ! -e "$folder/tls_certificate" ]; then
  echo "Đặt chứng thư vào / put the certificate into: $folder/tls_certificate (PEM), $folder/tls_key" >&2
fi
