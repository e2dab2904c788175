/**
 * What FETCH gives is what was stored, to the byte: trace prefix and body together, all sections and any partial range, for
 * headers that are kept with the row and for those that are not. RFC 9051 §6.4.5.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImapClient } from '../../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../../support/imap-rig.ts'

const secret = Buffer.from(password, 'utf8').toString('latin1')

const long = Array.from({ length: 600 }, (_, at) => `X-Line-${at}: ${'việc '.repeat(8)}\r\n`).join('')
const parts = '--b\r\nContent-Type: text/plain\r\n\r\nmột\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n'
const bodies: readonly (readonly [string, Buffer])[] = [
  ['short header', Buffer.from(`From: x@outside.example\r\nTo: an@so.congvu.test\r\nSubject: ngắn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${parts}`)],
  ['long header', Buffer.from(`${long}Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts}`)],
  ['any byte', Buffer.concat([Buffer.from('Subject: bytes\r\n\r\n'), Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7) % 256))])],
  ['no body', Buffer.from('Subject: nothing follows\r\n')],
  ['no header', Buffer.from('\r\nonly text\r\n')],
  ['bare line feeds', Buffer.from('Subject: lf\nFrom: a@b.c\n\nline\nline\n')],
]

/** The literal of `FETCH n (item)`, latin1; null for NIL. */
async function fetchBytes(client: ImapClient, item: string): Promise<string | null> {
  client.send(`f FETCH ${item}\r\n`)
  const first = (await client.line())!
  if (first.endsWith('NIL)')) {
    await client.until('f')
    return null
  }
  const size = Number(/\{(\d+)\}$/.exec(first)?.[1])
  const lines = (await client.until('f'))!
  assert.match(lines.at(-1)!, /^OK/)
  const text = lines.slice(0, -1).join('\r\n')
  assert.equal(text.slice(size), ')')
  return text.slice(0, size)
}

/** A header without its blank line, which HEADER.FIELDS has even where the message has none. */
function withoutEnd(header: string): string {
  return header.replace(/(\r?\n)+$/, '')
}

async function deliver(rig: ImapRig, name: string, bytes: Buffer): Promise<void> {
  const envelope = { transaction: `t-${name}`, sender: 'x@outside.example', recipients: ['an@so.congvu.test'], account: null, facts: null, receivedAtMs: Date.now() }
  await rig.mail.delivery.deliver({ ...envelope, bytes })
}

test('every section and range of delivered and appended messages is exact', { timeout: 60_000 }, async () => {
  await using rig = await openImapRig()
  for (const [name, bytes] of bodies) await deliver(rig, name, bytes)
  const inbox = (await rig.mail.mailboxes.byName(rig.account.an, 'INBOX'))!
  await rig.mail.messages.append(rig.account.an, inbox.id, bodies.map(([, bytes]) => ({ bytes, flags: { bits: 0, keywords: [] }, receivedAtMs: null })))
  const client = new ImapClient(rig.connect())
  await client.line()
  await client.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`)
  await client.command('EXAMINE INBOX')

  for (let sequence = 1; sequence <= bodies.length * 2; sequence++) {
    const [name, sent] = bodies[(sequence - 1) % bodies.length]!
    const get = (item: string): Promise<string | null> => fetchBytes(client, `${sequence} BODY.PEEK${item}`)
    const whole = (await get('[]'))!
    const delivered = sequence <= bodies.length
    assert.ok(whole.endsWith(sent.toString('latin1')), name)
    assert.equal(whole.length > sent.length, delivered, `${name}: a trace prefix`)
    assert.deepEqual(await client.command(`FETCH ${sequence} RFC822.SIZE`), [`* ${sequence} FETCH (RFC822.SIZE ${whole.length})`, 'OK FETCH completed'])
    const [header, text] = [(await get('[HEADER]'))!, (await get('[TEXT]'))!]
    assert.equal(header + text, whole, name)
    assert.equal(withoutEnd((await get('[HEADER.FIELDS.NOT (Nobody-Has-This)]'))!), withoutEnd(header), name)
    if (delivered) assert.match((await get('[HEADER.FIELDS (Return-Path Delivered-To)]'))!, /^Return-Path: <x@outside\.example>\r\nDelivered-To: an@so\.congvu\.test\r\n\r?\n$/)
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 9)) {
      assert.equal(await get(`[]<${at}.100>`), whole.slice(at, at + 100), `${name} from ${at}`)
      assert.equal(await get(`[TEXT]<${at}.50>`), text.slice(at, at + 50), `${name} text from ${at}`)
      assert.equal(await get(`[HEADER]<${at}.7>`), header.slice(at, at + 7), `${name} header from ${at}`)
    }
    assert.equal(await get(`[]<${whole.length}.1>`), '')
    if (name.endsWith('header') && name !== 'no header') {
      assert.equal(await get('[1]'), Buffer.from('một').toString('latin1'))
      assert.equal(await get('[2]<1.2>'), 'AE')
      assert.equal(await get('[2.MIME]'), 'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n')
      assert.equal(await get('[3]'), null)
    }
  }
})

test('a mailbox that is made again under its old name has a greater UIDVALIDITY', { timeout: 20_000 }, async () => {
  await using rig = await openImapRig()
  const client = new ImapClient(rig.connect())
  await client.line()
  await client.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`)
  const validity = async (): Promise<number> => {
    await client.command('CREATE again')
    const lines = (await client.command('STATUS again (UIDVALIDITY UIDNEXT)'))!
    return Number(/UIDVALIDITY (\d+) UIDNEXT 1\)/.exec(lines[0]!)?.[1])
  }
  const first = await validity()
  await client.command('DELETE again')
  assert.ok((await validity()) > first)
})
