/** Cases of prohibited use (Điều 3.3, 6.2c): for the Sở alone. */
import Type, { type Static } from 'typebox'
import type { CaseView, GivenEvidence } from '../../core/request/case-administration.ts'
import { fileSchema, givenFile, maxFileBodyBytes } from './given-file.ts'
import { versionSeen } from './if-match.ts'
import { keyPosition, positionText } from './key-position.ts'
import { route, type Route } from './route.ts'
import { address, byId, id, instant, instantOf, line, nullable, object, oneOf, text } from './schemas.ts'

const evidenceKind = oneOf(['message', 'log', 'document', 'other'])
const outcome = oneOf(['lock', 'no-action', 'referred'])
const evidenceBody = object({ kind: evidenceKind, file: fileSchema })

const caseSchema = object({
  id: Type.String(),
  openedAt: instant,
  openedBy: Type.String(),
  accounts: Type.Array(object({ id: Type.String(), address: nullable(Type.String()) })),
  summary: Type.String(),
  evidence: Type.Array(object({ kind: evidenceKind, sha256: Type.String(), sizeBytes: Type.Integer(), takenAt: instant, takenBy: Type.String(), kept: Type.Boolean() })),
  decision: nullable(object({ outcome, reason: Type.String(), by: Type.String(), at: instant })),
})

function caseAnswer({ id: of, file, addresses, kept }: CaseView): Static<typeof caseSchema> {
  const { decision } = file
  return {
    id: of,
    openedAt: instantOf(file.openedAtMs),
    openedBy: file.openedBy,
    accounts: file.accounts.map((account, at) => ({ id: account, address: addresses[at] ?? null })),
    summary: file.summary,
    evidence: file.evidence.map(({ takenAtMs, ...one }, at) => ({ ...one, takenAt: instantOf(takenAtMs), kept: kept[at] ?? false })),
    decision: decision === null ? null : { outcome: decision.outcome, reason: decision.reason, by: decision.by, at: instantOf(decision.atMs) },
  }
}

const versioned = (view: CaseView) => ({ body: caseAnswer(view), version: view.version })

function evidenceOf({ kind, file }: Static<typeof evidenceBody>): GivenEvidence {
  const { sha256, sizeBytes, bytes } = givenFile(file)
  return { kind, sha256, sizeBytes, bytes }
}

const bytesType = 'application/octet-stream'
const clause = 'Điều 3.3, 6.2c'

export const caseRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/cases',
    tag: 'cases',
    summary: { vi: 'Hồ sơ vụ việc, mới nhất trước', en: 'Cases, newest first' },
    clause,
    actions: ['case.read'],
    answer: caseSchema,
    page: true,
    async run({ actor, page: { limit, after }, administration }) {
      const { cases, next } = await administration.cases.list(actor, { limit, ...(after !== null && { after: keyPosition(after) }) })
      return { items: cases.map(caseAnswer), next: next === null ? null : positionText(next) }
    },
  }),
  route({
    method: 'POST',
    path: '/cases',
    tag: 'cases',
    summary: { vi: 'Lập hồ sơ vụ việc với chứng cứ', en: 'Opens a case with its evidence' },
    clause,
    actions: ['case.open'],
    creates: true,
    maxBodyBytes: maxFileBodyBytes,
    body: object({ addresses: Type.Array(address, { minItems: 1, maxItems: 100 }), summary: text(4000), evidence: Type.Array(evidenceBody, { minItems: 1, maxItems: 50 }) }),
    answer: caseSchema,
    async run({ actor, body, administration }) {
      const view = await administration.cases.open(actor, { addresses: body.addresses, summary: body.summary, evidence: body.evidence.map(evidenceOf) })
      return { ...versioned(view), location: `/cases/${view.id}` }
    },
  }),
  route({
    method: 'GET',
    path: '/cases/{id}',
    tag: 'cases',
    summary: { vi: 'Một hồ sơ vụ việc', en: 'A case' },
    clause,
    actions: ['case.read'],
    params: byId,
    answer: caseSchema,
    version: 'gives',
    run: async ({ actor, params, administration }) => versioned(await administration.cases.get(actor, params.id)),
  }),
  route({
    method: 'POST',
    path: '/cases/{id}/evidence',
    tag: 'cases',
    summary: { vi: 'Thêm chứng cứ', en: 'Adds evidence' },
    clause,
    actions: ['case.open'],
    params: byId,
    version: 'needs',
    maxBodyBytes: maxFileBodyBytes,
    body: evidenceBody,
    answer: caseSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.cases.addEvidence(actor, params.id, evidenceOf(body), versionSeen(ifMatch))),
  }),
  route({
    method: 'GET',
    path: '/cases/{id}/evidence/{index}',
    tag: 'cases',
    summary: { vi: 'Tệp chứng cứ; mỗi lần xem đều được ghi lại', en: 'The file of a piece of evidence; each look is recorded' },
    clause,
    actions: ['case.read'],
    params: object({ id, index: Type.String({ pattern: '^[0-9]{1,3}$' }) }),
    download: [bytesType],
    answer: null,
    async run({ actor, params, administration }) {
      const { evidence, bytes } = await administration.cases.evidence(actor, params.id, Number(params.index))
      return { bytes, type: bytesType, filename: `${evidence.sha256.slice(0, 16)}.bin` }
    },
  }),
  route({
    method: 'POST',
    path: '/cases/{id}/decision',
    tag: 'cases',
    summary: { vi: 'Quyết định, một lần', en: 'The decision, once' },
    clause,
    actions: ['case.open'],
    params: byId,
    version: 'needs',
    body: object({ outcome, reason: line(4000) }),
    answer: caseSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.cases.decide(actor, params.id, body, versionSeen(ifMatch))),
  }),
]
