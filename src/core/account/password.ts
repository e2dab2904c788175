/**
 * Passwords: what Điều 9.2 asks of one (R-9.2, decisions D-17 and D-18), and the temporary ones that are handed out.
 */
import { MailError } from '../errors.ts'
import type { Random } from '../ports/world.ts'

export type PasswordFault = 'length' | 'upper' | 'lower' | 'digit' | 'special' | 'ascii' | 'published' | 'contains-name'

export const minPasswordLength = 12
/** Beyond it nothing is gained, and hashing it costs. */
export const maxPasswordLength = 256

/** Printed in the regulation itself. */
const published: ReadonlySet<string> = new Set(['Matkhau@123!#A'])
/** A shorter name is inside too many passwords by chance. */
const shortestNameLength = 4

/** The rules that it breaks, in the order of the clause; `local` is the account's local part. Nothing is trimmed. */
export function passwordFaults(password: string, local: string): readonly PasswordFault[] {
  const length = [...password].length
  const faults: PasswordFault[] = []
  if (length < minPasswordLength || length > maxPasswordLength) faults.push('length')
  if (!/[A-Z]/.test(password)) faults.push('upper')
  if (!/[a-z]/.test(password)) faults.push('lower')
  if (!/[0-9]/.test(password)) faults.push('digit')
  if (!/[!@#%$*&]/.test(password)) faults.push('special')
  // Mail clients differ in how they encode other characters, and Telex keyboards change them.
  if (!/^[\x21-\x7e]*$/.test(password)) faults.push('ascii')
  if (published.has(password)) faults.push('published')
  if (local.length >= shortestNameLength && password.toLowerCase().includes(local)) faults.push('contains-name')
  return faults
}

/** Refuses `password-invalid`; the detail names the rules that it breaks, never the password. */
export function requirePassword(password: string, local: string): void {
  const faults = passwordFaults(password, local)
  if (faults.length > 0) throw new MailError('password-invalid', faults.join(' '), { faults: faults.join(' ') })
}

/** For service and test mailboxes: anything that can be typed and hashed. */
export function requireAnyPassword(password: string): void {
  if (password.length === 0 || password.length > maxPasswordLength || /[\x00-\x1f\x7f]/.test(password)) {
    throw new MailError('password-invalid', 'empty, too long or with control characters', { faults: 'length' })
  }
}

/** Without letters and digits that look alike, and with special characters that shells and URLs leave alone. */
const classes = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnpqrstuvwxyz', '23456789', '@#%'] as const
const letters = classes[0] + classes[1]
const all = classes.join('')
const temporaryLength = 16

/** 16 characters of all four classes, about 90 bits; begins with a letter. */
export function temporaryPassword(random: Random): string {
  const below = unbiased(random)
  const pick = (from: string): string => from[below(from.length)] ?? ''
  const rest = [...classes.map(pick), ...Array.from({ length: temporaryLength - classes.length - 1 }, () => pick(all))]
  for (let last = rest.length - 1; last > 0; last--) {
    const other = below(last + 1)
    const kept = rest[last] ?? ''
    rest[last] = rest[other] ?? ''
    rest[other] = kept
  }
  return pick(letters) + rest.join('')
}

/** Random integers below `limit` (at most 256), all equally likely. */
function unbiased(random: Random): (limit: number) => number {
  return (limit) => {
    const fair = 256 - (256 % limit)
    for (;;) {
      for (const byte of random.bytes(16)) if (byte < fair) return byte % limit
    }
  }
}
