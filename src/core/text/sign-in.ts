/**
 * Why a right password does not let in, and what to do (Điều 6.2, 6.3, 9.1; R-6.3c), for protocols whose texts are ASCII:
 * Vietnamese without marks, and English. Told only to those who know the password.
 */
import type { LockClause } from '../account/account.ts'
import type { MailError } from '../errors.ts'
import type { Text } from './errors.ts'

const askVi = 'co quan gui van ban de nghi khoi phuc (Dieu 6.3)'
const askEn = 'your agency asks for its restoration in writing (Dieu 6.3)'

const lockedTexts: Readonly<Record<LockClause, Text>> = {
  '6.2a': { vi: `Tai khoan bi tam khoa do khong su dung (Dieu 6.2a): ${askVi}`, en: `Account locked, it was not used (Dieu 6.2a): ${askEn}` },
  '6.2b': { vi: `Tai khoan bi tam khoa do mat an toan (Dieu 6.2b): ${askVi}`, en: `Account locked, it was compromised (Dieu 6.2b): ${askEn}` },
  '6.2c': { vi: `Tai khoan bi tam khoa do vi pham (Dieu 6.2c): ${askVi}`, en: `Account locked for prohibited use (Dieu 6.2c): ${askEn}` },
  '6.2d': { vi: `Tai khoan bi tam khoa do chua doi mat khau (Dieu 6.2d): ${askVi}`, en: `Account locked, its password was not changed (Dieu 6.2d): ${askEn}` },
  manual: { vi: `Tai khoan bi tam khoa (Dieu 6.2): ${askVi}`, en: `Account locked (Dieu 6.2): ${askEn}` },
}

/** Null: the refusal says nothing more than its code does. */
export function signInText({ code, detail }: MailError): Text | null {
  const { lockClause, changeAt } = detail
  if (code === 'account-locked' && typeof lockClause === 'string' && Object.hasOwn(lockedTexts, lockClause)) return lockedTexts[lockClause as LockClause]
  if (code === 'password-change-required' && typeof changeAt === 'string') {
    return { vi: `Phai doi mat khau tai ${changeAt} truoc khi dung (Dieu 9.1)`, en: `Change the password at ${changeAt} first (Dieu 9.1)` }
  }
  return null
}
