/**
 * ENVELOPE of a header: RFC 9051 §7.5.2. Missing or empty Sender and Reply-To are those of From. Of a field that must
 * stand once the first counts; address fields that stand several times are joined.
 */
import { parseAddressList } from './address.ts'
import { fieldValue } from './header.ts'
import type { Envelope, EnvelopeAddress, HeaderField } from './types.ts'

/** How many addresses the envelopes of one message may still hold: a list of 2-byte addresses must not explode. */
export interface AddressBudget {
  left: number
}

const addressFields = {
  from: 'from',
  sender: 'sender',
  'reply-to': 'replyTo',
  to: 'to',
  cc: 'cc',
  bcc: 'bcc',
} as const

const textFields = {
  date: 'date',
  subject: 'subject',
  'in-reply-to': 'inReplyTo',
  'message-id': 'messageId',
} as const

type AddressKey = (typeof addressFields)[keyof typeof addressFields]
type TextKey = (typeof textFields)[keyof typeof textFields]

/** The envelope of the header whose fields these are. */
export function buildEnvelope(bytes: Buffer, fields: readonly HeaderField[], budget: AddressBudget): Envelope {
  const texts: Record<TextKey, string | null> = { date: null, subject: null, inReplyTo: null, messageId: null }
  const lists: Record<AddressKey, EnvelopeAddress[]> = { from: [], sender: [], replyTo: [], to: [], cc: [], bcc: [] }
  for (const field of fields) {
    const list = addressFields[field.name as keyof typeof addressFields] as AddressKey | undefined
    if (list !== undefined) {
      const found = parseAddressList(fieldValue(bytes, field), budget.left)
      budget.left -= found.length
      lists[list] = lists[list].length === 0 ? found : lists[list].concat(found)
      continue
    }
    const text = textFields[field.name as keyof typeof textFields] as TextKey | undefined
    if (text !== undefined && texts[text] === null) texts[text] = fieldValue(bytes, field)
  }
  if (lists.sender.length === 0) lists.sender = lists.from
  if (lists.replyTo.length === 0) lists.replyTo = lists.from
  return { ...texts, ...lists }
}
