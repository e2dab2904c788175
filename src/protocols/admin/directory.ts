/** Danh bạ (Điều 4.3, 10.5): searching it, and the list that an agency publishes. */
import Type from 'typebox'
import { route, type Route } from './route.ts'
import { accountKind, nullable, object, oneOf } from './schemas.ts'

const label = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9-]+$', description: 'Ký hiệu cơ quan / label' })

const entrySchema = object({
  name: Type.String(),
  address: Type.String(),
  agency: Type.String(),
  agencyName: Type.String(),
  unit: nullable(Type.String()),
  post: nullable(Type.String()),
  kind: accountKind,
})

const contentTypes = { html: 'text/html', csv: 'text/csv', json: 'application/json' } as const

export const directoryRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/directory',
    tag: 'directory',
    summary: { vi: 'Tìm trong danh bạ, có dấu hay không dấu; xếp theo tên', en: 'Searches the directory, with or without accents; by given name' },
    clause: 'Điều 4.3',
    actions: ['directory.read'],
    query: object({
      text: Type.Optional(Type.String({ maxLength: 200 })),
      agency: Type.Optional(label),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    }),
    answer: object({ items: Type.Array(entrySchema) }),
    async run({ actor, query, administration }) {
      const items = await administration.directory.search(actor, { text: query.text ?? '', agency: query.agency ?? null, limit: query.limit ?? 50 })
      return { body: { items: items.map((item) => ({ ...item })) } }
    },
  }),
  route({
    method: 'GET',
    path: '/directory/{agency}/published',
    tag: 'directory',
    summary: { vi: 'Danh sách để đăng trên trang của cơ quan', en: "The list for an agency's web site" },
    clause: 'Điều 10.5',
    actions: ['directory.read'],
    params: object({ agency: label }),
    query: object({ format: Type.Optional(oneOf(['html', 'csv', 'json'])) }),
    download: Object.values(contentTypes),
    answer: null,
    async run({ actor, params, query, administration }) {
      const format = query.format ?? 'html'
      const { bytes } = await administration.directory.published(actor, params.agency, format)
      return { bytes, type: contentTypes[format], filename: `danh-ba-${params.agency}.${format}` }
    },
  }),
]
