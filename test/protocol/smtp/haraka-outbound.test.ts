/** Outgoing mail: core hands rows over, Haraka delivers to the outside, reports come back; at every stage of the dialogue. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Ingress } from '../../../src/protocols/smtp/haraka/supervise.ts'
import { createHandover, HandoverLost, type Handover } from '../../../src/protocols/smtp/handover.ts'
import { dnsStub } from '../../support/dns-stub.ts'
import { fakeCore, type FakeCore } from '../../support/fake-core.ts'
import { outsideServer, type Behaviour, type OutsideServer, type Stage } from '../../support/outside-server.ts'

describe('Haraka, outgoing mail', () => {
  let core: FakeCore
  let ingress: Ingress
  let outside: OutsideServer
  let handover: Handover
  let nextRow = 1
  before(async () => {
    core = await fakeCore()
    outside = await outsideServer()
    ingress = await core.start({
      outbound: {
        routes: [{ pattern: '*.test', host: '127.0.0.1', port: outside.port }, { pattern: 'other.example', host: '127.0.0.1', port: 1 }],
        retryAfterSeconds: [1],
        timeoutMs: 500,
        lastReplyTimeoutMs: 500,
        maxConnections: 10,
      },
    })
    handover = createHandover({ place: (await core.settings()).handover, token: core.token })
  })
  afterEach(() => {
    outside.behave = () => null
    outside.stages.length = 0
  })
  after(async () => {
    handover[Symbol.dispose]()
    await core[Symbol.asyncDispose]()
    await outside[Symbol.asyncDispose]()
  })

  const body = Buffer.from('Subject: ra ngo\xc3\xa0i\r\nX: \xff\r\n\r\n.dot\r\n..\r\nend\r\n', 'latin1')
  const prefix = Buffer.from('DKIM-Signature: v=1\r\n')

  const recipientOf = new Map<string, string>()

  async function hand(...recipients: string[]): Promise<string[]> {
    const rows = recipients.map((recipient) => ({ id: `row-${nextRow++}`, recipient }))
    for (const { id, recipient } of rows) recipientOf.set(id, recipient)
    await give(handover, rows)
    return rows.map(({ id }) => id)
  }
  async function give(to: Handover, rows: readonly { readonly id: string; readonly recipient: string }[]): Promise<void> {
    const { accepted, refused } = await to.hand({ sender: 'an@so.congvu.test', rows, prefix, body })
    assert.deepEqual(refused, [])
    assert.deepEqual(accepted, rows.map(({ id }) => id))
  }
  /** As core does for a row that somebody wants to be tried now. */
  const again = (row: string): Promise<void> => give(handover, [{ id: row, recipient: recipientOf.get(row)! }])
  const reported = (row: string, outcome: string) =>
    core.report((report) => report.rows.includes(row) && report.outcome === outcome)

  it('delivers the bytes as they are, and reports it', async () => {
    const [row] = await hand('b@out.test')
    const message = await outside.message()
    assert.equal(message.sender, 'an@so.congvu.test')
    assert.deepEqual(message.recipients, ['b@out.test'])
    assert.deepEqual(message.bytes, Buffer.concat([prefix, body]))
    const report = await reported(row!, 'delivered')
    assert.equal(report.tls, false)
    assert.equal(report.host, '127.0.0.1')
    assert.match(report.reply, /taken/)
  })

  it('sends one message a domain, and reports each recipient with its own reply', async () => {
    outside.behave = (stage, about) => {
      if (stage !== 'rcpt') return null
      if (about.startsWith('gone')) return '550 5.1.1 no such user'
      return about.startsWith('busy') ? '450 4.2.1 later' : null
    }
    const [fine, gone, busy, fine2, elsewhere] = await hand('fine@one.test', 'gone@one.test', 'busy@one.test', 'fine@one.test', 'x@two.test')
    const delivered = await reported(fine!, 'delivered')
    assert.deepEqual([...delivered.rows].toSorted(), [fine, fine2].toSorted())
    const bounced = await reported(gone!, 'bounced')
    assert.deepEqual(bounced.rows, [gone])
    assert.equal(bounced.status, '5.1.1')
    assert.match(bounced.reply, /^550 5\.1\.1 no such user/)
    const deferred = await reported(busy!, 'deferred')
    assert.deepEqual(deferred.rows, [busy])
    assert.equal(deferred.status, '4.2.1')
    assert.match(deferred.reply, /^450 4\.2\.1 later/)
    assert.ok(deferred.nextTryAtMs! > Date.now() - 1000)
    outside.behave = () => null
    assert.deepEqual((await reported(busy!, 'delivered')).rows, [busy])
    assert.deepEqual((await reported(elsewhere!, 'delivered')).rows, [elsewhere])
  })

  it('tries again at once when it is told to', async () => {
    outside.behave = () => '450 4.3.0 not now'
    const [row] = await hand('again@out.test')
    await reported(row!, 'deferred')
    outside.behave = () => null
    await again(row!)
    await reported(row!, 'delivered')
  })

  const stages: Stage[] = ['connect', 'ehlo', 'mail', 'rcpt', 'data', 'end']
  for (const stage of stages) {
    const behaviours: [Behaviour, 'deferred' | 'bounced'][] = [
      ['450 4.3.0 later', 'deferred'],
      ['hang', 'deferred'],
      ['disconnect', 'deferred'],
      ['554 5.7.1 never', 'bounced'],
    ]
    for (const [behaviour, outcome] of behaviours) {
      it(`"${behaviour}" at ${stage}: ${outcome}, then delivered if it may be`, async () => {
        const recipient = `r${nextRow}@stage.test`
        let met = 0
        outside.behave = (at) => (at === stage && met++ === 0 ? behaviour : null)
        const [row] = await hand(recipient)
        // EHLO refused for ever: HELO is tried next, as RFC 5321 §3.2 asks.
        if (stage === 'ehlo' && outcome === 'bounced') return void (await reported(row!, 'delivered'))
        const report = await reported(row!, outcome)
        assert.deepEqual(report.rows, [row])
        // It had the whole message, and nobody knows whether it took it.
        assert.equal(report.inDoubt ?? false, stage === 'end' && !/^\d/.test(behaviour))
        if (outcome === 'bounced') {
          assert.match(report.reply, /never/)
          return
        }
        assert.ok(report.nextTryAtMs !== null)
        await again(row!)
        await reported(row!, 'delivered')
        await outside.message((message) => message.recipients.includes(recipient))
      })
    }
  }

  it('bounces after the last attempt, and writes no bounce message itself', async () => {
    outside.behave = () => '450 4.3.0 never better'
    const [row] = await hand('tired@out.test')
    await reported(row!, 'deferred')
    const report = await reported(row!, 'bounced')
    assert.equal(report.nextTryAtMs, null)
    assert.match(report.status ?? '5.', /^5\./)
    outside.behave = () => null
    await hand('after@out.test')
    await outside.message((message) => message.recipients.includes('after@out.test'))
    assert.ok(!outside.messages.some((message) => message.sender === ''))
  })

  it('sends a report again that was lost with the link', async () => {
    core.answers = { report: () => Promise.reject(new Error('not now')) }
    const [row] = await hand('report@out.test')
    await outside.message((message) => message.recipients.includes('report@out.test'))
    core.answers = {}
    await core.restartLink()
    await reported(row!, 'delivered')
  })

  it('queues a row once that is handed over twice', async () => {
    outside.behave = (stage) => (stage === 'mail' ? '450 4.3.0 wait' : null)
    const batch = { sender: '', rows: [{ id: 'twice', recipient: 'twice@out.test' }], prefix, body }
    await handover.hand(batch)
    await reported('twice', 'deferred')
    assert.deepEqual((await handover.hand(batch)).accepted, ['twice'])
    outside.behave = () => null
    await reported('twice', 'delivered')
    await hand('fence@out.test')
    await outside.message((message) => message.recipients.includes('fence@out.test'))
    assert.equal(outside.messages.filter((message) => message.recipients.includes('twice@out.test')).length, 1)
  })

  it('refuses what is no address, takes the rest', async () => {
    const { accepted, refused } = await handover.hand({
      sender: '',
      rows: [
        { id: 'bad', recipient: 'a b@x>\r\nRCPT TO:<y' },
        { id: 'good', recipient: 'good@out.test' },
      ],
      prefix,
      body,
    })
    assert.deepEqual(accepted, ['good'])
    assert.deepEqual(refused.map(({ id, reply }) => [id, reply.code]), [['bad', 501]])
    await reported('good', 'delivered')
  })

  it('does not deliver to address literals, and takes nothing without the token', async () => {
    const [row] = await hand('x@[127.0.0.1]')
    await reported(row!, 'bounced')
    using stranger = createHandover({ place: (await core.settings()).handover, token: 'guessed' })
    await assert.rejects(stranger.hand({ sender: '', rows: [{ id: 'x', recipient: 'x@out.test' }], prefix, body }), HandoverLost)
  })

  it('changes bare CR and LF to CR LF, so that nobody is smuggled to', async () => {
    const raw = Buffer.from('Subject: x\n\na\n.\nMAIL FROM:<evil@x>\rb\r\n.\r\nno end')
    await handover.hand({ sender: '', rows: [{ id: 'bare', recipient: 'bare@out.test' }], prefix: Buffer.alloc(0), body: raw })
    const message = await outside.message(({ recipients }) => recipients.includes('bare@out.test'))
    assert.equal(message.bytes.toString(), 'Subject: x\r\n\r\na\r\n.\r\nMAIL FROM:<evil@x>\r\nb\r\n.\r\nno end\r\n')
  })

  it('carries a message of 30 MB', async () => {
    const big = Buffer.alloc(30 * 1024 * 1024, `${'A'.repeat(76)}\r\n`)
    await handover.hand({ sender: '', rows: [{ id: 'big', recipient: 'big@out.test' }], prefix, body: big })
    const message = await outside.message(({ recipients }) => recipients.includes('big@out.test'))
    assert.equal(message.bytes.length, prefix.length + big.length + (big.subarray(-2).equals(Buffer.from('\r\n')) ? 0 : 2))
  })

  it('uses TLS where it is offered, and plain text at the next attempt where that fails', async () => {
    await using own = await fakeCore()
    await using secure = await outsideServer({ tls: await own.certificate() })
    await own.start({
      outbound: { routes: [{ pattern: '*', host: '127.0.0.1', port: secure.port }], retryAfterSeconds: [60], timeoutMs: 1_000, maxConnections: 5 },
    })
    using sender = createHandover({ place: (await own.settings()).handover, token: own.token })
    const give = (id: string) => sender.hand({ sender: '', rows: [{ id, recipient: `${id}@out.test` }], prefix, body })
    await give('secret')
    assert.equal((await own.report(({ rows }) => rows.includes('secret'))).tls, true)
    assert.equal((await secure.message()).tls, true)
    secure.behave = (stage) => (stage === 'starttls' ? '454 4.7.0 no TLS today' : null)
    await give('put-off')
    assert.equal((await own.report(({ rows }) => rows.includes('put-off'))).outcome, 'deferred')
    secure.behave = (stage) => (stage === 'starttls' ? '220 2.0.0 go ahead' : null)
    await give('open')
    assert.equal((await own.report(({ rows }) => rows.includes('open'))).outcome, 'deferred')
    await give('open')
    const delivered = await own.report(({ rows, outcome }) => rows.includes('open') && outcome === 'delivered')
    assert.equal(delivered.tls, false)
  })

  it('finds other servers in DNS; never delivers to itself; tells no domain from no answer', async () => {
    await using own = await fakeCore()
    await using dns = await dnsStub()
    dns.records = {
      'MX own.example': ['10 mx.own.example'],
      'A mx.own.example': ['127.0.0.1'],
      'MX null.example': ['0 '],
      'MX slow.example': 'hang',
    }
    await own.start({
      dnsServers: [dns.server],
      outbound: { routes: [], retryAfterSeconds: [60], timeoutMs: 300, maxConnections: 5 },
    })
    using sender = createHandover({ place: (await own.settings()).handover, token: own.token })
    const rows = ['own', 'null', 'slow', 'nowhere'].map((name) => ({ id: name, recipient: `x@${name}.example` }))
    await sender.hand({ sender: 'an@so.congvu.test', rows, prefix, body })
    const outcomes = await Promise.all(rows.map(async ({ id }) => [id, (await own.report((report) => report.rows.includes(id))).outcome]))
    assert.deepEqual(Object.fromEntries(outcomes), { own: 'deferred', null: 'bounced', slow: 'deferred', nowhere: 'bounced' })
  })

  describe('with a long wait between attempts', () => {
    let own: FakeCore
    let far: OutsideServer
    let sender: Handover
    const rows = (...names: string[]) => names.map((name) => ({ id: name, recipient: `${name}@${name}.test` }))
    const told = (row: string, outcome: string) => own.report((report) => report.rows.includes(row) && report.outcome === outcome)
    before(async () => {
      own = await fakeCore()
      far = await outsideServer()
      await own.start({ outbound: { routes: [{ pattern: '*', host: '127.0.0.1', port: far.port }], retryAfterSeconds: [3600], timeoutMs: 2_000, lastReplyTimeoutMs: 200, maxConnections: 10 } })
      sender = createHandover({ place: (await own.settings()).handover, token: own.token })
    })
    afterEach(() => {
      far.behave = () => null
      far.messages.length = 0
      own.reports.length = 0
      own.answers = {}
    })
    after(async () => {
      sender[Symbol.dispose]()
      await own[Symbol.asyncDispose]()
      await far[Symbol.asyncDispose]()
    })

    it('tries the mail of the row that is asked for, and no other', async () => {
      far.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
      await give(sender, rows('wanted', 'patient'))
      await Promise.all([told('wanted', 'deferred'), told('patient', 'deferred')])
      far.behave = () => null
      await give(sender, rows('wanted'))
      await told('wanted', 'delivered')
      await give(sender, rows('fence'))
      await told('fence', 'delivered')
      assert.deepEqual(far.messages.flatMap(({ recipients }) => recipients), ['wanted@wanted.test', 'fence@fence.test'])
    })

    it('does not count an attempt that was asked for: the mail keeps its waits', async () => {
      far.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
      for (let i = 0; i < 4; i++) {
        own.reports.length = 0
        await give(sender, rows('stubborn'))
        const report = await told('stubborn', 'deferred')
        assert.ok(report.nextTryAtMs! > Date.now() + 3_500_000)
      }
      assert.equal(own.reports.some(({ outcome }) => outcome === 'bounced'), false)
    })

    it('leaves out what core has cancelled, before each attempt; nothing left is nothing sent, and no bounce', async () => {
      const two = [{ id: 'stays', recipient: 'stays@one.test' }, { id: 'goes', recipient: 'goes@one.test' }]
      far.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
      await give(sender, two)
      assert.deepEqual([...(await told('goes', 'deferred')).rows].toSorted(), ['goes', 'stays'])
      far.behave = () => null
      own.answers = { wanted: async ({ rows: asked }) => ({ cancelled: asked.filter((row) => row === 'goes' || row === 'alone') }) }
      await give(sender, [two[0]!])
      assert.deepEqual((await told('stays', 'delivered')).rows, ['stays'])
      assert.deepEqual(far.messages.map(({ recipients }) => recipients), [['stays@one.test']])

      await give(sender, rows('alone', 'fence2'))
      await told('fence2', 'delivered')
      assert.equal(far.messages.some(({ recipients }) => recipients.includes('alone@alone.test')), false)
      assert.equal(own.reports.some((report) => report.rows.includes('alone')), false)
      // Haraka has let it go: it can come again.
      own.answers = {}
      await give(sender, rows('alone'))
      await told('alone', 'delivered')
    })

    it('waits while core cannot say what is cancelled', async () => {
      own.answers = { wanted: () => Promise.reject(new Error('no store')) }
      const asked = own.asked.length
      await give(sender, rows('unsure'))
      while (!own.asked.slice(asked).some(({ question }) => question === 'wanted')) await new Promise((resolve) => setImmediate(resolve))
      own.answers = {}
      await give(sender, rows('unsure'))
      await told('unsure', 'delivered')
      assert.deepEqual(far.messages.map(({ recipients }) => recipients), [['unsure@unsure.test']])
    })

    it('says in report and log when a server had the whole message and did not answer', async () => {
      far.behave = (stage) => (stage === 'end' ? 'hang' : null)
      await give(sender, rows('doubt'))
      const report = await told('doubt', 'deferred')
      assert.equal(report.inDoubt, true)
      assert.equal(report.status, '4.4.2')
      assert.match(report.reply, /127\.0\.0\.1 had the whole message and did not answer/)
      assert.ok(own.logLines.some((line) => /^warn .*may arrive twice: rows doubt/.test(line)), own.logLines.join('\n'))
      far.behave = () => null
      await give(sender, rows('doubt'))
      assert.equal((await told('doubt', 'delivered')).inDoubt ?? false, false)
    })
  })

  it('is not restarted on the way', () => assert.equal(ingress.restarts, 0))
})
