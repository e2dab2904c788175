/** A mail client at a mailbox of 10,000 messages: reads, searches, changes; RFC 9051. */
import { bodyNeedle, subjectNeedle } from '../corpus.ts'
import { median, percentile } from '../figures.ts'
import { ImapClient } from '../imap-client.ts'
import type { RowId } from '../rows.ts'
import { addressOf, password } from '../target.ts'
import type { Trial } from '../trial.ts'
import { mailboxMessages, seedMailbox } from './seed-mailbox.ts'

const repeats = 5
const noops = 4000
const envelopeItems = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)'
const headerItems =
  '(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])'
const phrase = Buffer.from('Cửu Long')
const phraseSearch = Buffer.concat([Buffer.from(`UID SEARCH CHARSET UTF-8 BODY {${phrase.length}+}\r\n`), phrase])

/** Messages that the corpus has for each search, so that a wrong answer is no figure. */
const bodyHits = mailboxMessages / 500
const subjectHits = mailboxMessages / 1000

export async function measureMailbox(trial: Trial): Promise<void> {
  const user = await seedMailbox(trial)
  const place = { port: trial.target.imap }
  trial.cool()
  let client = await ImapClient.signedIn(place, user, password)
  await timed(trial, 'select-first', client, 'SELECT INBOX', { first: true })
  await timed(trial, 'flags-first', client, 'UID FETCH 1:* (FLAGS)', { first: true })
  client.close()
  client = await ImapClient.signedIn(place, user, password)
  await timed(trial, 'select-again', client, 'SELECT INBOX')
  await timed(trial, 'flags-again', client, 'UID FETCH 1:* (FLAGS)')
  await read(trial, client)
  await search(trial, client)
  await change(trial, client)
  client.close()
}

async function read(trial: Trial, client: ImapClient): Promise<void> {
  for (const [name, items] of [['envelope', envelopeItems], ['headers', headerItems]] as const) {
    trial.cool()
    await timed(trial, `${name}-first`, client, `UID FETCH 1:* ${items}`, { first: true })
    await timed(trial, `${name}-again`, client, `UID FETCH 1:* ${items}`)
  }
  const uids = await uidsOf(client)
  trial.cool()
  await timed(trial, 'bodies-first', client, `UID FETCH ${uids[2000]}:${uids[2999]} (BODY.PEEK[])`, { first: true })
  await timed(trial, 'bodies-again', client, `UID FETCH ${uids[2000]}:${uids[2999]} (BODY.PEEK[])`)
  await trial.measure('bodies-single', () => msOf(async () => {
    for (const uid of uids.slice(3000, 4000)) await client.command(`UID FETCH ${uid} (BODY.PEEK[])`)
  }))
  await trial.measure('noop', async () => {
    const ms = await msOf(async () => {
      for (let count = 0; count < noops; count++) await client.command('NOOP')
    })
    return (1000 * noops) / ms
  })
}

async function search(trial: Trial, client: ImapClient): Promise<void> {
  trial.cool()
  await found(trial, 'search-text-first', client, `UID SEARCH TEXT "${bodyNeedle}"`, { first: true, hits: bodyHits })
  await found(trial, 'search-text', client, `UID SEARCH TEXT "${bodyNeedle}"`, { hits: bodyHits })
  await found(trial, 'search-body', client, phraseSearch)
  await found(trial, 'search-from', client, 'UID SEARCH FROM "alice"')
  await found(trial, 'search-subject', client, `UID SEARCH SUBJECT "${subjectNeedle}"`, { hits: subjectHits })
}

/** Each once: it finds the mailbox as the one before has left it. */
async function change(trial: Trial, client: ImapClient): Promise<void> {
  const uids = await uidsOf(client)
  const once = { first: true }
  await timed(trial, 'store-1000', client, `UID STORE ${uids[0]}:${uids[999]} +FLAGS (\\Seen)`, once)
  await timed(trial, 'store-all', client, 'UID STORE 1:* +FLAGS.SILENT (\\Flagged)', once)
  await trial.measure('store-single', async () => {
    const ms = await msOf(async () => {
      for (const uid of uids.slice(1000, 2000)) await client.command(`UID STORE ${uid} +FLAGS (\\Seen)`)
    })
    return 1_000_000 / ms
  }, { once: true })
  await client.command('CREATE Bench')
  await timed(trial, 'copy', client, `UID COPY ${uids[0]}:${uids[999]} Bench`, once)
  await timed(trial, 'move', client, `UID MOVE ${uids[1000]}:${uids[1999]} Bench`, once)
  await client.command(`UID STORE ${uids[0]}:${uids[999]} +FLAGS.SILENT (\\Deleted)`)
  await timed(trial, 'expunge', client, 'EXPUNGE', once)
}

interface Timed {
  /** Once; otherwise the median of repeated times. */
  readonly first?: boolean
}

/** Milliseconds from the command to the end of its answer. */
async function timed(trial: Trial, row: RowId, client: ImapClient, command: string | Buffer, { first = false }: Timed = {}): Promise<void> {
  const times = async (): Promise<number> => {
    const taken: number[] = []
    for (let count = 0; count < (first ? 1 : repeats); count++) taken.push((await client.command(command)).ms)
    return median(taken)
  }
  await trial.measure(row, times, { once: first })
}

async function found(trial: Trial, row: RowId, client: ImapClient, command: string | Buffer, { hits, first = false }: Timed & { readonly hits?: number } = {}): Promise<void> {
  const { text } = first ? { text: null } : await client.command(command, { keep: true })
  await timed(trial, row, client, command, { first })
  const count = text === null ? null : searchedUids(text).length
  if (count !== null && (hits === undefined ? count === 0 : count !== hits)) trial.tell(`  ${trial.target.name}: ${row} found ${count} messages, not ${hits ?? 'some'}`)
}

const uidsOf = async (client: ImapClient): Promise<number[]> => searchedUids((await client.command('UID SEARCH ALL', { keep: true })).text)

const searchedUids = (answer: string): number[] => (/^\* SEARCH([\d ]*)/m.exec(answer)?.[1] ?? '').trim().split(' ').filter(Boolean).map(Number)

async function msOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

const readForMs = 8000

/** While one session reads 10,000 envelopes again and again, three others ask NOOP: what they wait. The mailbox is the run's. */
export async function measureOthers(trial: Trial): Promise<void> {
  const place = { port: trial.target.imap }
  const reader = await ImapClient.signedIn(place, addressOf('s', trial.run), password)
  const others = await Promise.all([0, 1, 2].map((user) => ImapClient.signedIn(place, addressOf('u', user), password)))
  await Promise.all([reader, ...others].map((client) => client.command('SELECT INBOX')))
  const waits: number[] = []
  await trial.measure('others-p95', async () => {
    waits.length = 0
    const until = performance.now() + readForMs
    const reading = async (): Promise<void> => {
      while (performance.now() < until) await reader.command(`UID FETCH 1:* ${envelopeItems}`)
    }
    const asking = async (client: ImapClient): Promise<void> => {
      while (performance.now() < until) waits.push((await client.command('NOOP')).ms)
    }
    await Promise.all([reading(), ...others.map(asking)])
    return percentile(waits, 0.95)
  })
  trial.add('others-max', percentile(waits, 1))
  for (const client of [reader, ...others]) client.close()
}
