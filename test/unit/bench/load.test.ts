/** The load generators: what they count, what they put on the wire, and where they refuse to send it. */
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { Figures, median, percentile } from '../../../bench/figures.ts'
import { ImapClient } from '../../../bench/imap-client.ts'
import { requireLoopback } from '../../../bench/loopback.ts'
import { BenchUsageError, benchOptions } from '../../../bench/options.ts'
import { ownTable, peerTable } from '../../../bench/report.ts'
import { wireMessage } from '../../../bench/smtp-client.ts'

test('a message goes out dot-stuffed and ended', () => {
  assert.equal(wireMessage(Buffer.from('a\r\n.b\r\n..\r\n')).toString(), 'a\r\n..b\r\n...\r\n.\r\n')
  assert.equal(wireMessage(Buffer.from('no end')).toString(), 'no end\r\n.\r\n')
})

test('load goes to loopback and nowhere else', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) requireLoopback(host)
  for (const host of ['192.0.2.1', '127.0.0.1.example.com', 'example.com', '']) assert.throws(() => requireLoopback(host), /loopback only/)
})

test('median and percentile', () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1]), percentile([5, 1, 4, 2, 3], 0.95), percentile([1, 2], 1)], [2, 1, 5, 2])
  assert.ok(Number.isNaN(median([])))
})

test('the table says what was reached, the ratio who is better', () => {
  const figures = new Figures()
  for (const value of [800, 900, 700]) figures.add('ours', 'smtp-5k-10', { value, foreignPercent: 0 })
  figures.add('ours', 'select-again', { value: 4, foreignPercent: 20 })
  figures.add('theirs', 'select-again', { value: 8, foreignPercent: 0 })
  const [, smtp = '', select = ''] = ownTable(figures, 'ours')
  assert.match(smtp, /10 connections +800 \/s +≥ 750 ≥ 1,000 +reach +800 \/ 900 \/ 700$/)
  assert.match(select, /SELECT again +4\.00 ms +≤ 2 +≤ 1 +MISSED +4\.00 \(20\)$/)
  const compared = peerTable(figures, 'ours', 'theirs')
  assert.equal(compared.length, 2)
  assert.match(compared[1] ?? '', /SELECT again +4\.00 +8\.00 ms +2\.00× /)
})

test('the command line names parts that there are', () => {
  assert.deepEqual(benchOptions(['imap', '--quick']).parts, ['imap'])
  assert.ok(benchOptions(['peers']).withPeers)
  for (const wrong of [['nothing'], ['peers', 'memory'], ['--runs', '0'], ['--no-such-option']]) assert.throws(() => benchOptions(wrong), BenchUsageError)
})

test('an answer ends with its tagged line, however it comes in pieces', async () => {
  await using server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.write('* OK ready\r\n')
    socket.on('data', (data) => {
      const answer = `* 1 FETCH (BODY[] {9}\r\nq9z OK\r\n\r\n)\r\n${data.toString().split(' ', 1)[0]!} OK done\r\n`
      socket.write(answer.slice(0, -9))
      setImmediate(() => socket.write(answer.slice(-9)))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = await ImapClient.connect({ port: (server.address() as AddressInfo).port })
  const { line, text } = await client.command('FETCH 1 BODY[]', { keep: true })
  client.close()
  assert.match(line, / OK done$/)
  assert.match(text, /^\* 1 FETCH [^]+ OK done\r\n$/)
})
