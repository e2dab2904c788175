/**
 * API tokens: programs that act for somebody who administers, with scopes, for a time (Điều 3.1, 9.1; least privilege).
 *
 *  - `congvu_<id>_<secret>`: the secret has 256 random bits, is shown once, and only its SHA-256 is kept.
 *  - A token is void once its owner's role, password or state changes: it never outlives what its owner may do.
 */
import { MailError, isMailError } from '../errors.ts'
import type { Role } from '../account/account.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import { keysFrom } from '../ports/registry.ts'
import { actorOf, callerAccount, instantKey, type AccessContext, type Caller } from './access.ts'
import type { Actor } from './actor.ts'
import { auditRecord } from './context.ts'
import { entry, entryKind, findEntries, put, requireEntry, type Kept } from './entries.ts'
import { scopes as allScopes, type Scope } from './scopes.ts'

export interface ApiToken {
  readonly account: AccountId
  readonly role: Role
  readonly credentialVersion: number
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly secretHash: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly revokedAtMs: number | null
  /** To some minutes. */
  readonly lastUsedAtMs: number | null
  readonly lastUsedIp: string | null
}

/** Id: part of the token itself. */
export const apiTokenKind = entryKind<ApiToken>({ name: 'api-token', keys: ({ account, createdAtMs }) => [`account ${account} ${instantKey(createdAtMs)}`] })

export type ListedToken = Omit<ApiToken, 'secretHash' | 'credentialVersion' | 'role'> & { readonly id: string }

export interface NewToken {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly days: number
}

export interface ApiTokens {
  /** Null when it is wrong, has expired, was revoked, or its owner may not sign in any more. */
  find(token: string, remoteIp: string): Promise<Caller | null>
  /** `token` is told once. Refuses `argument-invalid`, `limit-reached`. */
  create(caller: Caller, wanted: NewToken): Promise<{ readonly token: string; readonly listed: ListedToken }>
  /** Newest first, those that are over too. */
  list(caller: Caller): Promise<readonly ListedToken[]>
  get(caller: Caller, id: string): Promise<ListedToken>
  /** One's own, or by the Sở anybody's. */
  revoke(actor: Actor, id: string): Promise<void>
}

export const maxTokensPerAccount = 50
export const maxTokenDays = 366
export const maxTokenNameLength = 100
const secretBytes = 32
const usedEveryMs = 10 * 60_000
const dayMs = 86_400_000
const tokenForm = /^congvu_([0-9a-z]{26})_([A-Za-z0-9_-]{43})$/

const listed = ({ id, value }: Kept<ApiToken>): ListedToken => {
  const { secretHash: _hash, credentialVersion: _version, role: _role, ...shown } = value
  return { id, ...shown }
}

export function createApiTokens(context: AccessContext): ApiTokens {
  const { store, clock, random, secrets } = context
  const { registry } = store

  const owned = (caller: Caller): Promise<readonly Kept<ApiToken>[]> =>
    findEntries(registry, apiTokenKind, { ...keysFrom(`account ${caller.account.id} `), descending: true, limit: 1_000 })

  const allowed = async (caller: Caller): Promise<{ readonly actor: Actor; readonly clause: string }> => {
    const actor = actorOf(caller, null)
    const { id, agency, address } = caller.account
    const { clause } = await context.authorise(actor, 'token.manage', { account: id, agency, subject: address })
    return { actor, clause }
  }

  return {
    async find(token, remoteIp) {
      const [, id = '', secret = ''] = tokenForm.exec(token) ?? []
      if (id === '') return null
      const kept = await entry(registry, apiTokenKind, id)
      if (kept === null || !secrets.same(kept.value.secretHash, secrets.sha256(secret))) return null
      const { value } = kept
      const nowMs = clock.nowMs()
      if (value.revokedAtMs !== null || nowMs >= value.expiresAtMs) return null
      const account = await store.accounts.get(value.account)
      if (account === null || account.state !== 'active' || account.role !== value.role || account.credentialVersion !== value.credentialVersion) return null
      if (value.lastUsedAtMs === null || nowMs - value.lastUsedAtMs > usedEveryMs) await noteUse(context, kept, remoteIp)
      return { account: callerAccount(account), via: 'token', remoteIp, stage: 'full', scopes: value.scopes, id }
    },

    async create(caller, { name: given, scopes, days }) {
      const { actor, clause } = await allowed(caller)
      const name = given.normalize('NFC').trim()
      if (name === '' || name.length > maxTokenNameLength || /\p{Cc}/u.test(name)) throw new MailError('argument-invalid', 'a token has a name', { field: 'name' })
      if (scopes.length === 0 || !scopes.every((one) => allScopes.includes(one))) throw new MailError('argument-invalid', 'scopes', { field: 'scopes' })
      if (!Number.isInteger(days) || days < 1 || days > maxTokenDays) throw new MailError('argument-invalid', 'days', { field: 'days' })
      const nowMs = clock.nowMs()
      const alive = (await owned(caller)).filter(({ value }) => value.revokedAtMs === null && value.expiresAtMs > nowMs)
      if (alive.length >= maxTokensPerAccount) throw new MailError('limit-reached', 'too many tokens', { limit: maxTokensPerAccount })
      const owner = await store.accounts.get(caller.account.id)
      if (owner === null) throw new MailError('account-unknown', 'gone meanwhile')
      const id = random.id(nowMs)
      const secret = Buffer.from(random.bytes(secretBytes)).toString('base64url')
      const value: ApiToken = {
        account: owner.id,
        role: owner.role,
        credentialVersion: owner.credentialVersion,
        name,
        scopes: [...new Set(scopes)].sort(),
        secretHash: secrets.sha256(secret),
        createdAtMs: nowMs,
        expiresAtMs: nowMs + days * dayMs,
        revokedAtMs: null,
        lastUsedAtMs: null,
        lastUsedIp: null,
      }
      const after = { id, name, scopes: value.scopes, expiresAtMs: value.expiresAtMs }
      const record = auditRecord(actor, nowMs, { action: 'token.create', subject: owner.address, clause, before: null, after })
      await registry.commit({ entries: [put(apiTokenKind, id, value, 0)], records: [record] })
      return { token: `congvu_${id}_${secret}`, listed: listed({ id, version: 1, value }) }
    },

    async list(caller) {
      await allowed(caller)
      return (await owned(caller)).map(listed)
    },

    async get(caller, id) {
      await allowed(caller)
      const kept = await requireEntry(registry, apiTokenKind, id)
      if (kept.value.account !== caller.account.id) throw new MailError('entry-unknown', 'no such token', { kind: 'api-token' })
      return listed(kept)
    },

    revoke: (actor, id) => revoke(context, actor, id),
  }
}

async function revoke(context: AccessContext, actor: Actor, id: string): Promise<void> {
  const { store, clock, authorise } = context
  const kept = await entry(store.registry, apiTokenKind, id)
  const owner = kept === null ? null : await store.accounts.get(kept.value.account)
  const own = kept !== null && kept.value.account === actor.account
  const target = { account: kept?.value.account ?? null, agency: owner?.agency ?? null, subject: owner?.address ?? id.slice(0, 100) }
  const { clause } = await authorise(actor, own ? 'token.manage' : 'token.revoke', target)
  if (kept === null) throw new MailError('entry-unknown', 'no such token', { kind: 'api-token' })
  if (kept.value.revokedAtMs !== null) return
  const nowMs = clock.nowMs()
  const { name, scopes } = kept.value
  const record = auditRecord(actor, nowMs, { action: 'token.revoke', subject: target.subject, clause, before: { id, name, scopes }, after: null })
  await store.registry.commit({ entries: [put(apiTokenKind, id, { ...kept.value, revokedAtMs: nowMs }, null)], records: [record] })
}

async function noteUse({ store, clock }: AccessContext, kept: Kept<ApiToken>, remoteIp: string): Promise<void> {
  const value = { ...kept.value, lastUsedAtMs: clock.nowMs(), lastUsedIp: remoteIp }
  try {
    await store.registry.commit({ entries: [put(apiTokenKind, kept.id, value, kept.version)] })
  } catch (error) {
    // Used or revoked by another request at this moment: the note is not worth more.
    if (!isMailError(error, 'conflict')) throw error
  }
}
