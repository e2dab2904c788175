/** What delivery needs to know of a header, in one pass over it: loops, who it says it is from, what is missing. RFC 5322 §3.6. */
import { parseAddressList } from '../../message/address.ts'
import { decodeHeaderText } from '../../message/encoded-word.ts'
import { fieldValue, scanHeader } from '../../message/header.ts'
import { authorityOf, type ResultsField } from './forged-results.ts'

export interface HeaderFacts {
  readonly receivedFields: number
  /** Lower case. */
  readonly deliveredTo: readonly string[]
  readonly fromFields: number
  /** `local@domain` as written, of all From fields; null stands for something that is no address. */
  readonly from: readonly (string | null)[]
  /** Shown before each of `from`, decoded; '' where there is none. */
  readonly fromNames: readonly string[]
  readonly senderFields: readonly (string | null)[]
  readonly hasDate: boolean
  readonly hasMessageId: boolean
  readonly hasBcc: boolean
  /** Authentication-Results that came with the message. */
  readonly results: readonly ResultsField[]
}

/** Far above any real list of authors; beyond it the sender rules refuse the message. */
const maxAuthors = 100

/**
 * @param submitted only mail of our own accounts is asked who wrote it
 */
export function headerFacts(bytes: Uint8Array, submitted: boolean): HeaderFacts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const deliveredTo: string[] = []
  const from: (string | null)[] = []
  const fromNames: string[] = []
  const senderFields: (string | null)[] = []
  const results: ResultsField[] = []
  let receivedFields = 0
  let fromFields = 0
  const seen = { date: false, messageId: false, bcc: false }
  for (const field of scanHeader(buffer).fields) {
    switch (field.name) {
      case 'received':
        receivedFields++
        break
      case 'delivered-to':
        deliveredTo.push(utf8(fieldValue(buffer, field)).toLowerCase())
        break
      case 'authentication-results':
        results.push({ start: field.start, end: field.end, authority: authorityOf(fieldValue(buffer, field)) })
        break
      case 'from':
        fromFields++
        for (const { address, name } of submitted ? authorsOf(fieldValue(buffer, field)) : []) {
          from.push(address)
          fromNames.push(name)
        }
        break
      case 'sender':
        if (submitted) senderFields.push(...authorsOf(fieldValue(buffer, field)).map(({ address }) => address))
        break
      case 'date':
        seen.date = true
        break
      case 'message-id':
        seen.messageId = true
        break
      case 'bcc':
      case 'resent-bcc':
        seen.bcc = true
        break
    }
  }
  return { receivedFields, deliveredTo, fromFields, from, fromNames, senderFields, hasDate: seen.date, hasMessageId: seen.messageId, hasBcc: seen.bcc, results }
}

interface Author {
  readonly address: string | null
  readonly name: string
}

function authorsOf(value: string): Author[] {
  const found: Author[] = []
  for (const one of parseAddressList(value, maxAuthors + 1)) {
    // Start and end of a group are no addresses, but who stands in the group counts (RFC 6854).
    if (one.host === null) continue
    found.push({ address: one.mailbox && one.host ? utf8(`${one.mailbox}@${one.host}`) : null, name: one.name === null ? '' : decodeHeaderText(one.name) })
  }
  return found.length > maxAuthors ? [{ address: null, name: '' }] : found
}

/** Header values come as latin1 of their bytes; addresses may be UTF-8 (RFC 6532). */
function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
