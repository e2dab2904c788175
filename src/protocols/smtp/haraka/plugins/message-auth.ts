/**
 * SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489) of mail from outside, by the mailauth library. Verdicts are facts;
 * core decides what they mean. A check that hangs, or whose DNS does, is a fact too ("unanswered").
 *
 * Bounded: of a message with thousands of signatures the first few are verified, and its look-ups are counted.
 */
import dns from 'node:dns'
import { authenticate } from 'mailauth'
import { cutFields } from '../../../../message/compose.ts'
import { scanHeader } from '../../../../message/header.ts'
import type { TransactionFacts, Verdict } from '../../link-types.ts'
import { hook } from '../haraka.ts'
import type { HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { unstuffed } from '../kept-message.ts'
import { pathAddress } from '../paths.ts'
import { sessionOf, transactionOf } from '../session.ts'

export type MessageAuthFacts = Pick<TransactionFacts, 'spf' | 'dkim' | 'dmarc'>

/** RFC 6376 §6.1 lets a verifier limit them: each may ask for a hash of the whole body. */
const maxSignatures = 16
/** SPF and DMARC bound theirs themselves (RFC 7208 §4.6.4); a signature asks for one key. */
const maxQueries = 100

let resolver: dns.promises.Resolver | null = null

export function register(this: HarakaPlugin): void {
  const { checks, dnsServers } = ingressNode().settings
  resolver = new dns.promises.Resolver({ timeout: checks.timeoutMs, tries: 1 })
  if (dnsServers !== null) resolver.setServers([...dnsServers])
  this.register_hook('data_post', 'verifyMessage')
}

export const verifyMessage = hook(async (next: Next, connection: HarakaConnection) => {
  const transaction = connection.transaction
  if (transaction === null || sessionOf(connection).account !== null) return next()
  const { checks, hostname } = ingressNode().settings
  const open = transactionOf(transaction)
  if (open.kept === null) return next()
  const message = withFewSignatures(Buffer.concat([...unstuffed(open.kept.chunks(), open.kept.bytes)]))
  const work = authenticate(message, {
    ip: connection.remote.ip,
    helo: connection.hello.host ?? connection.remote.ip,
    sender: pathAddress(transaction.mail_from) ?? '',
    mta: hostname,
    disableArc: true,
    disableBimi: true,
    disableDmarc: !checks.dmarc,
    resolver: countedResolver(),
  })
  const found = await within(work, checks.timeoutMs).catch((error: unknown) => {
    connection.logwarn(`SPF, DKIM, DMARC: ${String(error)}`)
    return null
  })
  if (found !== null) open.messageAuth = factsOf(found, checks)
  open.unanswered.push(...(['spf', 'dkim', 'dmarc'] as const).filter((name) => checks[name] && isUnanswered(open.messageAuth?.[name])))
  next()
})

function withFewSignatures(message: Buffer): Buffer {
  const signatures = scanHeader(message).fields.filter(({ name }) => name === 'dkim-signature')
  return signatures.length <= maxSignatures ? message : cutFields(message, signatures.slice(maxSignatures))
}

function countedResolver(): (name: string, type: string) => Promise<string[]> {
  let asked = 0
  // mailauth's type knows TXT and addresses only; it asks for MX too and takes what Node gives.
  return async (name, type) => {
    if (++asked > maxQueries) throw Object.assign(new Error('too many look-ups for one message'), { code: dns.REFUSED })
    return (await resolver!.resolve(name, type)) as string[]
  }
}

/** No result, or one that DNS was in the way of (RFC 8601 §2.7: temperror). A check that does not apply has an answer: none. */
function isUnanswered(found: MessageAuthFacts[keyof MessageAuthFacts] | undefined): boolean {
  if (found === undefined) return true
  if (found === null) return false
  return (Array.isArray(found) ? found : [found as { readonly result: Verdict }]).some(({ result }) => result === 'temperror')
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const alteredBody = 'body hash did not verify'

type Found = Awaited<ReturnType<typeof authenticate>>

function factsOf(found: Found, checks: { spf: boolean; dkim: boolean; dmarc: boolean }): MessageAuthFacts {
  const { spf, dkim, dmarc } = found
  return {
    spf: checks.spf && spf ? { result: verdict(spf.status.result), domain: spf.domain ?? '' } : null,
    dkim: checks.dkim
      ? (dkim.results ?? [])
          .filter((signature) => signature.signingDomain !== undefined)
          .map((signature) => ({
            // RFC 8601 §2.7.1 calls an altered body a failure; mailauth keeps to an older word for it.
            result: signature.status.comment === alteredBody ? 'fail' : verdict(signature.status.result),
            domain: signature.signingDomain ?? '',
            selector: signature.selector ?? '',
          }))
      : null,
    dmarc:
      checks.dmarc && dmarc
        ? { result: verdict(dmarc.status.result), policy: policy(dmarc.policy), domain: dmarc.domain ?? '' }
        : null,
  }
}

const verdicts: ReadonlySet<string> = new Set<Verdict>([
  'pass',
  'fail',
  'softfail',
  'neutral',
  'none',
  'temperror',
  'permerror',
])

/** RFC 8601 §2.7 knows `policy` too: a signature that we do not take, which proves nothing either way. */
function verdict(result: string): Verdict {
  if (result === 'temperr') return 'temperror'
  return verdicts.has(result) ? (result as Verdict) : 'neutral'
}

function policy(found: string | undefined): 'none' | 'quarantine' | 'reject' {
  return found === 'quarantine' || found === 'reject' ? found : 'none'
}
