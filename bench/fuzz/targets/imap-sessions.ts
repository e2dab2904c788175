/**
 * The IMAP wire in each state, on a real session over a real store: damaged commands in pieces, many on one connection. The
 * server answers or hangs up, every line of its answer begins as one must, and it never answers that it has a bug.
 */
import assert from 'node:assert/strict'
import { ImapClient } from '../../../test/support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../../../test/support/imap-rig.ts'
import { chopped, type Damage } from '../mutate.ts'
import type { Rng } from '../rng.ts'
import type { OpenTarget, Target } from '../target.ts'
import { command, commandSeeds, commandTokens } from './imap-commands.ts'

const secret = Buffer.from(password, 'utf8').toString('latin1')
const login = `s1 LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}\r\n`
const states = [
  ['before signing in', ''],
  ['signed in', login],
  ['selected', `${login}s2 SELECT INBOX\r\n`],
  ['idle', `${login}s2 SELECT INBOX\r\ns3 IDLE\r\n`],
] as const

const message = 'From: <a@x.vn>\r\nSubject: mot\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nmot\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: hai\r\n\r\nhai\r\n--b--\r\n'
const damage: Damage = { seeds: commandSeeds, tokens: commandTokens, maxBytes: 20_000 }
const maxCommands = 6

export const imapSessions: readonly Target[] = states.map(([state, preamble]) => ({
  name: `imap ${state}`,
  what: `an IMAP session ${state}: damaged commands in pieces`,
  share: 30,
  open: () => open(preamble),
}))

async function open(preamble: string): Promise<OpenTarget> {
  const rig = await openImapRig({ limits: { maxWrongCommands: 1000, maxSessionsPerAccount: 10_000, maxMessageBytes: 100_000 } })
  const inbox = (await rig.mail.mailboxes.byName(rig.account.an, 'INBOX'))!
  const bytes = Buffer.from(message)
  await rig.mail.messages.append(rig.account.an, inbox.id, Array.from({ length: 3 }, () => ({ bytes, flags: { bits: 0, keywords: [] }, receivedAtMs: null })))
  return {
    make: dialogue,
    run: (input, rng) => converse(rig, Buffer.from(preamble, 'latin1'), input, rng),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  }
}

function dialogue(rng: Rng): Buffer {
  const lines = Array.from({ length: 1 + rng.below(maxCommands) }, (_, n) => Buffer.concat([Buffer.from(rng.once(9) ? '' : `f${n} `), command(rng, damage), Buffer.from('\r\n')]))
  return Buffer.concat(lines)
}

async function converse(rig: ImapRig, preamble: Buffer, input: Buffer, rng: Rng): Promise<void> {
  const client = new ImapClient(rig.connect())
  client.stream.write(preamble)
  for (const piece of rng.once(3) ? chopped(rng, input) : [input]) client.stream.write(piece)
  client.close()
  const answer = await client.rest()
  assert.ok(!answer.includes('SERVERBUG'), answer.slice(-500))
  assert.match(answer, /^\* OK /)
  // The last ones may still be saying goodbye.
  assert.ok(rig.server.sessions < 10, `${rig.server.sessions} sessions are open`)
}
