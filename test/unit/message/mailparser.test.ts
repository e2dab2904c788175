/** The parser against an independent reader, npm mailparser, on generated well-formed messages. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { simpleParser, type AddressObject } from 'mailparser'
import { parseDate } from '../../../src/message/date.ts'
import { decodeHeaderText } from '../../../src/message/encoded-word.ts'
import { parseMessage } from '../../../src/message/parse.ts'
import { fileName, readableText } from '../../../src/message/readable-text.ts'
import { decodeTransfer } from '../../../src/message/transfer-encoding.ts'
import type { EnvelopeAddress, Part } from '../../../src/message/types.ts'
import { buildMessage, description } from '../../fixtures/message/generator.ts'

interface Reading {
  readonly subject: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly text: string
  readonly attachments: readonly { readonly name: string | null; readonly sha256: string }[]
  readonly date: number
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const spaced = (text: string): string => text.replace(/\s+/g, ' ').trim()

function attachmentsOf(bytes: Buffer, part: Part): { name: string | null; sha256: string }[] {
  if (part.children.length > 0) return part.children.flatMap((child) => attachmentsOf(bytes, child))
  if (part.disposition?.type !== 'attachment') return []
  return [{ name: fileName(part), sha256: sha256(decodeTransfer(bytes.subarray(part.bodyStart, part.bodyEnd), part.encoding)) }]
}

const ours = (list: readonly EnvelopeAddress[]): string[] =>
  list.map(({ name, mailbox, host }) => `${spaced(name === null ? '' : decodeHeaderText(name))} <${mailbox}@${host}>`)

function readOurs(bytes: Buffer): Reading {
  const parsed = parseMessage(bytes)
  return {
    subject: spaced(decodeHeaderText(parsed.envelope.subject ?? '')),
    from: ours(parsed.envelope.from),
    to: ours(parsed.envelope.to),
    text: spaced(readableText(bytes, parsed, 1_000_000).texts[0] ?? ''),
    attachments: attachmentsOf(bytes, parsed.root),
    date: parseDate(parsed.envelope.date ?? '') ?? 0,
  }
}

const theirs = (list: AddressObject | AddressObject[] | undefined): string[] =>
  [list ?? []].flat().flatMap(({ value }) => value.map(({ name, address }) => `${spaced(name)} <${address}>`))

async function readTheirs(bytes: Buffer): Promise<Reading> {
  const mail = await simpleParser(bytes)
  return {
    subject: spaced(mail.subject ?? ''),
    from: theirs(mail.from),
    to: theirs(mail.to),
    text: spaced(mail.text ?? ''),
    attachments: mail.attachments.map((file) => ({ name: file.filename ?? null, sha256: sha256(file.content) })),
    date: mail.date?.getTime() ?? 0,
  }
}

test('subject, addresses, text and attachments are what mailparser reads', async () => {
  await fc.assert(
    fc.asyncProperty(description, async (message) => {
      const bytes = buildMessage(message)
      const reading = readOurs(bytes)
      assert.deepEqual(reading, await readTheirs(bytes))
      // Both might be wrong in the same way: the description is the truth.
      assert.equal(reading.subject, message.subject)
      assert.equal(reading.text, spaced(message.text))
      assert.deepEqual(reading.attachments, message.attachments.map((file) => ({ name: file.name, sha256: sha256(file.content) })))
      assert.deepEqual(reading.to, message.to.map(({ name, address }) => `${name} <${address}>`))
    }),
    { numRuns: 250 },
  )
})
