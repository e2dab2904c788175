/** The administration as a whole process part: its own ports, TLS, the real passwords, notices that arrive (design §4). */
import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { composedApp, password, type ComposedApp } from '../support/composed-app.ts'

interface Answered {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
}

/** The certificate is self-signed. */
function ask(port: number, method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const asked = httpsRequest({ host: '127.0.0.1', port, method, path, rejectUnauthorized: false, headers: { ...headers, ...(payload !== undefined && { 'content-type': 'application/json' }) } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }))
    })
    asked.on('error', reject)
    asked.end(payload)
  })
}

describe('the administration in the running process', () => {
  let running: ComposedApp
  before(async () => {
    running = await composedApp({ ingress: false })
  })
  after(() => running[Symbol.asyncDispose]())

  it('signs people in over TLS with a cookie for this host alone', async () => {
    const account = await running.person('hoant')
    const { adminTls } = running.app.listening
    const opened = await ask(adminTls!, 'POST', '/api/v1/session', {}, { user: account.address, password })
    assert.equal(opened.status, 201, opened.text)
    const [cookie = ''] = opened.headers['set-cookie'] as string[]
    assert.match(cookie, /^__Host-congvu=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
    assert.match(String(opened.headers['strict-transport-security']), /max-age/)
    const me = await ask(adminTls!, 'GET', '/api/v1/me', { cookie: cookie.split(';')[0]! })
    assert.equal((JSON.parse(me.text) as { address: string }).address, account.address)
  })

  it('describes itself, and serves the page to look through it from its own files', async () => {
    const origin = `http://127.0.0.1:${running.app.listening.admin}`
    const description = (await (await fetch(`${origin}/api/v1/openapi.json`)).json()) as { openapi: string; paths: object }
    assert.equal(description.openapi, '3.1.0')
    assert.ok('/api/v1/session' in description.paths)
    const page = await fetch(`${origin}/api/v1/docs`)
    assert.equal(page.status, 200)
    const html = await page.text()
    assert.doesNotMatch(html, /(src|href)="https?:/)
    const script = /src="([^"]*swagger-ui-bundle\.js)"/.exec(html)?.[1]
    assert.equal((await fetch(new URL(script!, page.url))).status, 200)
  })

  it('ends requests that are malformed without ending itself', async () => {
    const origin = `http://127.0.0.1:${running.app.listening.admin}`
    assert.equal((await fetch(`${origin}/api/v1/accounts/%E0%A4%A`)).status, 400)
    assert.equal((await fetch(`${origin}/`)).status, 404)
    assert.equal((await fetch(`${origin}/api/v1/me`)).status, 401)
  })
})
