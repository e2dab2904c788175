/**
 * What a charset label of MIME means here (regulation 3-charsets §3.3). Labels are compared without case.
 */

/** The decoders of our own; every other name is one of iconv-lite. */
export type VietnameseCharset = 'tcvn3' | 'vni' | 'vps' | 'viscii' | 'windows-1258'

export type LabelMeaning =
  | { readonly kind: 'utf-8' }
  /** The label says nothing that can be relied on: UTF-8 if valid, else detection. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'vietnamese'; readonly charset: VietnameseCharset }
  | { readonly kind: 'viqr' }
  | { readonly kind: 'other'; readonly label: string }

const utf8: LabelMeaning = { kind: 'utf-8' }
const unknown: LabelMeaning = { kind: 'unknown' }
const viqr: LabelMeaning = { kind: 'viqr' }

const meanings = new Map<string, LabelMeaning>([
  ...['utf-8', 'utf8', 'unicode-1-1-utf-8'].map((label) => [label, utf8] as const),
  ...[
    '', 'us-ascii', 'ascii', 'ansi_x3.4-1968', 'unknown-8bit', 'x-unknown', 'unknown', 'iso-8859-1', 'iso8859-1', 'latin1', 'windows-1252', 'cp1252',
    'x-user-defined', 'default', '8bit', '7bit', 'binary',
  ].map((label) => [label, unknown] as const),
  ...['viqr', 'csviqr'].map((label) => [label, viqr] as const),
  ...vietnamese('windows-1258', ['windows-1258', 'cp1258', 'x-cp1258', 'win1258']),
  ...vietnamese('viscii', ['viscii', 'csviscii', 'viscii1.1-1', 'x-viet-viscii']),
  ...vietnamese('tcvn3', [
    'tcvn', 'tcvn-5712', 'tcvn5712-1', 'tcvn5712-1:1993', 'x-viet-tcvn', 'x-viet-tcvn5712', 'tcvn3', 'x-tcvn3', 'x-viet-tcvn3',
  ]),
  ...vietnamese('vni', ['vni', 'x-vni', 'x-viet-vni']),
  ...vietnamese('vps', ['vps', 'x-vps', 'x-viet-vps']),
])

function vietnamese(charset: VietnameseCharset, labels: readonly string[]): (readonly [string, LabelMeaning])[] {
  return labels.map((label) => [label, { kind: 'vietnamese', charset }] as const)
}

/** The meaning of a label as it stands in a message; `null` is no label. */
export function labelMeaning(label: string | null): LabelMeaning {
  if (label === null) return unknown
  const plain = label.trim().replace(/^["']+|["']+$/g, '').toLowerCase()
  return meanings.get(plain) ?? { kind: 'other', label: plain }
}
