/**
 * Passwords that must not come again (Điều 9.1; R-6.3c, R-9.1): the hashes of the last ones of an account, in a document of
 * their own (id = account id), so that nobody who reads about people reads them.
 */
import { entry, entryKind, put } from '../administration/entries.ts'
import type { EntryWrite, RegistryStore } from '../ports/registry.ts'
import type { Passwords } from '../ports/world.ts'
import type { Account } from './account.ts'

export interface PasswordHistory {
  /** Newest first. */
  readonly hashes: readonly string[]
}

export interface HistoryLengths {
  readonly individuals: number
  readonly administrators: number
}

export const passwordHistoryKind = entryKind<PasswordHistory>({ name: 'password-history', keys: () => [] })

export interface History {
  /** Whether the password is one of the last ones, the present one among them. */
  has(password: string): Promise<boolean>
  /** For the commit that gives the account another password. */
  readonly write: EntryWrite
}

export async function historyOf(
  ports: { readonly registry: RegistryStore; readonly passwords: Passwords },
  { id, passwordHash, role }: Pick<Account, 'id' | 'passwordHash' | 'role'>,
  lengths: HistoryLengths,
): Promise<History> {
  const kept = await entry(ports.registry, passwordHistoryKind, id)
  const length = role === 'individual' ? lengths.individuals : lengths.administrators
  const hashes = [...(passwordHash === null ? [] : [passwordHash]), ...(kept?.value.hashes ?? [])].slice(0, length)
  return {
    async has(password) {
      for (const hash of hashes) if (await ports.passwords.verify(hash, password)) return true
      return false
    },
    write: put(passwordHistoryKind, id, { hashes }, kept?.version ?? 0),
  }
}
