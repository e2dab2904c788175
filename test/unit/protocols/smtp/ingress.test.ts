import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MailError } from '../../../../src/core/errors.ts'
import type { Mail, SignInAttempt } from '../../../../src/core/mail.ts'
import { createIngressAnswers, type IngressParts } from '../../../../src/protocols/smtp/ingress.ts'
import type { RemoteEnd } from '../../../../src/protocols/smtp/link-types.ts'
import { replies } from '../../../../src/protocols/smtp/replies.ts'
import { createFactsStore } from '../../../../src/protocols/smtp/transaction-facts.ts'

const link = { node: 'node' }
const remote: RemoteEnd = { ip: '192.0.2.1', port: 40000, name: null, helo: 'x', tls: false, loopback: false }

/** Core that refuses with this, or takes everything. */
function answers(refusal: Error | null = null) {
  const asked: unknown[] = []
  const take = async (question: unknown): Promise<void> => {
    asked.push(question)
    if (refusal !== null) throw refusal
  }
  const authenticate = async (attempt: SignInAttempt) => {
    await take(attempt)
    return { account: 'a1', address: 'an@skhcn.example', name: '', role: 'individual', credentialVersion: 1 } as const
  }
  const unwanted = async (rows: readonly string[], node: string) => {
    await take([rows, node])
    return rows.slice(1)
  }
  const delivery = { checkRecipient: take, checkSender: take } as unknown as Mail['delivery']
  const mail = { delivery, signIn: { authenticate } as unknown as Mail['signIn'], outbox: { report: take, unwanted } as unknown as Mail['outbox'] }
  const parts: IngressParts = { mail, facts: createFactsStore(), settings: { maxMessageBytes: 1000 } }
  return { asked, parts, answer: createIngressAnswers(parts) }
}

test('the greeting tells the largest message', async () => {
  assert.deepEqual(await answers().answer.hello({ token: 't', node: 'n', pid: 1 }, link), { maxMessageBytes: 1000 })
})

test('a recipient is asked of delivery, and a refusal is the reply of the table', async () => {
  const ask = { transaction: 't', address: 'an@skhcn.example', sender: 'x@y.z', account: null, remote, sizeBytes: 5 }
  const { answer, asked } = answers()
  assert.deepEqual(await answer.recipient(ask, link), { refuse: null })
  assert.deepEqual(asked, [{ recipient: 'an@skhcn.example', sender: 'x@y.z', account: null, sizeBytes: 5 }])
  assert.deepEqual(await answers(new MailError('address-unknown')).answer.recipient(ask, link), { refuse: replies['address-unknown'] })
  await assert.rejects(answers(new TypeError('bug')).answer.recipient(ask, link), TypeError)
})

test('a sender is asked of delivery', async () => {
  const ask = { account: 'a1', sender: 'an@skhcn.example', sizeBytes: null }
  assert.deepEqual(await answers().answer.sender(ask, link), { refuse: null })
  assert.deepEqual(await answers(new MailError('sender-not-owned')).answer.sender(ask, link), { refuse: replies['sender-not-owned'] })
})

test('signing in is secure over TLS or from this machine only', async () => {
  for (const [end, secure] of [[remote, false], [{ ...remote, tls: true }, true], [{ ...remote, loopback: true }, true]] as const) {
    const { answer, asked } = answers()
    const signedIn = await answer.authenticate({ user: 'an', password: 'p', remote: end, mechanism: 'PLAIN' }, link)
    assert.deepEqual(signedIn, { account: 'a1', address: 'an@skhcn.example' })
    assert.deepEqual(asked, [{ user: 'an', password: 'p', protocol: 'smtp', remoteIp: '192.0.2.1', secure }])
  }
  const refused = await answers(new MailError('authentication-failed')).answer.authenticate({ user: 'an', password: 'p', remote, mechanism: 'LOGIN' }, link)
  assert.deepEqual(refused, { refuse: replies['authentication-failed'] })
})

test('facts are kept for LMTP, reports go to the outbox', async () => {
  const { answer, asked, parts } = answers()
  const nothing = { spf: null, dkim: null, dmarc: null, spam: null, virus: null, dnsLists: [], unanswered: [] }
  await answer.facts({ transaction: 't', remote, account: null, service: 'exchange', sender: '', recipients: [], sizeBytes: 1, receivedAtMs: 1, ...nothing }, link)
  assert.equal((await parts.facts.take('t', 0))?.transaction, 't')
  const report = { outcome: 'delivered', rows: ['o1'], reply: '250', status: null, host: null, tls: true, nextTryAtMs: null } as const
  assert.deepEqual(await answer.report(report, link), {})
  assert.deepEqual(asked, [report])
})

test('what must not go out any more is asked of the outbox, for the node that asks', async () => {
  const { answer, asked } = answers()
  assert.deepEqual(await answer.wanted({ rows: ['o1', 'o2'] }, link), { cancelled: ['o2'] })
  assert.deepEqual(asked, [[['o1', 'o2'], 'node']])
})
