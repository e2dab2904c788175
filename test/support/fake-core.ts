/**
 * A core that decides nothing, for tests of ingress: it answers the link as it is told, takes messages over LMTP, and keeps
 * all that it heard.
 */
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generate } from 'selfsigned'
import { startIngress, type Ingress } from '../../src/protocols/smtp/haraka/supervise.ts'
import type { IngressSettings } from '../../src/protocols/smtp/haraka/settings.ts'
import { listenLink, type LinkAnswers, type LinkServer } from '../../src/protocols/smtp/link.ts'
import type { Ask, TransactionFacts } from '../../src/protocols/smtp/link-types.ts'

export interface TakenMessage {
  readonly sender: string
  readonly recipients: readonly string[]
  readonly transaction: string
  /** Unstuffed, without the closing dot line. */
  readonly bytes: Buffer
}

export interface FakeCore extends AsyncDisposable {
  readonly folder: string
  /** Key and certificate that `settings` names. */
  certificate(): Promise<{ key: Buffer; cert: Buffer }>
  readonly token: string
  readonly messages: TakenMessage[]
  readonly facts: TransactionFacts[]
  readonly asked: { question: string; ask: unknown }[]
  readonly reports: Ask<'report'>[]
  readonly logLines: string[]
  link: LinkServer
  /** Overrides single answers. */
  answers: Partial<LinkAnswers>
  /** Reply to each recipient at the end of DATA; a drop closes the connection instead. */
  lmtpReply: (message: TakenMessage, recipient: string) => string | 'drop'
  /** The replies at the end of DATA wait for this. */
  lmtpDelay: Promise<void> | null
  /** Resolves with the first report for which `wanted` is true. */
  report(wanted: (report: Ask<'report'>) => boolean): Promise<Ask<'report'>>
  settings(changes?: Partial<IngressSettings>): Promise<IngressSettings>
  start(changes?: Partial<IngressSettings>): Promise<Ingress>
  restartLink(): Promise<void>
}

export async function fakeCore(): Promise<FakeCore> {
  const folder = await mkdtemp(path.join(tmpdir(), 'congvu-ingress-'))
  const token = 'a token of the test'
  const reportWaiters: { wanted: (report: Ask<'report'>) => boolean; resolve: (report: Ask<'report'>) => void }[] = []
  const restarted: string[] = []
  const linkPlace = { path: path.join(folder, 'link.sock') }
  const started: Ingress[] = []
  let certificate: { keyPath: string; certPath: string } | null = null

  const defaults: LinkAnswers = {
    hello: async () => ({ maxMessageBytes: 1 }),
    recipient: async () => ({ refuse: null }),
    authenticate: async ({ user, password }) =>
      password === 'right'
        ? { account: `account-of-${user}`, address: user }
        : { refuse: { code: 535, enhanced: '5.7.8', text: 'Authentication failed' } },
    sender: async () => ({ refuse: null }),
    facts: async (facts) => {
      core.facts.push(facts)
      return {}
    },
    report: async (report) => {
      core.reports.push(report)
      for (const waiter of reportWaiters.slice()) {
        if (!waiter.wanted(report)) continue
        reportWaiters.splice(reportWaiters.indexOf(waiter), 1)
        waiter.resolve(report)
      }
      return {}
    },
    wanted: async () => ({ cancelled: [] }),
  }
  const answer = Object.fromEntries(
    Object.entries(defaults).map(([question, usual]) => [
      question,
      (ask: never, link: { node: string }) => {
        core.asked.push({ question, ask })
        const own = core.answers[question as keyof LinkAnswers] as typeof usual | undefined
        return (own ?? usual)(ask, link)
      },
    ]),
  ) as unknown as LinkAnswers
  const listen = (): Promise<LinkServer> => listenLink({ place: linkPlace, token, answer })

  const lmtp = net.createServer((socket) => serveLmtp(socket, core))
  lmtp.listen(path.join(folder, 'lmtp.sock'))
  await once(lmtp, 'listening')

  const core: FakeCore = {
    folder,
    token,
    messages: [],
    facts: [],
    asked: [],
    reports: [],
    logLines: [],
    link: await listen(),
    answers: {},
    lmtpReply: () => '250 2.0.0 kept',
    lmtpDelay: null,
    report: (wanted) =>
      new Promise((resolve) => {
        const known = core.reports.find(wanted)
        if (known === undefined) reportWaiters.push({ wanted, resolve })
        else resolve(known)
      }),
    async certificate() {
      certificate ??= await makeCertificate(folder)
      return { key: await readFile(certificate.keyPath), cert: await readFile(certificate.certPath) }
    },
    async settings(changes = {}) {
      certificate ??= await makeCertificate(folder)
      return {
        node: 'node-1',
        home: path.join(folder, 'haraka'),
        overlay: null,
        hostname: 'mx.congvu.test',
        listenHost: '127.0.0.1',
        ports: { exchange: 0, submission: 0, submissions: 0 },
        tls: certificate,
        maxMessageBytes: 60 * 1024 * 1024,
        maxRecipients: 100,
        limits: {
          exchangeConnectionsPerIp: 50,
          submissionConnectionsPerIp: 50,
          maxConnections: 500,
          maxErrors: 20,
          maxCommands: 1000,
          idleTimeoutMs: 60_000,
          maxHeldBytes: 256 * 1024 * 1024,
        },
        checks: {
          rspamd: null,
          clamd: null,
          spf: false,
          dkim: false,
          dmarc: false,
          dnsLists: [],
          karma: null,
          unscanned: 'accept',
          timeoutMs: 2_000,
        },
        outbound: { routes: [], retryAfterSeconds: [1, 1], timeoutMs: 2_000, maxConnections: 20 },
        link: { place: linkPlace, token },
        lmtp: { place: { path: path.join(folder, 'lmtp.sock') }, maxConnections: 10, replyTimeoutMs: 5_000 },
        handover: { path: path.join(folder, 'handover.sock') },
        dnsServers: null,
        proxies: [],
        logLevel: 'warn',
        ...changes,
      }
    },
    async start(changes) {
      const ingress = await startIngress(await core.settings(changes), {
        log: (level, text) => core.logLines.push(`${level} ${text}`),
        onRestart: (node) => restarted.push(node),
      })
      started.push(ingress)
      return ingress
    },
    async restartLink() {
      await core.link[Symbol.asyncDispose]()
      core.link = await listen()
    },
    async [Symbol.asyncDispose]() {
      for (const ingress of started) await ingress[Symbol.asyncDispose]()
      await core.link[Symbol.asyncDispose]()
      await new Promise<void>((resolve) => lmtp.close(() => resolve()))
      await rm(folder, { recursive: true, force: true })
    },
  }
  return core
}

async function makeCertificate(folder: string): Promise<{ keyPath: string; certPath: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'mx.congvu.test' }], { keySize: 2048 })
  const keyPath = path.join(folder, 'key.pem')
  const certPath = path.join(folder, 'cert.pem')
  await writeFile(keyPath, key)
  await writeFile(certPath, cert)
  return { keyPath, certPath }
}

function serveLmtp(socket: net.Socket, core: FakeCore): void {
  let text = Buffer.alloc(0)
  let data: Buffer[] | null = null
  let dataTail = Buffer.alloc(0)
  let sender = ''
  let transaction = ''
  let recipients: string[] = []
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.write('220 core LMTP\r\n')

  const finish = async (): Promise<void> => {
    const whole = Buffer.concat(data!)
    data = null
    const stuffed = whole.subarray(0, whole.length - 3).toString('latin1')
    const bytes = Buffer.from(stuffed.replace(/(^|\n)\./g, '$1'), 'latin1')
    const message = { sender, recipients, transaction, bytes }
    core.messages.push(message)
    if (core.lmtpDelay !== null) await core.lmtpDelay
    const replies = recipients.map((recipient) => core.lmtpReply(message, recipient))
    if (replies.includes('drop')) socket.destroy()
    else socket.write(replies.map((reply) => `${reply}\r\n`).join(''))
  }
  const command = (line: string): void => {
    const upper = line.toUpperCase()
    if (upper.startsWith('LHLO')) socket.write('250-core\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n')
    else if (upper.startsWith('MAIL')) {
      sender = /<(.*?)>/.exec(line)![1]!
      transaction = /XTRANSACTION=(\S+)/.exec(line)?.[1] ?? ''
      recipients = []
      socket.write('250 2.1.0 ok\r\n')
    } else if (upper.startsWith('RCPT')) {
      recipients.push(/<(.*?)>/.exec(line)![1]!)
      socket.write('250 2.1.5 ok\r\n')
    } else if (upper === 'DATA') {
      data = []
      dataTail = Buffer.from('\r\n')
      socket.write('354 go\r\n')
    } else socket.write('250 2.0.0 ok\r\n')
  }
  socket.on('data', (chunk) => {
    let rest: Buffer = chunk as Buffer
    while (rest.length > 0) {
      if (data !== null) {
        const seen = Buffer.concat([dataTail, rest])
        const end = seen.indexOf('\r\n.\r\n')
        const used = end < 0 ? rest.length : end + 5 - dataTail.length
        data.push(rest.subarray(0, used))
        dataTail = Buffer.from(seen.subarray(Math.max(0, seen.length - 4)))
        rest = rest.subarray(used)
        if (end >= 0) void finish()
        continue
      }
      text = Buffer.concat([text, rest])
      const end = text.indexOf('\r\n')
      if (end < 0) return
      rest = text.subarray(end + 2)
      const line = text.toString('utf8', 0, end)
      text = Buffer.alloc(0)
      command(line)
    }
  })
}
