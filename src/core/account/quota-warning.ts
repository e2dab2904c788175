/**
 * When a mailbox is told that it fills up (Điều 7.3d; R-7.3d): at 80, 90, 95 and 100 per cent, once per crossing; a
 * threshold is armed again when the use falls more than five points below it. Pure.
 */
import { basis, type Basis } from './lifecycle/basis.ts'
import type { QuotaPolicy } from './quota.ts'

export interface QuotaUse {
  readonly usedBytes: number
  readonly quotaBytes: number
  /** Thresholds that were told and are not armed again, in per cent. */
  readonly told: readonly number[]
}

export interface QuotaDecision extends Basis {
  readonly kind: 'warn' | 'quiet'
  /** The highest threshold that was crossed; of several at once only this one is told. */
  readonly percent: number | null
  /** What is to be remembered. */
  readonly told: readonly number[]
}

const quotaWarningBasis: Basis = basis('Điều 7.3d', 'D-8')

export function decideQuotaWarning({ usedBytes, quotaBytes, told }: QuotaUse, { quota }: QuotaPolicy): QuotaDecision {
  // A mailbox without any room is full.
  const reaches = (percent: number): boolean => quotaBytes <= 0 || usedBytes * 100 >= quotaBytes * percent
  const kept = told.filter((percent) => quota.warnPercent.includes(percent) && reaches(percent - quota.rearmPercent))
  const crossed = quota.warnPercent.filter(reaches)
  const fresh = crossed.filter((percent) => !kept.includes(percent))
  const highest = fresh.length === 0 ? null : Math.max(...fresh)
  // A lower one that is armed again while a higher one still stands says nothing new.
  const warns = highest !== null && kept.every((percent) => percent < highest)
  const now = [...new Set([...kept, ...fresh])].toSorted((a, b) => a - b)
  return { kind: warns ? 'warn' : 'quiet', ...quotaWarningBasis, percent: warns ? highest : null, told: now }
}
