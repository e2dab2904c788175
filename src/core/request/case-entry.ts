/** How a case of prohibited use is kept (Điều 3.3, 6.2c): kind `case` of the registry, with the bytes of its evidence. */
import { entryKind } from '../administration/entries.ts'
import { instantKey } from '../administration/access.ts'
import type { BlobId } from '../mailbox/mailbox.ts'
import type { CaseFile } from './case.ts'

export interface KeptCase {
  readonly file: Omit<CaseFile, 'id'>
  /** Of each piece of evidence, in its order; null when only its hash is kept. */
  readonly bodies: readonly (BlobId | null)[]
}

export const caseKind = entryKind<KeptCase>({
  name: 'case',
  keys: ({ file }) => [`opened:${instantKey(file.openedAtMs)}`, ...file.accounts.slice(0, 60).map((account) => `account:${account}`)],
  bodies: ({ bodies }) => bodies.filter((body) => body !== null),
})
