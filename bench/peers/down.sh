#!/bin/bash
# Stops what up.sh started, by the pids in its own folder, and removes that folder.
set -u
home=${PEERS_DIR:?the folder of the peers}
[ -d "$home/pf/etc" ] && postfix -c "$home/pf/etc" stop >/dev/null 2>&1
if [ -f "$home/dc/run/master.pid" ]; then
  pid=$(cat "$home/dc/run/master.pid")
  kill "$pid" 2>/dev/null
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
fi
rm -rf "$home"
exit 0
