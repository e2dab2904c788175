/** What the main side and the index thread say to each other. Buffers in it change hands instead of being copied. */
import type { IndexState, MessagePlace, MessageText, TextQuery, TextQuestion, Verdicts } from '../../core/ports/full-text.ts'
import type { MailError, MailErrorCode } from '../../core/errors.ts'

export interface ThreadData {
  readonly directory: string
  readonly maxOpen: number
  readonly cacheBytes: number
}

/** What can be asked: arguments and answer. Clocks are the main side's. */
export interface Requests {
  state: { args: { account: string }; answer: IndexState | null }
  begin: { args: { account: string; nowMs: number }; answer: IndexState }
  add: { args: { account: string; incarnation: string; messages: PackedTexts }; answer: null }
  place: { args: { account: string; incarnation: string; places: readonly MessagePlace[] }; answer: readonly string[] }
  remove: { args: { account: string; incarnation: string; messages: readonly string[]; nowMs: number }; answer: null }
  reach: { args: { account: string; incarnation: string; modseq: number; nowMs: number }; answer: null }
  find: { args: { account: string; incarnation: string; query: TextQuery; nowMs: number }; answer: readonly (Verdicts | null)[] }
  ask: { args: { body: Uint8Array; prefix: Uint8Array; questions: readonly TextQuestion[] }; answer: Verdicts }
  tidy: { args: { account: string; incarnation: string; nowMs: number }; answer: 'more' | 'done' }
  askedMs: { args: { account: string }; answer: number | null }
  drop: { args: { account: string }; answer: null }
}

export type RequestName = keyof Requests

export type Request = { [K in RequestName]: { readonly id: number; readonly ask: K; readonly args: Requests[K]['args'] } }[RequestName]

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly refusal: { readonly code: MailErrorCode; readonly message: string; readonly detail: MailError['detail'] } }
  | { readonly id: number; readonly bug: { readonly message: string; readonly stack: string } }

export interface PackedTexts {
  readonly places: readonly MessagePlace[]
  /** Two a message: where its text and its prefix end in `bytes`; each begins where the one before ends. */
  readonly ends: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
}

export function packTexts(messages: readonly MessageText[]): PackedTexts {
  const ends = new Uint32Array(messages.length * 2)
  const bytes = new Uint8Array(messages.reduce((sum, { text, prefix }) => sum + text.length + prefix.length, 0))
  let end = 0
  for (const [i, { text, prefix }] of messages.entries()) {
    bytes.set(text, end)
    ends[i * 2] = end += text.length
    bytes.set(prefix, end)
    ends[i * 2 + 1] = end += prefix.length
  }
  return { places: messages.map(({ id, mailbox, uid }) => ({ id, mailbox, uid })), ends, bytes }
}

export function unpackTexts({ places, ends, bytes }: PackedTexts): MessageText[] {
  let start = 0
  return places.map((place, i) => {
    const text = bytes.subarray(start, ends[i * 2])
    start = ends[i * 2 + 1]!
    return { ...place, text, prefix: bytes.subarray(ends[i * 2], start) }
  })
}
