/** A clock that jumps backwards while everything runs: order comes from UIDs and MODSEQ, waits from timers, and nothing hangs on the hour. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/adapters/local/clock.ts'
import type { Account } from '../../src/core/account/account.ts'
import type { Clock } from '../../src/core/ports/world.ts'
import { composedApp, password, type ComposedApp } from '../support/composed-app.ts'
import { signedIn } from '../support/mail-reader.ts'
import { outsideServer } from '../support/outside-server.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'
import { countersAreSums } from '../support/store-fixture.ts'

const dayMs = 24 * 60 * 60_000

class JumpingClock implements Clock {
  #offsetMs = 0

  nowMs(): number {
    return Date.now() + this.#offsetMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    return systemClock.sleep(ms, signal)
  }

  jump(ms: number): void {
    this.#offsetMs += ms
  }
}

async function deliver({ app }: ComposedApp, to: Account, id: string): Promise<void> {
  await using client = await dial(app.listening.smtp!)
  const text = `From: <khach@example.com>\r\nTo: <${to.address}>\r\nSubject: ${id}\r\n\r\nx\r\n`
  assert.equal((await client.send({ from: 'khach@example.com', to: [to.address], data: dataOf(Buffer.from(text)) })).code, 250)
}

async function submit({ app }: ComposedApp, author: Account, recipient: string): Promise<void> {
  await using client = await dial(app.listening.submission!)
  assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(author.address, password)}`)).code, 235)
  const text = `From: <${author.address}>\r\nTo: <${recipient}>\r\nSubject: ${recipient}\r\n\r\nx\r\n`
  assert.equal((await client.send({ from: author.address, to: [recipient], data: dataOf(Buffer.from(text)) })).code, 250)
}

async function untilRow({ app }: ComposedApp, recipient: string, state: 'deferred' | 'delivered'): Promise<string> {
  for (;;) {
    const found = (await app.mail.outbox.list({ states: [state], limit: 100 })).find((row) => row.recipient === recipient)
    if (found !== undefined) return found.id
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('the clock jumps back by a day, and by years: UIDs, MODSEQ, sessions, sign-in, outgoing mail and leases go on', { timeout: 120_000 }, async () => {
  await using outside = await outsideServer()
  const clock = new JumpingClock()
  await using rig = await composedApp({ ports: { clock }, settings: { OUTBOUND__ROUTES: `*=127.0.0.1:${outside.port}`, OUTBOUND__RETRY_SECONDS: '3600', SMTP__PROXIES: '' } })
  const an = await rig.person('an')
  const person = { address: an.address, password }
  const watching = await signedIn(rig.app.listening.imap, person)
  await watching.command('SELECT INBOX')
  watching.send('i IDLE\r\n')
  assert.match((await watching.line())!, /^\+/)

  // Before the jump: a message, a guesser, a mail that is put off.
  await deliver(rig, an, 'truoc')
  assert.equal(await watching.line(), '* 1 EXISTS')
  for (let i = 0; i < 5; i++) await assert.rejects(signedIn(rig.app.listening.imap, { address: an.address, password: 'sai' }))
  outside.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
  await submit(rig, an, 'hoan@xa.example')
  const deferred = await untilRow(rig, 'hoan@xa.example', 'deferred')
  outside.behave = () => null

  let expected = 1
  for (const jumpMs of [-dayMs, -3650 * dayMs, -60_000]) {
    clock.jump(jumpMs)
    await deliver(rig, an, `sau-${expected}`)
    expected++
    const heard: string[] = []
    while (!heard.includes(`* ${expected} EXISTS`)) heard.push((await watching.line())!)
    const again = await signedIn(rig.app.listening.imap, person, { localAddress: '127.0.0.2' })
    again.close()
    await submit(rig, an, `moi-${expected}@xa.example`)
    await outside.message(({ recipients }) => recipients.includes(`moi-${expected}@xa.example`))
    await untilRow(rig, `moi-${expected}@xa.example`, 'delivered')
  }
  // What was put off before the jump is tried when somebody asks for it, and its node lost and found again.
  await rig.app.mail.outbox.retry(deferred)
  await untilRow(rig, 'hoan@xa.example', 'delivered')
  outside.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
  await submit(rig, an, 'mat@xa.example')
  await untilRow(rig, 'mat@xa.example', 'deferred')
  outside.behave = () => null
  clock.jump(-dayMs)
  process.kill(rig.app.ingress!.pid!, 'SIGKILL')
  await outside.message(({ recipients }) => recipients.includes('mat@xa.example'))
  await untilRow(rig, 'mat@xa.example', 'delivered')

  const inbox = (await rig.store.mailboxes.byName(an.id, 'INBOX'))!
  const view = (await rig.store.messages.view(an.id, inbox.id))!
  assert.deepEqual([...view.uids], Array.from({ length: expected }, (_, i) => i + 1))
  assert.deepEqual([...view.modseqs].toSorted((a, b) => a - b), [...view.modseqs])
  assert.equal((await rig.store.changes.since(an.id, 0)).messages.length, expected)
  await countersAreSums(rig.store, an.id)
  await rig.app.mail.ready()
  watching.close()
})
