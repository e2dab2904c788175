/** People teach the real rspamd: what they move into and out of Junk over IMAP changes what it says of the next message. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ImapFlow } from 'imapflow'
import { createRspamdTraining } from '../../src/adapters/rspamd/training.ts'
import type { Account } from '../../src/core/account/account.ts'
import { isMailError } from '../../src/core/errors.ts'
import { composedApp, domain, password, type ComposedApp } from '../support/composed-app.ts'
import { dnsStub, type DnsStub } from '../support/dns-stub.ts'
import { controllerPassword, rspamdMissing, startRspamd, type Rspamd } from '../support/rspamd.ts'
import { dataOf } from '../support/smtp-dialogue.ts'

const words = {
  spam: 'Win a golden lottery prize today by clicking this amazing casino link and claim your million dollars jackpot now before midnight',
  ham: 'The meeting of the department about quarterly budget planning takes place on Tuesday in room four please bring the printed report',
}

let nextId = 1
const letter = (text: string): Buffer => {
  const id = nextId++
  return Buffer.from(
    `From: An <an@example.com>\r\nTo: b@so.${domain}\r\nSubject: letter ${id}\r\nDate: Tue, 24 Nov 2026 08:00:00 +0700\r\nMessage-ID: <t${id}@example.com>\r\n\r\n${text} ${id}\r\n`,
  )
}

describe('Junk trains rspamd', { skip: rspamdMissing }, () => {
  let dns: DnsStub
  let rspamd: Rspamd
  let app: ComposedApp
  let account: Account
  let imap: ImapFlow
  before(async () => {
    dns = await dnsStub()
    rspamd = await startRspamd({ dnsServer: dns.server, minLearns: 4 })
    app = await composedApp({
      settings: {
        CHECKS__RSPAMD: `127.0.0.1:${rspamd.port}`,
        CHECKS__RSPAMD_CONTROLLER: `127.0.0.1:${rspamd.controllerPort}`,
        CHECKS__RSPAMD_PASSWORD_FILE: rspamd.passwordFile,
        CHECKS__TIMEOUT_MS: '5000',
      },
    })
    account = await app.person('b')
    imap = new ImapFlow({ host: '127.0.0.1', port: app.app.listening.imaps, secure: true, auth: { user: account.address, pass: password }, tls: { rejectUnauthorized: false }, disableCompression: true, logger: false })
    await imap.connect()
  })
  after(async () => {
    await imap.logout()
    for (const one of [app, rspamd, dns]) await one[Symbol.asyncDispose]()
  })

  const outcomes = (kind: string, outcome: string): Promise<number> => app.counted('congvu_spam_training_total', { kind, outcome })
  const untilCounted = (kind: string, outcome: string, count: number): Promise<number> => app.until(() => outcomes(kind, outcome), (now) => now >= count)

  /** Over SMTP, so that it has our trace lines. Answers what rspamd said of it. */
  async function receive(text: string): Promise<{ score: number }> {
    await using client = await app.client()
    const message = letter(text)
    assert.equal((await client.send({ from: 'an@example.com', to: [account.address], data: dataOf(message) })).code, 250)
    const boxes = [...(await app.letters(account, 'INBOX')), ...(await app.letters(account, 'Junk'))]
    const { prefix } = boxes.find(({ body }) => body.equals(message))!
    const transaction = / id (\S+)/.exec(prefix)![1]!
    const kept = await app.store.deliveries.facts(transaction)
    return (kept!.facts['facts'] as { spam: { score: number } }).spam
  }

  async function inMailbox<T>(name: string, act: () => Promise<T>): Promise<T> {
    const lock = await imap.getMailboxLock(name)
    try {
      // It may be selected already: the client hears of what has come since.
      await imap.noop()
      return await act()
    } finally {
      lock.release()
    }
  }

  const move = (from: string, to: string): Promise<unknown> => inMailbox(from, () => imap.messageMove('1:*', to))

  it('MOVE into Junk teaches spam, MOVE out of it teaches ham, and its verdicts follow', async () => {
    const before = await receive(words.spam)
    for (let i = 0; i < 4; i++) await receive(words.spam)
    await move('INBOX', 'Junk')
    await untilCounted('spam', 'learned', 5)
    assert.equal((await rspamd.learned()).spam, 5)

    await move('Junk', 'Trash')
    const junk = (await app.app.mail.mailboxes.byName(account.id, 'Junk'))!
    const flags = { bits: 0, keywords: [] }
    await app.app.mail.messages.append(account.id, junk.id, Array.from({ length: 4 }, () => ({ bytes: letter(words.ham), flags, receivedAtMs: null })))
    await move('Junk', 'INBOX')
    await untilCounted('ham', 'learned', 4)
    assert.deepEqual(await rspamd.learned(), { spam: 5, ham: 4 })

    const spam = await receive(words.spam)
    const ham = await receive(words.ham)
    assert.ok(spam.score > before.score + 2, `${spam.score} after ${before.score}`)
    assert.ok(ham.score < before.score, `${ham.score} after ${before.score}`)
  })

  it('COPY teaches like MOVE; what is known is not learned twice; the trash teaches nothing', async () => {
    const known = await outcomes('spam', 'known')
    await inMailbox('Trash', () => imap.messageCopy('1', 'Junk'))
    await untilCounted('spam', 'known', known + 1)
    const before = await rspamd.learned()
    await move('Junk', 'Trash')
    await inMailbox('INBOX', () => imap.messageCopy('1', 'Trash'))
    // Lessons are given in order: once this one is, those before it were none.
    await inMailbox('Trash', () => imap.messageCopy('1', 'Junk'))
    await untilCounted('spam', 'known', known + 2)
    assert.deepEqual(await rspamd.learned(), before)
  })

  it('while rspamd is away a move succeeds, and the lesson is given when it is back', async () => {
    await receive(`${words.spam} bonus wheel spin`)
    const learned = await outcomes('spam', 'learned')
    await rspamd.stop('SIGKILL')
    await move('INBOX', 'Junk')
    assert.equal((await app.letters(account, 'INBOX')).length, 0)
    await rspamd.start()
    await untilCounted('spam', 'learned', learned + 1)
    assert.equal(await outcomes('spam', 'lost'), 0)
  })

  it('a wrong password is a refusal that is counted, and stops nobody', async () => {
    await using other = await composedApp({ ingress: false, settings: { CHECKS__RSPAMD_CONTROLLER: `127.0.0.1:${rspamd.controllerPort}` } })
    const { mail } = other.app
    const { id } = await other.person('c')
    const [inbox, junk] = await Promise.all([mail.mailboxes.byName(id, 'INBOX'), mail.mailboxes.byName(id, 'Junk')])
    await mail.messages.append(id, inbox!.id, [{ bytes: letter(words.spam), flags: { bits: 0, keywords: [] }, receivedAtMs: null }])
    assert.equal((await mail.messages.move(id, inbox!.id, 'all', junk!.id)).targetUids.length, 1)
    await other.until(() => other.counted('congvu_spam_training_total', { kind: 'spam', outcome: 'refused' }), (count) => count === 1)
  })

  it('without its Redis rspamd learns nothing and says so: unavailable, to be tried again', async () => {
    await rspamd.stopRedis()
    const training = createRspamdTraining({ host: '127.0.0.1', port: rspamd.controllerPort, password: controllerPassword, timeoutMs: 5_000 })
    const learning = training.learn('spam', letter(`${words.spam} and more of it`), new AbortController().signal)
    await assert.rejects(learning, (error) => isMailError(error, 'unavailable'))
  })
})
