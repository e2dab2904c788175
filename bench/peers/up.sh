#!/bin/bash
# Starts Postfix and Dovecot (2.3, Debian's packages) from $PEERS_DIR on the loopback ports $PEERS_SMTP, $PEERS_LMTP, $PEERS_IMAP.
# Any user of bench.test exists, its password is "pw". Everything is durable: queue, LMTP, Maildir. Limits are raised where the
# defaults would hold back a load from one address; nothing else is tuned.
set -eu
home=${PEERS_DIR:?} smtp=${PEERS_SMTP:?} lmtp=${PEERS_LMTP:?} imap=${PEERS_IMAP:?}
owner=5000 # uid and gid of the mailboxes; no such user needs to exist
mkdir -p "$home"/dc/run "$home"/mail "$home"/pf/etc "$home"/pf/spool "$home"/pf/data "$home"/log
chmod 755 "$home" "$home"/dc "$home"/mail "$home"/pf
chown "$owner:$owner" "$home"/mail
chown postfix "$home"/pf/data

cat > "$home"/dc/dovecot.conf <<CONF
base_dir = $home/dc/run
state_dir = $home/dc/run
instance_name = bench
log_path = $home/log/dovecot.log
listen = 127.0.0.1
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Ln
mail_location = maildir:~/Maildir
mail_uid = $owner
mail_gid = $owner
first_valid_uid = 100
mail_max_userip_connections = 5000
default_vsz_limit = 1G
namespace inbox {
  inbox = yes
  separator = /
}
passdb {
  driver = static
  args = password=pw
}
userdb {
  driver = static
  args = uid=$owner gid=$owner home=$home/mail/%n
}
service imap-login {
  process_limit = 2000
  inet_listener imap {
    address = 127.0.0.1
    port = $imap
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_limit = 4000
}
service anvil {
  client_limit = 8000
}
service auth {
  client_limit = 8000
}
service lmtp {
  process_limit = 200
  unix_listener lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
protocol lmtp {
  postmaster_address = postmaster@bench.test
  mail_plugins =
}
CONF

cat > "$home"/pf/etc/main.cf <<CONF
compatibility_level = 3.6
queue_directory = $home/pf/spool
data_directory = $home/pf/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.bench.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = bench.test
virtual_mailbox_maps = static:ok
virtual_transport = lmtp:unix:$home/dc/run/lmtp
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_security_level = none
smtp_tls_security_level = none
alias_maps =
alias_database =
local_recipient_maps =
maillog_file_prefixes = /
maillog_file = $home/log/postfix.log
message_size_limit = 52428800
CONF

# Debian's master.cf with our port, without chroot and without services of other programs.
sed -E "s/^smtp( +inet.*)\$/127.0.0.1:$smtp\1/" /usr/share/postfix/master.cf.dist | awk '!/^#/ && NF' |
  sed -E 's/^([a-z0-9.:_-]+ +(inet|unix|unix-dgram|pass|fifo) +[-yn]+ +[-yn]+ +)[-y]( )/\1n\3/' |
  grep -vE '^(maildrop|uucp|ifmail|bsmtp|scalemail-backend|mailman|  )' > "$home"/pf/etc/master.cf
touch "$home"/pf/etc/dynamicmaps.cf

dovecot -c "$home"/dc/dovecot.conf
postfix -c "$home"/pf/etc start
for _ in $(seq 100); do
  [ -s "$home"/dc/run/master.pid ] && [ -s "$home"/pf/spool/pid/master.pid ] && exit 0
  sleep 0.1
done
echo 'they did not start' >&2
exit 1
