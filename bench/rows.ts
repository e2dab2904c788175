/**
 * What is measured: one row each, with what it must reach and what it aims at. `first` in the mailbox rows is the first time
 * on a mailbox, `again` the median of repeated times on the same connection.
 */

export interface Row {
  readonly title: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly reach?: number
  readonly aim?: number
}

const rate = (title: string, reach?: number, aim?: number): Row => row(title, '/s', 'more', { reach, aim })
const time = (title: string, reach?: number, aim?: number): Row => row(title, 'ms', 'less', { reach, aim })
const memory = (title: string, unit: string, reach?: number, aim?: number): Row => row(title, unit, 'less', { reach, aim })

function row(title: string, unit: string, better: Row['better'], { reach, aim }: { reach: number | undefined; aim: number | undefined }): Row {
  return { title, unit, better, ...(reach === undefined ? {} : { reach }), ...(aim === undefined ? {} : { aim }) }
}

export const rows = {
  'smtp-5k-1': rate('SMTP → durable in the mailbox, 5 KB, 1 connection'),
  'smtp-5k-10': rate('SMTP → durable in the mailbox, 5 KB, 10 connections', 750, 1000),
  'smtp-5k-50': rate('the same, 50 connections', 750, 1000),
  'smtp-100k-10': rate('the same, 100 KB, 10 connections', 400, 600),
  'smtp-cpu': time('CPU of all server processes, a message of 5 KB', 2.2, 1.5),
  'lmtp-5k-10': rate('LMTP → durable, 5 KB, 10 connections', 1300, 2000),
  'smtp-alone': time('one message alone, accepted and durable, p95', 12, 6),
  append: rate('APPEND, 4 connections, mixed corpus', 800, 1500),
  login: rate('LOGIN + LOGOUT, 10 connections, seen before', 1000, 2000),
  'exists-p50': time("delivery's 250 → EXISTS in IDLE, p50"),
  'exists-p95': time("delivery's 250 → EXISTS in IDLE, p95", 5, 2),
  rest: memory('memory of all processes at rest, RSS', 'MiB', 230, 160),
  'idle-200': memory('memory per idle session, plain, 200', 'KiB', 40, 25),
  'idle-2000': memory('the same, 2,000', 'KiB', 40, 25),
  'idle-5000': memory('the same, 5,000', 'KiB', 40, 25),
  'idle-tls-200': memory('memory per idle session, TLS, 200', 'KiB', 90),
  'idle-tls-2000': memory('the same, 2,000', 'KiB', 90),
  'idle-tls-5000': memory('the same, 5,000', 'KiB', 90),
  'select-first': time('10,000 messages: SELECT first', 5, 2),
  'select-again': time('SELECT again', 2, 1),
  'flags-first': time('FETCH 1:* FLAGS first'),
  'flags-again': time('FETCH 1:* FLAGS again', 15, 8),
  'envelope-first': time('FETCH 1:* envelope, structure, … first', 170, 110),
  'envelope-again': time('FETCH 1:* envelope, structure, … again', 130, 80),
  'headers-first': time("FETCH 1:* Thunderbird's header list first", 150, 90),
  'headers-again': time("FETCH 1:* Thunderbird's header list again", 100, 60),
  'bodies-first': time('BODY.PEEK[] of 1,000 in one command first', 120, 80),
  'bodies-again': time('BODY.PEEK[] of 1,000 in one command again', 45, 30),
  'bodies-single': time('BODY.PEEK[] in 1,000 commands', 350, 250),
  noop: rate('NOOP round trips, one connection', 10_000, 18_000),
  'search-text-first': time('SEARCH TEXT first'),
  'search-text': time('SEARCH TEXT again (substring, exact)', 10, 4),
  'search-body': time('SEARCH BODY, a Vietnamese phrase, exact', 25, 10),
  'search-from': time('SEARCH FROM', 10, 3),
  'search-subject': time('SEARCH SUBJECT', 10, 3),
  'store-1000': time('STORE +FLAGS on 1,000, durable', 20, 10),
  'store-all': time('STORE +FLAGS.SILENT on 10,000, durable', 150, 80),
  'store-single': rate('STORE +FLAGS in 1,000 commands'),
  copy: time('COPY of 1,000', 40, 20),
  move: time('MOVE of 1,000', 40, 20),
  expunge: time('EXPUNGE of 1,000', 40, 20),
  'others-p95': time('NOOP of others while 10,000 envelopes are read, p95', 20),
  'others-max': time('the same, longest'),
  'many-rss': memory('core and Haraka after 200,000 messages, RSS', 'MiB', 400),
  'many-rate': rate('rate over these 200,000, SMTP, 10 connections'),
  'mailbox-1000': rate('into a mailbox of 1,000 messages, SMTP, 10 connections'),
  'mailbox-10000': rate('into a mailbox of 10,000'),
  'mailbox-100000': rate('into a mailbox of 100,000'),
  'mailbox-growth': row('slowest of these to fastest', '', 'more', { reach: 0.8, aim: undefined }),
  'accounts-100': rate('with 100 accounts, SMTP, 10 connections'),
  'accounts-1000': rate('with 1,000 accounts'),
  'accounts-30000': rate('with 30,000 accounts'),
  'accounts-growth': row('slowest of these to fastest', '', 'more', { reach: 0.8, aim: undefined }),
} satisfies Readonly<Record<string, Row>>

export type RowId = keyof typeof rows

export const rowIds = Object.keys(rows) as RowId[]
