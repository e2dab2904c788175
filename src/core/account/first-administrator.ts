/**
 * The first start of an installation: the province's root agency and its super-administrator (regulation 1.1 SA), whose
 * random password is returned for printing once and must be changed before anything else (Điều 9.1).
 *
 * Done once per installation. When a start died between making the account and telling the password, the next one makes
 * a new password, because nobody has seen the old one.
 */
import type { AccountsPorts, AccountsSettings } from './accounts.ts'
import { createAccounts } from './accounts.ts'
import { agencyForDomain } from '../agency/agencies.ts'
import { isMailError } from '../errors.ts'
import type { Store } from '../ports/store.ts'

const doneSetting = 'first-administrator'
const localPart = 'quantri'
const rootName = 'Hệ thống thư điện tử công vụ'

export interface FirstAdministrator {
  readonly address: string
  readonly temporaryPassword: string
}

/** Null when the installation has had its first start before. */
export async function ensureFirstAdministrator(
  ports: AccountsPorts & { readonly settings: Pick<Store, 'setting' | 'putSetting'> },
  settings: AccountsSettings,
): Promise<FirstAdministrator | null> {
  if ((await ports.settings.setting(doneSetting)) !== null) return null
  const address = `${localPart}@${settings.provinceDomain}`
  await agencyForDomain(ports, settings, { domain: settings.provinceDomain, name: rootName }, 'system')
  const accounts = createAccounts(ports, settings)
  const temporaryPassword = await makeOrReset(accounts, address)
  await ports.settings.putSetting(doneSetting, address)
  return temporaryPassword === null ? null : { address, temporaryPassword }
}

async function makeOrReset(accounts: ReturnType<typeof createAccounts>, address: string): Promise<string | null> {
  try {
    const made = await accounts.create({ address, name: 'Quản trị hệ thống', role: 'super-administrator' }, 'system')
    return made.temporaryPassword
  } catch (error) {
    if (!isMailError(error, 'address-taken')) throw error
    return (await accounts.setPassword(address, null, {}, 'system')).temporaryPassword
  }
}
