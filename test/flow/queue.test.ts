/** Outgoing mail in the hands of its operator: `queue retry` tries now, `queue cancel` stops what Haraka holds; and what is written down of both. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask } from '../../src/cli/control-client.ts'
import type { OutboxReport } from '../../src/core/mail.ts'
import type { OutboxState, OutboxView } from '../../src/protocols/control/messages.ts'
import { letter, openDeliveryRig, type DeliveryRig } from '../support/delivery-rig.ts'
import { outsideServer, type OutsideServer } from '../support/outside-server.ts'
import { ServerFolder, type ServerProcess } from '../support/server-process.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'

interface Setting {
  readonly outside: OutsideServer
  readonly server: ServerProcess
  submit(recipient: string): Promise<void>
  /** The row to this recipient, once it is in this state. */
  row(recipient: string, state: OutboxState): Promise<OutboxView>
}

async function withServer(retrySeconds: number, work: (setting: Setting) => Promise<void>): Promise<void> {
  await using outside = await outsideServer()
  await using folder = await ServerFolder.make()
  const server = await folder.start({ outsidePort: outside.port, settings: { CONGVU_OUTBOUND__RETRY_SECONDS: [retrySeconds, retrySeconds, retrySeconds].join(',') } })
  const author = await server.person('an')
  const rows = async (): Promise<OutboxView[]> => {
    const found: OutboxView[] = []
    const states: OutboxState[] = ['queued', 'handed', 'deferred', 'delivered', 'bounced', 'cancelled']
    await ask(join(folder.data, 'run', 'control.sock'), { command: 'queue.list', args: { states } }, (row) => void found.push(row))
    return found
  }
  await work({
    outside,
    server,
    async submit(recipient) {
      await using client = await dial(server.ports.submission)
      assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(author.address, author.password)}`)).code, 235)
      const text = `From: <${author.address}>\r\nTo: <${recipient}>\r\nSubject: ${recipient}\r\n\r\nx\r\n`
      assert.equal((await client.send({ from: author.address, to: [recipient], data: dataOf(Buffer.from(text)) })).code, 250)
    },
    async row(recipient, state) {
      for (;;) {
        const found = (await rows()).find((row) => row.recipient === recipient && row.state === state)
        if (found !== undefined) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  })
  assert.equal((await server.end('SIGTERM')).code, 0)
}

test('queue retry: a mail that Haraka has put off for an hour is tried at once', { timeout: 60_000 }, async () => {
  await withServer(3600, async ({ outside, server, submit, row }) => {
    outside.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
    await submit('mot@one.example')
    await submit('hai@two.example')
    const { id, lastReply } = await row('mot@one.example', 'deferred')
    await row('hai@two.example', 'deferred')
    assert.match(lastReply ?? '', /^451 4\.3\.0 later/)
    // Still refused: it is put off again, and can be tried again.
    await server.control('queue.retry', { id })
    while (outside.stages.filter((stage) => stage === 'mail').length < 3) await new Promise((resolve) => setTimeout(resolve, 10))
    await row('mot@one.example', 'deferred')
    outside.behave = () => null
    await server.control('queue.retry', { id })
    await outside.message(({ recipients }) => recipients.includes('mot@one.example'))
    await row('mot@one.example', 'delivered')
    assert.equal(outside.messages.length, 1, 'the other one waits on')
    await assert.rejects(server.control('queue.retry', { id }), /conflict/)
  })
})

test('queue cancel: a mail that Haraka holds does not go out, and nobody is told of a failure', { timeout: 60_000 }, async () => {
  await withServer(1, async ({ outside, server, submit, row }) => {
    outside.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
    await submit('mot@one.example')
    const { id } = await row('mot@one.example', 'deferred')
    await server.control('queue.cancel', { id })
    await submit('hai@two.example')
    await row('hai@two.example', 'deferred')
    outside.behave = () => null
    // It was put off later than the cancelled one, whose turn is over when it is delivered.
    await row('hai@two.example', 'delivered')
    assert.deepEqual(outside.messages.map(({ recipients }) => recipients), [['hai@two.example']])
    assert.equal((await row('mot@one.example', 'cancelled')).id, id)
    await assert.rejects(server.control('queue.cancel', { id }), /conflict/)
  })
})

const signal = new AbortController().signal

async function handed(rig: DeliveryRig): Promise<string[]> {
  const by = await rig.account('an@skhcn.gialai.example')
  await rig.delivery.delivering.deliver(rig.incoming({ sender: by.address, account: by.id, recipients: ['mot@example.net', 'hai@example.net', 'ba@example.net'], bytes: letter({ From: by.address }) }))
  await rig.delivery.dispatch.run('node', signal)
  return (await rig.outboxRows()).map(({ id }) => id)
}

const report = (rows: readonly string[], given: Partial<OutboxReport>): OutboxReport => ({
  outcome: 'delivered',
  rows,
  reply: '250 2.0.0 OK',
  status: null,
  host: 'mx.example.net',
  tls: true,
  nextTryAtMs: null,
  ...given,
})

test('a node may not send what was cancelled, settled, forgotten, or given to another node', async () => {
  await using rig = await openDeliveryRig()
  const [first, second, third] = await handed(rig)
  const { outbox } = rig.delivery
  assert.deepEqual(await outbox.unwanted([first!, second!, third!], 'node'), [])
  await outbox.cancel(first!)
  await outbox.report(report([second!], {}))
  assert.deepEqual(await outbox.unwanted([first!, second!, third!, 'o999'], 'node'), [first, second, 'o999'])
  assert.deepEqual(await outbox.unwanted([third!], 'other'), [third])
  // What is due again is nobody's: it may be on its way to another node.
  await outbox.report(report([third!], { outcome: 'deferred', nextTryAtMs: rig.clock.nowMs() + 60_000 }))
  assert.deepEqual(await outbox.unwanted([third!], 'node'), [])
  await outbox.retry(third!)
  assert.deepEqual(await outbox.unwanted([third!], 'node'), [third])
  await assert.rejects(outbox.unwanted(Array.from({ length: 10_001 }, (_, i) => `o${i}`), 'node'))
})

test('a cancelling that came too late is seen in the mail log, and changes nothing any more', async () => {
  await using rig = await openDeliveryRig()
  const [first] = await handed(rig)
  await rig.delivery.outbox.cancel(first!)
  await rig.delivery.outbox.report(report([first!], {}))
  assert.equal((await rig.delivery.outbox.get(first!))!.state, 'cancelled')
  assert.deepEqual((await rig.records()).map(({ action, detail }) => [action, detail['recipient']]), [
    ['mail.cancelled', 'mot@example.net'],
    ['mail.delivered', 'mot@example.net'],
  ])
})

test('that a message may arrive twice is kept in the mail log, with the server that did not answer', async () => {
  await using rig = await openDeliveryRig()
  const [first, second] = await handed(rig)
  const reply = 'mx.example.net had the whole message and did not answer: it may have arrived'
  await rig.delivery.outbox.report(report([first!, second!], { outcome: 'deferred', reply, status: '4.4.2', nextTryAtMs: rig.clock.nowMs() + 60_000, inDoubt: true }))
  const row = (await rig.delivery.outbox.get(first!))!
  assert.deepEqual([row.state, row.lastReply], ['deferred', reply])
  await rig.delivery.outbox.report(report([first!], {}))
  assert.deepEqual((await rig.records()).map(({ action, detail }) => [action, detail['row'], detail['host'], detail['status']]), [
    ['mail.in-doubt', first, 'mx.example.net', '4.4.2'],
    ['mail.in-doubt', second, 'mx.example.net', '4.4.2'],
    ['mail.delivered', first, 'mx.example.net', null],
  ])
})
