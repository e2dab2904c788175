/** The REST API of the administration on a fresh embedded store: people who sign in, tokens, requests without a network. */
import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { TOTP } from 'otpauth'
import { createOneTimeCodes } from '../../src/adapters/totp/one-time-codes.ts'
import type { Account, Role } from '../../src/core/account/account.ts'
import { createAccounts } from '../../src/core/account/accounts.ts'
import { noActivity } from '../../src/core/account/activity-keeper.ts'
import { createDelegations } from '../../src/core/account/delegation.ts'
import { createSignIn } from '../../src/core/account/authenticate.ts'
import { defaultMailboxes } from '../../src/core/account/default-mailboxes.ts'
import type { AccessContext } from '../../src/core/administration/access.ts'
import type { Administration } from '../../src/core/administration/administration.ts'
import { createAdministration } from '../../src/core/administration/create-administration.ts'
import { scopes as allScopes, type Scope } from '../../src/core/administration/scopes.ts'
import type { NewAccount } from '../../src/core/ports/store.ts'
import { createAudit } from '../../src/core/record/audit.ts'
import type { NewRecord } from '../../src/core/record/record.ts'
import type { Problem } from '../../src/protocols/admin/problems.ts'
import type { Route } from '../../src/protocols/admin/route.ts'
import { createAdminApi } from '../../src/protocols/admin/server.ts'
import { openAdministrationRig, provinceDomain, type AdministrationRig } from './administration-rig.ts'

export const goodPassword = 'Mat-khau-thu-1A!'
const prefix = '/api/v1'

export interface AdminApiRig extends AdministrationRig {
  readonly api: FastifyInstance
  readonly administration: Administration
  readonly access: AccessContext
  /** Records of sign-ins, as they would be appended. */
  readonly signIns: NewRecord[]
  /** What was thrown that is a bug. */
  readonly faults: unknown[]
  /** An active one of the province's root agency, unless said otherwise. */
  account(role: Role, given?: Partial<NewAccount> & { readonly local?: string; readonly domain?: string }): Promise<Account>
  /** Signed in all the way, with a second factor where the role needs one. */
  signedIn(account: Account): Promise<Client>
  /** A program with these scopes; all without. */
  program(account: Account, held?: readonly Scope[]): Promise<Client>
  stranger(): Client
}

export interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  // What a test reads of an answer is what it asserts.
  // eslint-disable-next-line typescript/no-explicit-any
  readonly body: any
  readonly text: string
}

interface Sent {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly remoteIp?: string
}

export class Client {
  readonly #api: FastifyInstance
  cookie: string | null = null
  csrfToken: string | null = null
  bearer: string | null = null

  constructor(api: FastifyInstance) {
    this.#api = api
  }

  async ask(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS', path: string, { body, headers = {}, remoteIp }: Sent = {}): Promise<Asked> {
    const answer = await this.#api.inject({
      method,
      url: path.startsWith('/api/') ? path : `${prefix}${path}`,
      ...(remoteIp !== undefined && { remoteAddress: remoteIp }),
      ...(body !== undefined && { payload: body instanceof Uint8Array || typeof body === 'string' ? (body as string) : JSON.stringify(body) }),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.cookie !== null && { cookie: this.cookie }),
        ...(this.csrfToken !== null && { 'x-csrf-token': this.csrfToken }),
        ...(this.bearer !== null && { authorization: `Bearer ${this.bearer}` }),
        ...headers,
      },
    })
    const set = answer.headers['set-cookie']
    if (typeof set === 'string') this.cookie = set.split(';')[0]!
    const isJson = /json/.test(String(answer.headers['content-type'])) && answer.body !== ''
    const body_: unknown = isJson ? JSON.parse(answer.body) : null
    const csrfToken = (body_ as { csrfToken?: unknown } | null)?.csrfToken
    if (typeof csrfToken === 'string') this.csrfToken = csrfToken
    return { status: answer.statusCode, headers: answer.headers, body: body_, text: answer.body }
  }

  get(path: string, sent?: Sent): Promise<Asked> {
    return this.ask('GET', path, sent)
  }

  post(path: string, body?: unknown, headers?: Sent['headers']): Promise<Asked> {
    return this.ask('POST', path, { ...(body !== undefined && { body }), ...(headers !== undefined && { headers }) })
  }

  put(path: string, body: unknown, headers?: Sent['headers']): Promise<Asked> {
    return this.ask('PUT', path, { body, ...(headers !== undefined && { headers }) })
  }

  delete(path: string, headers?: Sent['headers']): Promise<Asked> {
    return this.ask('DELETE', path, { ...(headers !== undefined && { headers }) })
  }
}

/** The six digits of a secret at an instant. */
export const codeOf = (secret: string, nowMs: number): string => new TOTP({ algorithm: 'SHA1', digits: 6, period: 30, secret }).generate({ timestamp: nowMs })

export async function openAdminApiRig(given: { readonly routes?: readonly Route[]; readonly requestsPerMinute?: number; readonly secondFactorRoles?: readonly Role[]; readonly proxies?: readonly string[] } = {}): Promise<AdminApiRig> {
  await using opening = new AsyncDisposableStack()
  const rig = opening.use(await openAdministrationRig())
  const { context, store } = rig
  const signIns: NewRecord[] = []
  const faults: unknown[] = []
  const settings = { provinceDomain, allowActiveAccounts: false, defaultQuotaBytes: 1_000_000_000, passwordHistory: { individuals: 5, administrators: 10 } }
  const audit = createAudit({ records: store.records, clock: context.clock })
  const access: AccessContext = {
    ...context,
    codes: createOneTimeCodes(),
    signIn: createSignIn({ ...context, accounts: store.accounts, agencies: store.agencies, records: { add: (record) => void signIns.push(record) }, activity: noActivity, delegations: createDelegations(context) }),
    ownPasswords: createAccounts({ ...context, accounts: store.accounts, agencies: store.agencies, registry: store.registry, audit }, settings),
    access: {
      secondFactorRoles: given.secondFactorRoles ?? ['agency-administrator', 'operator', 'super-administrator'],
      sessionIdleMs: 30 * 60_000,
      sessionMaxMs: 10 * 3_600_000,
      issuer: `Công Vụ ${provinceDomain}`,
    },
  }
  const administration = createAdministration(access)
  const api = await createAdminApi({
    administration,
    settings: { requestsPerMinute: given.requestsPerMinute ?? 1_000_000, proxies: given.proxies ?? [] },
    onFault: (error) => void faults.push(error),
    ...(given.routes !== undefined && { routes: given.routes }),
  })
  opening.defer(() => api.close())
  const root = await store.agencies.create({ label: '', name: 'Hệ thống', domains: [provinceDomain], createdAtMs: context.clock.nowMs() })
  let made = 0
  const stranger = (): Client => new Client(api)
  const signedIn = async (account: Account): Promise<Client> => {
    const client = stranger()
    const opened = await client.post('/session', { user: account.address, password: goodPassword })
    assert.equal(opened.status, 201, opened.text)
    if (opened.body.stage === 'enrolment') {
      const { body } = await client.post('/second-factor', {})
      const confirmed = await client.post('/second-factor/confirmation', { code: codeOf(body.secret, context.clock.nowMs()) })
      assert.equal(confirmed.status, 200, confirmed.text)
    }
    return client
  }
  const kept = opening.move()
  return {
    ...rig,
    api,
    administration,
    access,
    signIns,
    faults,
    stranger,
    signedIn,
    async account(role, { local, domain = provinceDomain, ...more } = {}) {
      const agency = more.agency ?? root.id
      return store.accounts.create({
        agency,
        address: `${local ?? `canbo${++made}`}@${domain}`,
        name: 'Nguyễn Văn Thử',
        kind: 'person',
        role,
        state: 'active',
        quotaBytes: 1_000_000_000,
        passwordHash: await context.passwords.hash(goodPassword),
        createdAtMs: context.clock.nowMs(),
        mailboxes: defaultMailboxes,
        ...more,
      })
    },
    async program(account, held = allScopes) {
      const caller = { account, via: 'console', remoteIp: '127.0.0.1', stage: 'full', scopes: null, id: '' } as const
      const { token } = await administration.tokens.create(caller, { name: 'chương trình', scopes: held, days: 30 })
      const client = stranger()
      client.bearer = token
      return client
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Asserts the problem document and returns it. */
export function problemOf(asked: Asked, status: number, code: string): Problem {
  assert.equal(asked.status, status, asked.text)
  assert.match(String(asked.headers['content-type']), /^application\/problem\+json/)
  const problem = asked.body as Problem
  assert.equal(problem.code, code, asked.text)
  assert.equal(problem.status, status)
  for (const text of [problem.title, problem.title_en, problem.detail, problem.detail_en]) assert.notEqual(text, '')
  return problem
}
