/**
 * Whether a message is taken, and whether as junk: a pure function of what ingress found out (design §3).
 *
 * A check that was not done or got no answer never condemns a message: whether unscanned mail is taken at all was decided
 * at the door. Mail of a signed-in account is judged for malware only; its sender is known and answerable.
 */
import type { DeliveryFacts } from '../mail.ts'
import type { JudgeSettings } from './settings.ts'

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'junk'; readonly reason: string }
  | { readonly kind: 'refuse'; readonly code: 'virus-found' | 'message-refused'; readonly reason: string }

const accept: Verdict = { kind: 'accept' }

export function judge(facts: DeliveryFacts | null, submitted: boolean, settings: JudgeSettings): Verdict {
  if (facts === null) return accept
  const found = facts.virus?.found ?? null
  if (found !== null) return { kind: 'refuse', code: 'virus-found', reason: `virus ${found}` }
  if (submitted) return accept
  return judgeDmarc(facts, settings) ?? judgeSpam(facts, settings) ?? accept
}

/** rspamd's `required` is its threshold for refusing; from which score on a message is marked is in its action only. */
const spamActions: ReadonlySet<string> = new Set(['add header', 'rewrite subject', 'reject'])

function isSpam({ score, required, action }: NonNullable<DeliveryFacts['spam']>): boolean {
  return spamActions.has(action) || (required > 0 && score >= required)
}

function judgeDmarc(facts: DeliveryFacts, settings: JudgeSettings): Verdict | null {
  const dmarc = facts.dmarc
  if (dmarc === null || dmarc.result !== 'fail') return null
  const reason = `dmarc fail, policy ${dmarc.policy} of ${dmarc.domain}`
  if (dmarc.policy === 'reject' && settings.dmarcReject === 'refuse') return { kind: 'refuse', code: 'message-refused', reason }
  return dmarc.policy === 'reject' || dmarc.policy === 'quarantine' ? { kind: 'junk', reason } : null
}

function judgeSpam(facts: DeliveryFacts, settings: JudgeSettings): Verdict | null {
  const spam = facts.spam
  if (spam !== null && settings.spamRefuseScore !== null && spam.score >= settings.spamRefuseScore) {
    return { kind: 'refuse', code: 'message-refused', reason: `spam score ${spam.score}` }
  }
  if (spam !== null && isSpam(spam)) return { kind: 'junk', reason: `spam score ${spam.score}, ${spam.action || 'over the limit'}` }
  if (settings.dnsListIsJunk && facts.dnsLists.length > 0) return { kind: 'junk', reason: `listed by ${facts.dnsLists.join(', ')}` }
  return null
}

/**
 * Whether a failure may be told to a sender outside: a bounce to a forged sender hits an innocent (RFC 5321 §6.2, RFC 3834).
 * Not for junk, and not when SPF or DMARC say that the sender is not who he says.
 */
export function mayBounce(facts: DeliveryFacts | null, verdict: Verdict): boolean {
  if (verdict.kind !== 'accept') return false
  return facts === null || (facts.dmarc?.result !== 'fail' && facts.spf?.result !== 'fail' && facts.spf?.result !== 'softfail')
}
