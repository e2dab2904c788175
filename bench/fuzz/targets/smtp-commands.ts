/** Command lines of LMTP, and whole LMTP dialogues: what reaches delivery is what was said, and every command has its reply. */
import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { MailError } from '../../../src/core/errors.ts'
import type { IncomingMessage } from '../../../src/core/mail.ts'
import { parseCommand } from '../../../src/protocols/smtp/lmtp-command.ts'
import { serveLmtp } from '../../../src/protocols/smtp/lmtp-session.ts'
import { createFactsStore } from '../../../src/protocols/smtp/transaction-facts.ts'
import { chopped, damaged, latin1, type Damage } from '../mutate.ts'
import type { Rng } from '../rng.ts'
import type { OpenTarget, Target } from '../target.ts'

const lines = latin1([
  'LHLO client.example', 'MAIL FROM:<a@x.vn>', 'MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8', 'MAIL FROM:<"q \\" x"@y.vn> XTRANSACTION=abc', 'RCPT TO:<an@so.congvu.test>', 'RCPT TO:<@a,@b:c@d.vn>', 'RCPT TO:<nguy\xe1\xbb\x85n@x.vn> NOTIFY=NEVER', 'DATA', 'RSET', 'NOOP x', 'VRFY a', 'QUIT', 'mail from: <a@b>', 'EHLO x',
])
const tokens = latin1(['<', '>', '<>', ':', ' ', '  ', '\t', '"', '\\', '@', '=', 'SIZE=', 'SIZE=99999999999', 'XTRANSACTION=', 'XTRANSACTION=a b', '__proto__=1', '\0', '\r', '\x1b[31m', '\x7f', '\xff', '\xe1\xbb\x85', 'FROM:', 'TO:', 'A'.repeat(300), '\u0085'])
const commandDamage: Damage = { seeds: lines, tokens, maxBytes: 8 * 1024 }

export const lmtpCommands: Target = {
  name: 'lmtp-command',
  what: 'LMTP command lines',
  share: 60,
  open: (): OpenTarget => ({ make: (rng) => damaged(rng, commandDamage), run: (input) => checkCommand(input.toString('utf8').replace(/\r?\n.*/s, '')) }),
}

function checkCommand(line: string): void {
  const command = parseCommand(line)
  if (command.verb !== 'MAIL' && command.verb !== 'RCPT') return
  assert.ok(!/[\x00-\x1f\x7f]/.test(command.address), JSON.stringify(command.address))
  assert.ok(command.verb === 'MAIL' || command.address !== '')
  assert.ok(line.includes(command.address))
  for (const [name, value] of command.parameters) assert.ok(/^[A-Z0-9-]+$/.test(name) && !/ /.test(value))
}

const dialogueTokens = latin1(['\r\n', '\n', '\r', '.\r\n', '\r\n.\r\n', 'DATA\r\n', 'RSET\r\n', 'MAIL FROM:<a@x>\r\n', 'RCPT TO:<b@y>\r\n', '\0', '\x80', 'x'.repeat(5000)])
const usual = Buffer.from('LHLO c\r\nMAIL FROM:<a@x.vn>\r\nRCPT TO:<b@so.congvu.test>\r\nRCPT TO:<full@so.congvu.test>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n')
const dialogueDamage: Damage = { seeds: [usual, ...lines.map((line) => Buffer.concat([line, Buffer.from('\r\n')]))], tokens: [...dialogueTokens, ...tokens], maxBytes: 12 * 1024 }

export const lmtpDialogues: Target = {
  name: 'lmtp-dialogue',
  what: 'whole LMTP dialogues in pieces',
  share: 20,
  open: (): OpenTarget => ({ make: (rng) => damaged(rng, dialogueDamage, usual), run: converse }),
}

async function converse(input: Buffer, rng: Rng): Promise<void> {
  const whole = await said(input, [input])
  const inPieces = await said(input, chopped(rng, input))
  assert.deepEqual(inPieces, whole, 'the same bytes in other pieces')
  const { replies, delivered, faults } = whole
  assert.equal(faults, 0)
  assert.match(replies, /^(?:\d{3}[ -][\x20-\x7e]*\r\n)+$/)
  for (const { sender, recipients } of delivered) for (const address of [sender, ...recipients]) assert.ok(!/[\x00-\x1f\x7f]/.test(address))
}

interface Said {
  readonly replies: string
  readonly delivered: readonly Pick<IncomingMessage, 'sender' | 'recipients' | 'bytes'>[]
  readonly faults: number
}

async function said(_input: Buffer, pieces: readonly Buffer[]): Promise<Said> {
  const [client, server] = duplexPair()
  using facts = createFactsStore()
  const delivered: Pick<IncomingMessage, 'sender' | 'recipients' | 'bytes'>[] = []
  let faults = 0
  const count = (): void => void faults++
  const session = serveLmtp(server, {
    mail: {
      delivery: {
        checkRecipient: async ({ recipient }) => {
          if (recipient.startsWith('full')) throw new MailError('quota-exceeded')
        },
        checkSender: async () => undefined,
        putOff: async () => undefined,
        deliver: async ({ sender, recipients, bytes }) => {
          delivered.push({ sender, recipients, bytes: Buffer.from(bytes) })
          return { duplicate: false, filed: 1, queued: 0 }
        },
      },
    },
    facts,
    log: { error: count, warn: count },
    nowMs: () => 0,
    newTransaction: () => 't1',
    limits: { hostname: 'mail.congvu.test', maxMessageBytes: 8_000, maxRecipients: 5, factsTimeoutMs: 1 },
    trusted: false,
  })
  let replies = ''
  client.on('data', (chunk: Buffer) => (replies += chunk.toString('latin1')))
  const heard = new Promise<void>((resolve) => void client.once('end', resolve))
  for (const piece of pieces) client.write(piece)
  client.end()
  await heard
  await session.closed
  return { replies, delivered, faults }
}
