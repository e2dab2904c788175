/**
 * Dialogues as text, one behaviour a file, for whoever knows the protocol:
 *
 *   # a remark
 *   {sign-in 1 an}                session 1 connects and signs in; what that says is not compared
 *   {connect 1} {connect 1 clear} session 1 connects; clear: from another machine, without TLS
 *   {deliver an INBOX}            a message comes in from outside: the lines `| …` that follow
 *   {delegate an write}           the agency's mailbox, vanthu, is open to an: write or read; `no`: not any more
 *   {clock +91d}                  turns the clock (d, h, m, s)
 *   {select 1 INBOX}              session 1 selects; what that says is not compared
 *   {forget expunged}             the store forgets what was expunged so far
 *   {hang up 1}                   the client is gone
 *   1> a1 NOOP                    a line to the server; `{@}` is the size of the block `1| …` that follows, as a literal
 *   1>- a1 NOOP\r\na2             bytes to the server, with \r \n \0 \\ and \xNN
 *   1< * 1 EXISTS                 the very next line from the server; `…` is anything
 *   1< * OK [HIGHESTMODSEQ {m1}]… `{m1}`, a number or an id, gets that name where it comes first; later it must be the same, and
 *                                 it may be sent; `{m2>m1}` must be greater than `{m1}`, `{m2<m1}` less
 *   1< .                          the server has closed the connection
 *
 * A line `# shows CONDSTORE ESEARCH` names the capabilities whose behaviour the dialogue shows.
 * A session connects at its first use. Order is everything: a line that was not expected fails the dialogue. One thing happens
 * after the other: before a line goes to the server, all sessions have heard what happened before it.
 */
import assert from 'node:assert/strict'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import { ImapClient } from './imap-client.ts'
import { password, type ImapRig } from './imap-rig.ts'

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 }

export async function runDialogue(text: string, rig: ImapRig): Promise<void> {
  const lines = text.split('\n')
  const stage: Stage = { rig, clients: new Map(), names: new Map() }
  try {
    for (let at = 0; at < lines.length; at++) {
      const line = lines[at]!
      if (line === '' || line.startsWith('#')) continue
      const block = blockAfter(lines, at)
      try {
        await step(line, block, stage)
      } catch (error) {
        if (error instanceof Error) error.message = `line ${at + 1}: ${line}\n${error.message}`
        throw error
      }
      at += block.length
    }
  } finally {
    for (const client of stage.clients.values()) client.close()
  }
}

interface Stage {
  readonly rig: ImapRig
  readonly clients: Map<string, ImapClient>
  readonly names: Map<string, string>
}

/** The lines `| …` or `1| …` after this one. */
function blockAfter(lines: readonly string[], at: number): string[] {
  const block: string[] = []
  for (const line of lines.slice(at + 1)) {
    const match = /^\d?\|(?: (.*))?$/.exec(line)
    if (match === null) break
    block.push(match[1] ?? '')
  }
  return block
}

async function step(line: string, block: readonly string[], stage: Stage): Promise<void> {
  const directive = /^\{(.*)\}$/.exec(line)
  if (directive !== null) return runDirective(directive[1]!.split(' '), block, stage)
  const match = /^(\d)(>-|>|<) (.*)$/.exec(line)
  assert.ok(match, 'not a line of a dialogue')
  const [, number, kind, content] = match as unknown as [string, string, string, string]
  const client = await clientOf(number, stage, {})
  if (kind === '<') return expectLine(client, content, stage.names)
  await stage.rig.heard()
  const sent = bytes(content.replace(/\{([a-z]\w*)\}/g, (whole, name: string) => stage.names.get(name) ?? whole))
  if (kind === '>-') return client.send(unescape(sent))
  client.send(`${withLiteral(sent, bytes(block.map((one) => `${one}\r\n`).join('')))}\r\n`)
}

function withLiteral(line: string, literal: string): string {
  return line.includes('{@}') ? line.replace('{@}', `{${literal.length}+}\r\n${literal}`) : line
}

async function expectLine(client: ImapClient, pattern: string, names: Map<string, string>): Promise<void> {
  const got = await client.line()
  if (pattern === '.') return assert.equal(got, null, 'the connection should have been closed')
  const actual = got === null ? '(closed)' : Buffer.from(got, 'latin1').toString('utf8')
  const fresh: { name: string; compare: string; other: string }[] = []
  const source = pattern.split(/(…|\{[a-z]\w*(?:[<>][a-z]\w*)?\})/).map((piece) => {
    if (piece === '…') return '.*'
    const named = /^\{([a-z]\w*)(?:([<>])([a-z]\w*))?\}$/.exec(piece)
    if (named === null) return literally(piece)
    const [, name, compare, other] = named as unknown as [string, string, string | undefined, string | undefined]
    const known = names.get(name)
    if (known !== undefined) return literally(known)
    fresh.push({ name, compare: compare ?? '', other: other ?? '' })
    return '([A-Za-z0-9_-]+)'
  })
  const match: RegExpExecArray | null = new RegExp(`^${source.join('')}$`).exec(actual)
  if (match === null) return assert.equal(actual, pattern)
  for (const [index, { name, compare, other }] of fresh.entries()) {
    const value: string = match[index + 1]!
    names.set(name, value)
    if (compare !== '') assert.ok(compare === '>' ? Number(value) > Number(names.get(other)) : Number(value) < Number(names.get(other)), `${name} is ${value}, ${other} is ${names.get(other)}`)
  }
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

async function runDirective(words: readonly string[], block: readonly string[], stage: Stage): Promise<void> {
  const { rig, clients } = stage
  const [verb, first, second] = words
  switch (verb) {
    case 'sign-in': {
      const client = await clientOf(first!, stage, {})
      const reply = await client.command(`LOGIN ${second}@so.congvu.test {${Buffer.byteLength(password)}+}\r\n${bytes(password)}`)
      return assert.match(reply?.at(-1) ?? '(closed)', /^OK /)
    }
    case 'select': {
      const client = await clientOf(first!, stage, {})
      return assert.match((await client.command(`SELECT ${second}`))?.at(-1) ?? '(closed)', /^OK /)
    }
    case 'connect':
      await clientOf(first!, stage, second === 'clear' ? { secure: false, remoteIp: '192.0.2.7' } : {})
      return
    case 'hang':
      return clients.get(second!)!.close()
    case 'clock': {
      const match = /^\+(\d+)([dhms])$/.exec(first ?? '')
      assert.ok(match, 'not a time')
      return rig.turnClock(Number(match[1]) * unitMs[match[2]!]!)
    }
    case 'delegate':
      return rig.delegate(first as 'an' | 'binh', second === 'no' ? null : (second as 'read' | 'write'))
    case 'forget':
      return rig.forgetExpunged()
    case 'deliver': {
      const account = first === 'vanthu' ? await rig.agencyMailbox() : rig.account[first as 'an' | 'binh']
      const mailbox = await rig.mail.mailboxes.byName(account, second!)
      const message = { bytes: Buffer.from(block.map((one) => `${one}\r\n`).join('')), flags: flagsOf([]), receivedAtMs: null }
      await rig.mail.messages.append(account, mailbox!.id, [message])
      return
    }
    default:
      assert.fail('not a directive')
  }
}

async function clientOf(number: string, { rig, clients }: Stage, where: Parameters<ImapRig['connect']>[0]): Promise<ImapClient> {
  const known = clients.get(number)
  if (known !== undefined) return known
  const client = new ImapClient(rig.connect(where))
  clients.set(number, client)
  assert.match((await client.line()) ?? '(closed)', /^\* OK \[CAPABILITY /)
  return client
}

/** UTF-8 as the binary string that goes out. */
function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = { r: '\r', n: '\n', 0: '\0', '\\': '\\' }
  return text.replace(/\\(x[0-9a-f]{2}|[rn0\\])/g, (_, escape: string) => named[escape] ?? String.fromCharCode(Number.parseInt(escape.slice(1), 16)))
}
