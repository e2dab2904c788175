/**
 * A request of the REST API for each row of the role table (core/account/lifecycle/roles.ts) that a route asks for. A new
 * route with an action adds its request here; roles.test.ts fails while one is missing.
 */
import type { Account } from '../../../src/core/account/account.ts'
import type { Action } from '../../../src/core/account/lifecycle/roles.ts'
import type { AdminApiRig } from '../../support/admin-api-rig.ts'

export interface RoleRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Cell {
  /** Who acts. */
  readonly actor: Account
  /** An account that the act is about: the actor's own, one of the same agency, or one of another. */
  readonly target: Account
  readonly rig: AdminApiRig
}

export interface Representative {
  /**
   * `target`: what the act is about is the cell's target. `self`: always the actor's own account. `agency`: the target's
   * agency, no account. `own-agency`: the actor's agency, no account. `nothing`: neither an account nor an agency.
   */
  readonly about: 'target' | 'self' | 'agency' | 'own-agency' | 'nothing'
  /** Valid by its schema; it may find nothing (404) or something else to refuse (409, 412, 422) once it is allowed. */
  request(cell: Cell): RoleRequest | Promise<RoleRequest>
}

const unknownId = '0'.repeat(26)
/** No account has it: what is allowed is refused as stale (412), and changes nothing. */
const stale = { 'if-match': '"999999"' }
const statedFile = { name: 'cong-van.pdf', sha256: 'a'.repeat(64), sizeBytes: 7 }

const labelOf = async ({ target, rig }: Cell): Promise<string> => (await rig.store.agencies.get(target.agency))!.label
const person = { full: 'Nguyễn Thị Hoa' }

const seen = ({ credentialVersion }: Account): Readonly<Record<string, string>> => ({ 'if-match': `"${credentialVersion}"` })
const file = { name: 'cv.pdf', content: Buffer.from('%PDF').toString('base64') }
/** The clock of the rig stands on 11/05/2026. */
const document = { number: '15/SKHCN-VP', date: '2026-05-11', file }
const filing = (kind: string, { target }: Cell, leave: object | null = null): RoleRequest => ({ method: 'POST', path: '/requests', body: { kind, document, rows: [{ address: target.address, leave }] } })

/** A colleague of the target who is locked, and whose agency has asked for the restoration. */
async function askedRestoration({ rig, target }: Cell): Promise<{ readonly path: string; readonly address: string; readonly headers: Readonly<Record<string, string>> }> {
  const colleague = await rig.account('individual', { agency: target.agency, domain: target.address.slice(target.address.indexOf('@') + 1) })
  await rig.administration.lifecycle.lock(rig.actor('super-administrator'), colleague.id, { act: 'suspend', reason: 'Nghi mất quyền' })
  const bytes = Buffer.from('%PDF')
  const { id, version } = await rig.administration.requests.file(rig.actor('agency-administrator', { agency: target.agency }), {
    kind: 'restore',
    document: { number: '15/SKHCN-VP', date: '2026-05-11', file: { name: 'cv.pdf', sha256: 'a'.repeat(64), sizeBytes: bytes.length } },
    bytes,
    rows: [{ address: colleague.address, leave: null }],
  })
  return { path: `/requests/${id}/decisions`, address: colleague.address, headers: { 'if-match': `"${version}"` } }
}

export const representatives: Partial<Readonly<Record<Action, Representative>>> = {
  'account.create': {
    about: 'agency',
    request: async (cell) => ({ method: 'POST', path: '/accounts/proposal', body: { agency: await labelOf(cell), name: person } }),
  },
  'account.change-details': { about: 'target', request: ({ target }) => ({ method: 'PATCH', path: `/accounts/${target.id}/person`, body: { post: 'Chuyên viên' }, headers: stale }) },
  'agency.create': { about: 'nothing', request: () => ({ method: 'POST', path: '/agencies', body: { name: 'Sở Tài chính', label: 'stc' } }) },
  'agency.hand-over': {
    about: 'agency',
    request: ({ target }) => ({ method: 'POST', path: `/agencies/${target.agency}/hand-overs`, body: { to: 'khongco@skhcn.gialai.gov.vn', document: { ...document, file: statedFile }, trained: true } }),
  },
  'delegation.manage': {
    about: 'agency',
    request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/delegations`, body: { person: target.address, rights: 'read', decision: { kind: 'duty', date: '2026-05-11' } } }),
  },
  'delegation.read': { about: 'target', request: ({ target }) => ({ method: 'GET', path: `/accounts/${target.id}/delegated-mailboxes` }) },
  'unit.create': { about: 'agency', request: ({ target }) => ({ method: 'POST', path: `/agencies/${target.agency}/units`, body: { name: 'Phòng Kinh tế', local: 'quantri' } }) },
  'directory.read': { about: 'nothing', request: () => ({ method: 'GET', path: '/directory?text=hoa' }) },
  'account.change-own-password': {
    about: 'self',
    request: () => ({ method: 'PUT', path: '/me/password', body: { oldPassword: 'khong-dung', newPassword: 'Mat-khau-moi-2B!' } }),
  },
  'account.read': { about: 'target', request: ({ target }) => ({ method: 'GET', path: `/accounts/${target.id}` }) },
  'agency.read': { about: 'agency', request: ({ target }) => ({ method: 'GET', path: `/agencies/${target.agency}` }) },
  'outage.draft': { about: 'nothing', request: () => ({ method: 'GET', path: '/outages?limit=1' }) },
  'outage.announce': { about: 'nothing', request: () => ({ method: 'POST', path: `/outages/${unknownId}/announcement`, headers: stale }) },
  'incident.read': { about: 'own-agency', request: () => ({ method: 'GET', path: '/incidents?limit=1' }) },
  'incident.report': { about: 'nothing', request: () => ({ method: 'POST', path: '/incidents/SC-2026-9999/start', headers: stale, body: { occurredAt: '2026-05-10T00:00:00Z', reason: 'x' } }) },
  'incident.tell-agency': {
    about: 'own-agency',
    request: () => ({ method: 'POST', path: '/incident-tellings', body: { occurredAt: '2026-05-10T00:00:00Z', detectedAt: '2026-05-10T00:00:00Z', title: 'x', description: 'x' } }),
  },
  'incident.receive': { about: 'nothing', request: () => ({ method: 'POST', path: '/incidents/SC-2026-9999/receipt', headers: stale }) },
  'statistics.read': { about: 'agency', request: async (cell) => ({ method: 'GET', path: `/reports/2026?agency=${await labelOf(cell)}` }) },
  'records.read': { about: 'nothing', request: () => ({ method: 'GET', path: '/records/mail?limit=1' }) },
  'legal-hold.set': { about: 'nothing', request: () => ({ method: 'POST', path: `/legal-holds/${unknownId}/release`, headers: stale, body: { reason: 'x' } }) },
  'audit.read': { about: 'nothing', request: () => ({ method: 'GET', path: '/audit?limit=1' }) },
  'own.access': { about: 'self', request: () => ({ method: 'GET', path: '/second-factor' }) },
  'token.manage': { about: 'self', request: () => ({ method: 'GET', path: '/tokens' }) },
  'token.revoke': { about: 'nothing', request: () => ({ method: 'POST', path: `/tokens/${unknownId}/revocation` }) },
  'second-factor.reset': { about: 'target', request: ({ target }) => ({ method: 'DELETE', path: `/accounts/${target.id}/second-factor` }) },
  'account.lock': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/lock`, headers: seen(target), body: { act: 'lock-compromised', ground: 'hijacked' } }) },
  'account.suspend': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/lock`, headers: seen(target), body: { act: 'suspend', reason: 'Nghi mất quyền' } }) },
  'account.reset-password': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/password-reset`, headers: seen(target) }) },
  'account.note-absence': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/absences`, body: { from: '2026-06-01', to: '2026-12-01', reason: 'Nghỉ thai sản' } }) },
  'account.report-loss': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/loss-report`, body: { ground: 'lost', text: 'Mất điện thoại' } }) },
  'revocation.decide-proposal': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/proposal/postponement`, headers: seen(target), body: { until: '2026-12-01', reason: 'Đang nghỉ' } }) },
  'revocation.carry-out': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/scheduled-revocation/cancellation`, headers: seen(target), body: { reason: 'Văn bản bị rút' } }) },
  'revocation.undo': { about: 'target', request: ({ target }) => ({ method: 'POST', path: `/accounts/${target.id}/revocation/undoing`, headers: seen(target), body: { reason: 'Nhầm người' } }) },
  'request.read': { about: 'agency', request: ({ target }) => ({ method: 'GET', path: `/requests?agency=${target.agency}` }) },
  'restoration.ask': { about: 'self', request: (cell) => filing('restore', cell) },
  'revocation.ask': { about: 'self', request: (cell) => filing('revoke-list', cell) },
  'account.request-lock': { about: 'self', request: (cell) => filing('lock', cell) },
  'restoration.carry-out': {
    about: 'agency',
    async request(cell) {
      const { path, address, headers } = await askedRestoration(cell)
      return { method: 'POST', path, headers, body: { address, answer: { kind: 'grant' } } }
    },
  },
  'restoration.refuse': {
    about: 'agency',
    async request(cell) {
      const { path, address, headers } = await askedRestoration(cell)
      return { method: 'POST', path, headers, body: { address, answer: { kind: 'deny', reason: 'Không đủ căn cứ' } } }
    },
  },
  'case.open': { about: 'nothing', request: ({ target }) => ({ method: 'POST', path: '/cases', body: { addresses: [target.address], summary: 'Thư cấm', evidence: [{ kind: 'message', file }] } }) },
  'case.read': { about: 'nothing', request: () => ({ method: 'GET', path: '/cases' }) },
  'calendar.edit': { about: 'nothing', request: () => ({ method: 'PUT', path: '/calendar/years/2031', headers: { 'if-match': '"0"' }, body: { off: ['2031-01-01'], worked: [], source: 'TB 1', status: 'final' } }) },
  'quota.set': { about: 'target', request: ({ target }) => ({ method: 'PATCH', path: `/accounts/${target.id}/quota`, headers: stale, body: { class: 'staff' } }) },
}
