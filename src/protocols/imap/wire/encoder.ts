/**
 * Untagged responses → bytes as latin1 text. The only place that knows quoting, literals and the shape of a response.
 * RFC 9051 §7, §9. FETCH of stored items is written by `fetch-writer.ts` and comes through as `ready`.
 */
import { flagNames, type Flags } from '../../../core/mailbox/flags.ts'
import { encodeModifiedUtf7 } from './mailbox-name.ts'

export type Untagged =
  | { readonly type: 'capability'; readonly names: readonly string[] }
  | { readonly type: 'enabled'; readonly names: readonly string[] }
  | { readonly type: 'id'; readonly parameters: Readonly<Record<string, string>> }
  /** `others`: prefix of the namespace of other users, ASCII; null: there is none. */
  | { readonly type: 'namespace'; readonly separator: string; readonly others: string | null }
  | {
      readonly type: 'list' | 'lsub'
      readonly attributes: readonly string[]
      readonly separator: string
      readonly name: string
      /** Selection options that a mailbox below this one meets (RFC 5258 §3.5). */
      readonly childInfo?: readonly string[]
    }
  /** Values that are not numbers come as they go out. */
  | { readonly type: 'status'; readonly name: string; readonly items: readonly (readonly [string, number | string])[] }
  | { readonly type: 'quota-root'; readonly name: string; readonly root: string }
  /** Used and limit, in the unit of the resource (RFC 9208 §5). */
  | { readonly type: 'quota'; readonly root: string; readonly resources: readonly (readonly [name: string, used: number, limit: number])[] }
  | { readonly type: 'flags'; readonly names: readonly string[] }
  | { readonly type: 'exists' | 'recent'; readonly count: number }
  | { readonly type: 'expunge'; readonly sequence: number }
  /** Instead of EXPUNGE (RFC 7162 §3.2.10); the set as it goes out. `earlier`: they were never counted in this session. */
  | { readonly type: 'vanished'; readonly earlier: boolean; readonly uids: string }
  /** `modseq`: the highest of those found, when it was asked for (RFC 7162 §3.1.6). */
  | { readonly type: 'search'; readonly numbers: ArrayLike<number>; readonly modseq?: number }
  /** RFC 4731; the values as they go out. */
  | { readonly type: 'esearch'; readonly tag: string; readonly uid: boolean; readonly results: readonly (readonly [string, string])[] }
  | { readonly type: 'flags-of'; readonly sequence: number; readonly uid: number | null; readonly flags: Flags; readonly modseq: number | null }
  /** `* OK [code] text` and the like. */
  | { readonly type: 'condition'; readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH'; readonly code?: string; readonly text: string }
  /** `+ text`: the client goes on. */
  | { readonly type: 'continuation'; readonly text: string }
  /** Whole responses, as they go out. */
  | { readonly type: 'ready'; readonly chunks: readonly Uint8Array[] }

export type TextResponse = Exclude<Untagged, { type: 'ready' }>

export interface EncodeOptions {
  /** The client enabled UTF8=ACCEPT or IMAP4rev2: mailbox names go as UTF-8. */
  readonly utf8: boolean
}

/** With its CRLF. */
export function encodeUntagged(response: TextResponse, options: EncodeOptions): string {
  switch (response.type) {
    case 'capability':
      return `* CAPABILITY ${response.names.join(' ')}\r\n`
    case 'enabled':
      return `* ENABLED${response.names.map((name) => ` ${name}`).join('')}\r\n`
    case 'id':
      return `* ID (${Object.entries(response.parameters).map(([name, value]) => `${encodeString(name)} ${encodeString(value)}`).join(' ')})\r\n`
    case 'namespace':
      return encodeNamespace(response)
    case 'list':
    case 'lsub':
      return encodeList(response, options)
    case 'status':
      return `* STATUS ${encodeMailbox(response.name, options)} (${response.items.map(([name, value]) => `${name} ${value}`).join(' ')})\r\n`
    case 'quota-root':
      return `* QUOTAROOT ${encodeMailbox(response.name, options)} ${encodeString(response.root)}\r\n`
    case 'quota':
      return `* QUOTA ${encodeString(response.root)} (${response.resources.map((resource) => resource.join(' ')).join(' ')})\r\n`
    case 'flags':
      return `* FLAGS (${response.names.join(' ')})\r\n`
    case 'exists':
    case 'recent':
      return `* ${response.count} ${response.type.toUpperCase()}\r\n`
    case 'expunge':
      return `* ${response.sequence} EXPUNGE\r\n`
    case 'vanished':
      return `* VANISHED ${response.earlier ? '(EARLIER) ' : ''}${response.uids}\r\n`
    case 'search':
      return encodeSearch(response)
    case 'esearch':
      return `* ESEARCH (TAG "${response.tag}")${response.uid ? ' UID' : ''}${response.results.map(([name, value]) => ` ${name} ${value}`).join('')}\r\n`
    case 'flags-of':
      return encodeFlagsOf(response)
    case 'condition':
      return `* ${encodeCondition(response.status, response.code, response.text)}`
    case 'continuation':
      return `+ ${response.text}\r\n`
  }
}

/** `OK [code] text` with its CRLF; a tag or `*` goes before it. */
export function encodeCondition(status: string, code: string | undefined, text: string): string {
  return code === undefined || code === '' ? `${status} ${text}\r\n` : `${status} [${code}] ${text}\r\n`
}

/** A quoted string where one can hold it, else a literal. Characters above 0xff go as UTF-8. */
export function encodeString(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && text.length <= 1000) return `"${text.replace(/["\\]/g, '\\$&')}"`
  const bytes = Buffer.from(text, 'utf8')
  return `{${bytes.length}}\r\n${bytes.toString('latin1')}`
}

/** Always quoted or an atom-free literal, so that no name is ever read as something else. */
export function encodeMailbox(name: string, options: EncodeOptions): string {
  if (!options.utf8) return encodeString(encodeModifiedUtf7(name))
  // RFC 9051 §4.3: UTF-8 is allowed in quoted strings.
  return `"${Buffer.from(name.replace(/["\\]/g, '\\$&'), 'utf8').toString('latin1')}"`
}

const flagTexts = new WeakMap<Flags, string>()

/** `(\Seen $label)`; flag sets are shared objects, so their text is made once. */
export function encodeFlags(flags: Flags): string {
  let text = flagTexts.get(flags)
  if (text === undefined) {
    text = `(${flagNames(flags).join(' ')})`
    flagTexts.set(flags, text)
  }
  return text
}

function encodeFlagsOf(response: Extract<Untagged, { type: 'flags-of' }>): string {
  const uid = response.uid === null ? '' : `UID ${response.uid} `
  const modseq = response.modseq === null ? '' : ` MODSEQ (${response.modseq})`
  return `* ${response.sequence} FETCH (${uid}FLAGS ${encodeFlags(response.flags)}${modseq})\r\n`
}

function encodeNamespace({ separator, others }: Extract<Untagged, { type: 'namespace' }>): string {
  const space = (prefix: string): string => `((${encodeString(prefix)} ${encodeString(separator)}))`
  return `* NAMESPACE ${space('')} ${others === null ? 'NIL' : space(others)} NIL\r\n`
}

function encodeSearch({ numbers, modseq }: Extract<Untagged, { type: 'search' }>): string {
  if (numbers.length === 0) return '* SEARCH\r\n'
  return `* SEARCH ${Array.prototype.join.call(numbers, ' ')}${modseq === undefined ? '' : ` (MODSEQ ${modseq})`}\r\n`
}

function encodeList(response: Extract<Untagged, { type: 'list' | 'lsub' }>, options: EncodeOptions): string {
  const { type, attributes, separator, name, childInfo } = response
  const children = childInfo === undefined ? '' : ` ("CHILDINFO" (${childInfo.map(encodeString).join(' ')}))`
  return `* ${type.toUpperCase()} (${attributes.join(' ')}) ${encodeString(separator)} ${encodeMailbox(name, options)}${children}\r\n`
}
