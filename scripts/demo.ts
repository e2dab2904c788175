/**
 * `npm run demo [-- --messages N]` on a running server: three agencies, their people, 300 varied Vietnamese messages in through
 * mail exchange and submission, every mailbox read back over IMAP and compared byte for byte. Exit code 1 unless nothing
 * was lost and nothing altered.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ask, NotRunningError, RefusedError } from '../src/cli/control-client.ts'
import { loadConfig } from '../src/config/load.ts'
import { placesOf } from '../src/settings.ts'
import { demoMessages, type DemoMessage, type DemoPerson } from './demo/corpus.ts'
import { demoAgencies, demoPeople } from './demo/people.ts'
import { sendAll } from './demo/send.ts'
import { expectations, nextUids, readBack, type Expectation } from './demo/verify.ts'

/** Of demo accounts only, on a server that allows accounts without the forced first change. */
const password = 'Mat-khau-thu-nghiem-1!'
const lanes = 10

const { values } = parseArgs({ options: { messages: { type: 'string', default: '300' } } })
const usual = 'config/congvu.toml'
const config = loadConfig({ file: process.env['CONGVU_CONFIG'] ?? (existsSync(usual) ? usual : undefined), env: process.env })
const socketPath = placesOf(config, process.cwd()).controlSocket
const imap = { port: config.imap.tls_port, password }

async function makePeople(people: readonly DemoPerson[]): Promise<void> {
  for (const { label, name } of demoAgencies) await unlessThere('agency-taken', () => ask(socketPath, { command: 'agency.create', args: { label, name } }))
  for (const [i, { address, name }] of people.entries()) {
    progress('accounts', i + 1, people.length)
    await unlessThere('address-taken', () => ask(socketPath, { command: 'account.create', args: { address, name, password, active: true } }))
  }
}

/** Where each mailbox goes on; throws DemoRefused when the address is somebody's own and not the demo's. */
async function signedIn(address: string): Promise<Map<string, number>> {
  try {
    return await nextUids(address, imap)
  } catch (error) {
    if ((error as { authenticationFailed?: boolean }).authenticationFailed !== true) throw error
    throw new DemoRefused(`${address}: tài khoản đã có với mật khẩu khác, không chạy thử trên đó / the account exists with another password; the demo does not touch it`)
  }
}

class DemoRefused extends Error {}

/** A second demo finds its people. */
async function unlessThere(code: string, make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!(error instanceof RefusedError) || error.failure.code !== code) throw error
  }
}

function progress(what: string, done: number, all: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${what} ${done}/${all}${done === all ? '\n' : ''}`)
}

async function readAll(people: readonly DemoPerson[], wanted: ReadonlyMap<string, readonly Expectation[]>, sinceUids: ReadonlyMap<string, number>): Promise<string[]> {
  const strange: string[] = []
  for (const [i, { address }] of people.entries()) {
    progress('mailboxes read', i + 1, people.length)
    strange.push(...(await readBack(address, wanted.get(address) ?? [], { ...imap, sinceUids })).strange)
  }
  return strange
}

interface Row {
  sent: number
  copies: number
  arrived: number
  bytes: number
}

function table(messages: readonly DemoMessage[], wanted: ReadonlyMap<string, readonly Expectation[]>): string {
  const rows = new Map<string, Row>()
  const row = (kind: string): Row => rows.get(kind) ?? rows.set(kind, { sent: 0, copies: 0, arrived: 0, bytes: 0 }).get(kind)!
  for (const message of messages) {
    const one = row(message.kind)
    one.sent += 1
    one.bytes += message.bytes.length
  }
  for (const one of [...wanted.values()].flat()) {
    row(one.kind).copies += 1
    row(one.kind).arrived += one.arrived
  }
  const lines = [`${'kind'.padEnd(66)}${'sent'.padStart(6)}${'copies'.padStart(8)}${'arrived identical'.padStart(19)}${'KB'.padStart(9)}`]
  for (const [kind, { sent, copies, arrived, bytes }] of rows) {
    lines.push(`${kind.padEnd(66)}${String(sent).padStart(6)}${String(copies).padStart(8)}${String(arrived).padStart(19)}${String(Math.round(bytes / 1024)).padStart(9)}`)
  }
  return lines.join('\n')
}

async function main(): Promise<number> {
  const people = demoPeople(config.province.domain)
  const messages = demoMessages({ people, count: Number(values.messages) })
  await makePeople(people)
  const sinceUids = new Map<string, number>()
  for (const { address } of people) for (const [key, uid] of await signedIn(address)) sinceUids.set(key, uid)

  const started = performance.now()
  let sent = 0
  const refused = await sendAll(messages, { exchange: config.smtp.port, submission: config.smtp.submission_port }, { password, lanes, onSent: () => progress('messages sent', ++sent, messages.length) })
  const seconds = (performance.now() - started) / 1000

  const wanted = expectations(messages)
  const strange = await readAll(people, wanted, sinceUids)
  const all = [...wanted.values()].flat()
  const lost = all.filter((one) => one.arrived === 0)
  console.log(table(messages, wanted))
  console.log()
  console.log(`sent      ${sent} of ${messages.length} messages (${messages.filter((message) => message.account !== null).length} by submission), ${all.length} copies for ${people.length} mailboxes`)
  console.log(`arrived   ${all.length - lost.length} copies, byte-identical by SHA-256 after our trace lines`)
  console.log(`time      ${seconds.toFixed(2)} s, ${(messages.length / seconds).toFixed(1)} messages/s, ${(messages.reduce((sum, message) => sum + message.bytes.length, 0) / 1e6 / seconds).toFixed(1)} MB/s`)
  for (const text of refused.slice(0, 20)) console.log(`refused   ${text}`)
  for (const text of strange.slice(0, 20)) console.log(`strange   ${text}`)
  for (const one of lost.slice(0, 20)) console.log(`missing   ${one.kind}, ${one.length} bytes`)
  console.log(`\n${lost.length} lost, ${strange.length} altered`)
  return lost.length + strange.length + refused.length === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof NotRunningError) && !(error instanceof RefusedError) && !(error instanceof DemoRefused)) throw error
  console.error(error instanceof NotRunningError ? 'Máy chủ chưa chạy: npm start / the server is not running' : error.message)
  process.exitCode = error instanceof NotRunningError ? 3 : 1
}
