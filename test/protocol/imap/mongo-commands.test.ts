/**
 * What an IMAP client's commands cost on MongoDB, counted by the driver's command monitoring: the whole way from the command line
 * to its tagged reply. Whatever the run's store is, this is about MongoDB.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noFlags } from '../../../src/core/mailbox/flags.ts'
import { ImapClient } from '../../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../../support/imap-rig.ts'
import { Meter, told } from '../../support/mongo-meter.ts'
import { mongoUnreachable } from '../../support/mongo-server.ts'

const messages = 10_000
const batch = 500
const secret = Buffer.from(password, 'utf8').toString('latin1')
const envelopes = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)'
const thunderbird =
  '(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])'

/** At most so many commands each. Of COPY, MOVE and EXPUNGE one or two reads come with the bell of the session's own write, sooner or later. */
const limits: Readonly<Record<string, number>> = {
  'LOGIN, seen before': 1,
  SELECT: 3,
  'FETCH 10,000 envelopes': 12,
  "FETCH Thunderbird's header list of 10,000": 12,
  'STORE 1,000': 4,
  'COPY 1,000': 8,
  'MOVE 1,000': 8,
  'EXPUNGE 1,000': 8,
  'NOOP, nothing has happened': 1,
  'IDLE wakes for a delivery': 2,
}

test('what each command of a mail client costs at most', { skip: mongoUnreachable ?? false, timeout: 120_000 }, async (t) => {
  const meter = new Meter({ background: true })
  await using rig = await openImapRig({ place: { store: 'mongo', onCommand: meter.note } })
  await fill(rig)
  // That the account was used is noted once a day.
  const noted = meter.committed('registry')
  const client = await signedIn(rig)
  await noted
  const costs = new Map<string, number>()
  const of = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const measured = await meter.of(name, work)
    costs.set(name, measured.commands.length)
    t.diagnostic([name.padEnd(42), told(measured.commands).padEnd(50), measured.sentBytes, measured.receivedBytes].join('\t'))
  }
  const command = async (text: string): Promise<void> => assert.match((await client.command(text))?.at(-1) ?? '(closed)', /^OK /)
  const alone = async (name: string, text: string): Promise<void> => {
    // What the command before has begun is not this one's.
    await rig.heard()
    await of(name, () => command(text))
  }
  await of('LOGIN, seen before', async () => void (await signedIn(rig)))
  await command('CREATE Luu')
  await alone('SELECT', 'SELECT INBOX')
  await alone('FETCH 10,000 envelopes', `FETCH 1:* ${envelopes}`)
  await alone("FETCH Thunderbird's header list of 10,000", `FETCH 1:* ${thunderbird}`)
  await alone('STORE 1,000', 'STORE 1:1000 +FLAGS (\\Seen)')
  await alone('COPY 1,000', 'COPY 1:1000 Luu')
  await alone('MOVE 1,000', 'MOVE 1:1000 Luu')
  await command('STORE 1:1000 +FLAGS.SILENT (\\Deleted)')
  await alone('EXPUNGE 1,000', 'EXPUNGE')
  await alone('NOOP, nothing has happened', 'NOOP')
  const received = meter.committed('registry')
  await deliver(rig)
  await received
  const unwatched = (await meter.of('', () => deliver(rig))).commands.length
  await command('NOOP')
  client.send('i IDLE\r\n')
  assert.match((await client.line())!, /^\+ /)
  const watched = await meter.of('', async () => {
    await deliver(rig)
    assert.match((await client.line())!, /EXISTS$/)
    await rig.heard()
  })
  costs.set('IDLE wakes for a delivery', watched.commands.length - unwatched)
  t.diagnostic(`a delivery with its body: ${unwatched}; with a session in IDLE: ${told(watched.commands)}`)
  for (const [name, count] of costs) assert.ok(count <= limits[name]!, `${name}: ${count}`)
  assert.deepEqual([...costs.keys()], Object.keys(limits))
})

function message(n: number): Buffer {
  const references = n % 3 === 0 ? `In-Reply-To: <thu${n - 1}@ngoai.example>\r\nReferences: <thu${n - 1}@ngoai.example>\r\n` : ''
  const header = `From: Nguyen <nguoi${n % 50}@ngoai.example>\r\nTo: an@so.congvu.test\r\nSubject: Bao cao ${n}\r\nMessage-ID: <thu${n}@ngoai.example>\r\n${references}`
  return Buffer.from(`${header}Content-Type: text/plain; charset=utf-8\r\n\r\nKính gửi, công việc số ${n}.\r\n`)
}

async function fill(rig: ImapRig): Promise<void> {
  const inbox = (await rig.mail.mailboxes.byName(rig.account.an, 'INBOX'))!
  for (let at = 0; at < messages; at += batch) {
    const given = Array.from({ length: batch }, (_, i) => ({ bytes: message(at + i), flags: noFlags, receivedAtMs: null }))
    await rig.mail.messages.append(rig.account.an, inbox.id, given)
  }
}

async function signedIn(rig: ImapRig): Promise<ImapClient> {
  const client = new ImapClient(rig.connect())
  await client.line()
  assert.match((await client.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`))!.at(-1)!, /^OK /)
  return client
}

let transactions = 0

async function deliver(rig: ImapRig): Promise<void> {
  const envelope = { transaction: `giao-${++transactions}`, sender: 'x@ngoai.example', recipients: ['an@so.congvu.test'], account: null, facts: null, receivedAtMs: Date.now() }
  await rig.mail.delivery.deliver({ ...envelope, bytes: message(-transactions * 3 - 1) })
}
