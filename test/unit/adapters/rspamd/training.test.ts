/** What the controller of rspamd may answer, and what training makes of it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createRspamdTraining } from '../../../../src/adapters/rspamd/training.ts'
import { isMailError, type MailErrorCode } from '../../../../src/core/errors.ts'

const message = Buffer.from('Subject: x\r\n\r\n\xff\0hello\r\n', 'latin1')
const unaborted = new AbortController().signal

describe('createRspamdTraining', () => {
  let server: http.Server
  let port: number
  let answer: (response: http.ServerResponse) => void
  const asked: { readonly path: string; readonly password: string | undefined; readonly body: Buffer }[] = []
  before(async () => {
    server = http.createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        asked.push({ path: request.url!, password: request.headers['password'] as string | undefined, body: Buffer.concat(chunks) })
        answer(response)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as net.AddressInfo).port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const training = (password: string | null = null, timeoutMs = 5_000) => createRspamdTraining({ host: '127.0.0.1', port, password, timeoutMs })
  const refuses = (what: Promise<unknown>, code: MailErrorCode): Promise<void> => assert.rejects(what, (error) => isMailError(error, code))
  const status = (code: number) => (response: http.ServerResponse) => void response.writeHead(code).end()

  it('posts the message as it is to the one or the other, with the password', async () => {
    answer = status(200)
    await training('mật khẩu').learn('spam', message, unaborted)
    await training().learn('ham', message, unaborted)
    assert.deepEqual(asked.map(({ path }) => path), ['/learnspam', '/learnham'])
    assert.deepEqual(asked.map(({ password }) => password && Buffer.from(password, 'latin1').toString('utf8')), ['mật khẩu', undefined])
    assert.ok(asked.every(({ body }) => body.equals(message)))
  })

  for (const [code, outcome] of [[200, 'learned'], [204, 'known'], [208, 'known']] as const) {
    it(`${code} is ${outcome}`, async () => {
      answer = status(code)
      assert.equal(await training().learn('spam', message, unaborted), outcome)
    })
  }

  for (const [code, refusal] of [[400, 'message-refused'], [401, 'message-refused'], [403, 'message-refused'], [404, 'unavailable'], [500, 'unavailable'], [503, 'unavailable']] as const) {
    it(`${code} is ${refusal}`, async () => {
      answer = status(code)
      await refuses(training().learn('spam', message, unaborted), refusal)
    })
  }

  it('is unavailable when the answer does not come in time, is cut off, is no HTTP, or nobody listens', async () => {
    answer = () => undefined
    await refuses(training(null, 50).learn('spam', message, unaborted), 'unavailable')
    answer = (response) => response.destroy()
    await refuses(training().learn('spam', message, unaborted), 'unavailable')
    answer = (response) => response.socket!.end('good morning\r\n\r\n')
    await refuses(training().learn('spam', message, unaborted), 'unavailable')
    await refuses(createRspamdTraining({ host: '127.0.0.1', port: 1, password: null, timeoutMs: 500 }).learn('spam', message, unaborted), 'unavailable')
  })

  it('does not read an answer without end', async () => {
    answer = (response) => {
      response.on('error', () => undefined)
      const chunk = Buffer.alloc(64 * 1024)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) continue
      }
      response.on('drain', more)
      more()
    }
    assert.equal(await training().learn('spam', message, unaborted), 'learned')
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    answer = () => stop.abort()
    await refuses(training().learn('spam', message, stop.signal), 'unavailable')
  })
})
