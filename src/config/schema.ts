/**
 * The configuration: one schema that gives types, defaults, documentation and validation (design §5.12).
 * `config/default.toml` is generated from it (`npm run docs`). Every key can be set from the environment as
 * CONGVU_SECTION__KEY. Secrets are files or environment variables, never keys of a file in the repository.
 */
import { boolean, integer, integers, oneOf, real, section, string, strings, type FileOf } from './keys.ts'

const port = (value: number, description: string) => integer(value, [0, 65535], { description })
const count = (value: number, minimum: number, maximum: number, description: string) => integer(value, [minimum, maximum], { description })
const text = (value: string, description: string, pattern?: string) => string(value, { maxLength: 4096, ...(pattern !== undefined && { pattern }) }, { description })
const flag = (value: boolean, description: string) => boolean(value, { description })
const list = (value: string[], description: string) => strings(value, { maxItems: 1000, maxLength: 1024 }, { description })
const choice = <const T extends string>(values: readonly T[], value: NoInfer<T>, description: string) => oneOf(values, value, { description })

const domainPattern = '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'
const hostPortOrEmpty = '^$|^[^\\s:]+:[0-9]{1,5}$'
const addressPattern = '^[0-9a-fA-F.:]+$|^localhost$'

export const configSchema = {
  server: section('The installation itself.', {
    hostname: text('', "Name of this host in SMTP greetings and trace lines. Empty: the machine's own name when it is a full name, else mail.<province domain>."),
    data_directory: text('data', 'Folder of everything that is kept, relative to the working directory.'),
    node: text('', 'Name of this node in leases and logs. Empty: derived from the hostname.', '^[a-zA-Z0-9._-]{0,64}$'),
    stop_within_ms: count(4500, 500, 60_000, 'SIGTERM and Ctrl-C: connections get this long to finish their reply.'),
  }),
  province: section('The province (Điều 2.2).', {
    domain: text('congvu.test', 'Root mail domain, e.g. gialai.gov.vn. Agencies live below it: <label>.<domain>.', domainPattern),
    name: text('Tỉnh Thử nghiệm', 'Name of the province, for texts that people read.'),
    web_url: text('', 'Where people read their mail (Điều 2.2), for texts that point there. Empty: https://mail.<domain>.', '^$|^https?://[^\\s]+$'),
    regulation_file: text('', 'TOML file of what the province changes of config/regulation.toml, which lists every number of the regulation with its clause. Empty: all as written there.'),
  }),
  store: section('Where accounts, mailboxes, messages and outgoing mail are kept.', {
    kind: choice(['embedded', 'mongo'], 'embedded', 'embedded: SQLite and files in the data folder, for one machine. mongo: a MongoDB replica set, for any number of nodes.'),
    mongo_url: text('', 'mongodb://… of the replica set, with its members and its name. One with a password comes from the environment or from mongo_url_file.', '^$|^mongodb(\\+srv)?://'),
    mongo_url_file: text('', 'File that holds mongo_url.'),
    database: text('congvu', 'Name of the database in MongoDB.', '^[a-zA-Z0-9_-]{1,38}$'),
    bodies: choice(['mongo', 's3'], 'mongo', 'Where kind mongo keeps the bodies of messages: in the database, or, where they are tens of terabytes, in an S3-type store.'),
  }),
  s3: section('S3-type store of bodies (AWS, MinIO, Ceph).', {
    endpoint: text('', 'https://host[:port], without a path.', '^$|^https?://[^/\\s]+$'),
    region: text('us-east-1', 'Region that requests are signed for.', '^[a-zA-Z0-9-]{1,64}$'),
    bucket: text('', 'Bucket; it must exist, and be this installation\'s alone or under a prefix of its own.', '^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$'),
    prefix: text('', 'Before every key, with a / at its end.', '^$|^[a-zA-Z0-9._/-]{1,200}/$'),
    path_style: flag(true, 'Bucket in the path (MinIO, Ceph) instead of in the host name (AWS).'),
    access_key_file: text('', 'File with the access key.'),
    secret_key_file: text('', 'File with the secret key.'),
  }),
  redis: section('Redis, over which several nodes ring each other, count, and agree on whose turn a job is. Nothing is kept there that may not be lost.', {
    url: text('', 'redis://host:port or rediss://… Empty: this is the only node. One with a password comes from the environment or from url_file.', '^$|^rediss?://'),
    url_file: text('', 'File that holds url.'),
    prefix: text('congvu', 'Of all keys and channels.', '^[a-zA-Z0-9._-]{1,64}$'),
  }),
  link: section('Between core and ingress nodes that run apart: `congvu serve --role core` and `--role ingress`. A private network: what is said there is not encrypted.', {
    host: text('127.0.0.1', 'Address to listen on, of core for ingress and of ingress for core.', addressPattern),
    port: port(2526, 'Core: questions and reports of ingress.'),
    lmtp_port: port(2527, 'Core: messages of ingress.'),
    handover_port: port(2528, 'Ingress: outgoing mail of core.'),
    token_file: text('', 'File with the secret that both sides know, 32 characters at least; the same on all nodes.'),
    cores: list([], 'Ingress: the core nodes, "host" or "host:port:lmtp_port".'),
  }),
  security: section('Signing in.', {
    allow_active_accounts: flag(true, 'Lets `account create --active` skip the forced first change of the password (Điều 5.2, 9.3). For development and tests: set it to false where people work. False by itself where store.kind is mongo.'),
    login_domain: text('', 'Domain of a bare user name at sign-in. Empty: the province domain, else the only account of that name.', `^$|${domainPattern}`),
    remembered_sign_ins: count(50_000, 0, 1_000_000, 'Sign-ins that are remembered as a keyed hash in memory, so that a repeated one costs no argon2.'),
  }),
  tls: section('Certificate of all services.', {
    certificate: text('', 'PEM file with the chain. Empty: a self-signed certificate is made in the data folder.'),
    key: text('', 'PEM file with the private key.'),
  }),
  smtp: section('Mail exchange and submission (Haraka).', {
    host: text('0.0.0.0', 'Address to listen on.', addressPattern),
    port: port(2525, 'Mail exchange. 25 where the process may.'),
    submission_port: port(2587, 'Submission with STARTTLS (587).'),
    submissions_port: port(2465, 'Submission with implicit TLS (465).'),
    max_message_bytes: count(52_428_800, 65_536, 1_073_741_824, 'Largest message, as announced by SIZE.'),
    max_recipients: count(1000, 1, 100_000, 'Recipients of one transaction.'),
    max_connections: count(2000, 1, 100_000, 'Connections at once.'),
    max_connections_per_ip: count(100, 1, 100_000, 'Connections at once of one address; loopback is not counted.'),
    idle_timeout_seconds: count(300, 10, 3600, 'A client that says nothing this long is let go (RFC 5321 §4.5.3.2).'),
    proxies: list([], 'Addresses of load balancers whose PROXY protocol lines are believed.'),
    max_received: count(30, 5, 1000, 'More Received lines than this are a loop: 554 5.4.6.'),
    hold_above_accounts: count(300, 10, 100_000, 'A message to more accounts is kept as one row first and filed in slices.'),
  }),
  submission: section('Limits of signed-in senders.', {
    max_messages_per_hour: count(2000, 0, 10_000_000, 'Messages that one account may send in an hour; above it is 451 4.7.1. 0: no limit.'),
    max_recipients_per_hour: count(10_000, 0, 10_000_000, 'Recipients that one account may write to in an hour. 0: no limit.'),
    agency_display_name: choice(['ignore', 'enforce'], 'ignore', 'enforce: a display name in From of an agency mailbox must be the name of the agency, else 550 5.7.1 (clause 10.1).'),
  }),
  outbound: section('Mail that leaves.', {
    routes: list([], 'Fixed routes, "domain=host:port"; "*" for all others (a smart host). Empty: MX records.'),
    retry_seconds: integers([60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400], [1, 604_800], { minItems: 1, maxItems: 50 }, { description: 'Pauses before each new try; after the last one the message bounces.' }),
    dns_servers: list([], 'DNS servers, "address" or "address:port", instead of those of the machine.'),
    concurrency: count(100, 1, 10_000, 'Deliveries at once.'),
    dkim_selector: text('', 'Signs what leaves (DKIM) under this selector: keys are made in the data folder, dkim/<domain>/, with the DNS records to publish beside them. Empty: unsigned.', '^$|^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$'),
    dkim_domain: text('', 'Signs for this domain and all below it with one key, so that one pair of DNS records serves the province. Empty: each domain has its own.', `^$|${domainPattern}`),
  }),
  checks: section('What ingress asks of other services. A service that is off, absent or hangs is a fact ("not scanned"), never a lost message.', {
    rspamd: text('', 'host:port of the rspamd worker. Empty: off.', hostPortOrEmpty),
    clamd: text('', 'host:port of clamd. Empty: off.', hostPortOrEmpty),
    rspamd_controller: text('', 'host:port of the rspamd controller, which learns from what people move into and out of Junk. Empty: it learns nothing.', hostPortOrEmpty),
    rspamd_password_file: text('', 'File with the password of the controller. Empty: it trusts this address.'),
    unscanned: choice(['accept', 'defer'], 'accept', 'What happens to a message when a scanner that is on gives no answer: taken, or 451 for the sender to try again.'),
    spf: flag(false, 'Checks SPF (RFC 7208).'),
    dkim: flag(false, 'Verifies DKIM (RFC 6376).'),
    dmarc: flag(false, 'Evaluates DMARC (RFC 7489); turns spf and dkim on.'),
    dns_lists: list([], 'DNS lists of bad senders, e.g. zen.spamhaus.org.'),
    karma: text('', "host:port of the Redis in which Haraka's karma scores clients by their behaviour. Empty: off.", hostPortOrEmpty),
    timeout_ms: count(15_000, 100, 300_000, 'A check that takes longer gives no answer.'),
    dmarc_reject: choice(['refuse', 'junk'], 'refuse', "What happens to mail that fails DMARC where its domain asks to reject it; mailing lists break DMARC, and junk keeps what comes by them."),
    refuse_score: real(15, [0, 1000], { description: "Spam score from which a message is refused; below it, what the scanner calls spam is filed into Junk. 0: never." }),
  }),
  lmtp: section('LMTP for other programs of this machine; ingress has its own private socket.', {
    enabled: flag(false, 'Listens on loopback. Whoever reaches it may deliver to every mailbox.'),
    host: text('127.0.0.1', 'Loopback address.', '^127\\.[0-9.]+$|^::1$|^localhost$'),
    port: port(2424, 'Port.'),
  }),
  imap: section('IMAP.', {
    host: text('0.0.0.0', 'Address to listen on.', addressPattern),
    port: port(2143, 'IMAP with STARTTLS (143).'),
    tls_port: port(2993, 'IMAP over TLS (993).'),
    max_connections: count(20_000, 1, 1_000_000, 'Connections at once.'),
    max_connections_per_ip: count(1000, 1, 1_000_000, 'Connections at once of one address (an office behind NAT is one); loopback is not counted.'),
    proxies: list([], 'Addresses or networks of load balancers, whose PROXY protocol headers (version 1 or 2) are believed; from them one must come.'),
    max_mailboxes: count(2000, 10, 100_000, 'Mailboxes of one account.'),
  }),
  http: section('HTTP: health, metrics.', {
    host: text('127.0.0.1', 'Address to listen on.', addressPattern),
    port: port(8080, 'HTTP.'),
    tls_port: port(8443, 'HTTPS.'),
  }),
  admin: section('REST API of the administration and console (Điều 3 to 12), on ports of its own.', {
    enabled: flag(true, 'Listens; the API is loaded with the first request.'),
    host: text('127.0.0.1', 'Address to listen on.', addressPattern),
    port: port(8090, 'HTTP. Passwords are taken over it from this machine alone.'),
    tls_port: port(8490, 'HTTPS.'),
    proxies: list([], 'Addresses or networks of load balancers whose X-Forwarded-For and X-Forwarded-Proto are believed.'),
    second_factor_roles: list(['agency-administrator', 'operator', 'super-administrator'], 'Roles that must have a second factor; whoever enrolled one is asked for it in any case.'),
    session_idle_minutes: count(30, 1, 1440, 'A session of the console ends after so long without a request.'),
    session_hours: count(10, 1, 168, 'And so long after signing in.'),
    requests_per_minute: count(600, 10, 1_000_000, 'Of one session or token. Without one a third of it, per address.'),
    key_file: text('', 'File with 32 characters at least, the same on all nodes, that seals what must be read again: secrets of second factors, dates and places of birth. Empty: a key is made, in the data folder, or where store.kind is mongo beside what it seals, in the database.'),
  }),
  quota: section('Sizes of mailboxes (Điều 7.3).', {
    default_bytes: count(5_368_709_120, 1_048_576, 1_099_511_627_776, 'Quota of a new account.'),
    reserve_bytes: count(10_485_760, 0, 1_073_741_824, 'What system warnings may use above the quota.'),
  }),
  log: section('Log of the process (JSON lines on standard error).', {
    level: choice(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info', 'Least severity that is written.'),
  }),
}

export type Config = FileOf<typeof configSchema>
