/**
 * The 300 messages of the demo: what reaches and leaves the offices of a province, good and bad. Deterministic:
 * message n is always the same bytes for the same people.
 */
import { toTcvn3, toVni, toWindows1258 } from './legacy.ts'

export interface DemoPerson {
  readonly address: string
  readonly name: string
}

export interface DemoMessage {
  readonly kind: string
  /** Envelope. `account` signs in for submission; null comes from outside. */
  readonly account: string | null
  readonly sender: string
  readonly recipients: readonly string[]
  readonly bytes: Buffer
  /** What must arrive after our trace lines (submission removes Bcc). */
  readonly expected: Buffer
  /** Submission adds these because the sender left them out. */
  readonly added: readonly ('date' | 'message-id')[]
}

const sentences = [
  'Kính gửi các đồng chí lãnh đạo cơ quan, đơn vị trên địa bàn tỉnh.',
  'Thực hiện kế hoạch công tác năm, đề nghị các đơn vị báo cáo kết quả trước ngày mười lăm hằng tháng.',
  'Trường hợp có vướng mắc, xin liên hệ Trung tâm Chuyển đổi số để được hướng dẫn.',
  'Cuộc họp giao ban bắt đầu lúc bảy giờ ba mươi phút tại hội trường tầng hai.',
  'Hồ sơ gồm công văn, phụ lục và biểu mẫu đính kèm; đề nghị kiểm tra chữ ký số trước khi lưu.',
  'Nước sông dâng cao, các xã ven sông chuẩn bị phương án sơ tán người dân đến nơi an toàn.',
  'Rơ Châm H’Yéo và Y Ngông Niê Kdăm tham dự lớp tập huấn về an toàn thông tin.',
  'Trân trọng cảm ơn sự phối hợp của quý cơ quan.',
]
const subjects = ['Báo cáo tháng', 'Lịch họp giao ban', 'Đề nghị góp ý dự thảo', 'Kế hoạch chuyển đổi số', 'Thông báo ngừng hệ thống', 'Danh sách cán bộ đầu mối', 'Mời tập huấn an toàn thông tin']
const outsiders = [
  { address: 'nguyen.an@congty.example.vn', name: 'Nguyễn Văn An' },
  { address: 'alice@example.com', name: 'Alice Johnson' },
  { address: 'baochi@toasoan.example.net', name: 'Toà soạn Báo' },
  { address: 'no-reply@bank.example', name: 'Ngân hàng' },
]

export class Rng {
  #state: number
  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 97) >>> 0
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  below(n: number): number {
    return Math.floor(this.next() * n)
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }
  bytes(n: number): Buffer {
    const out = Buffer.allocUnsafe(n)
    for (let i = 0; i < n; i++) out[i] = this.below(256)
    return out
  }
}

const crlf = '\r\n'
const word = (text: string): string => (/^[\x20-\x7e]*$/.test(text) ? text : [...text.match(/.{1,12}/gu)!].map((piece) => `=?UTF-8?B?${Buffer.from(piece).toString('base64')}?=`).join(`${crlf} `))
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/(.{76})/g, `$1${crlf}`)
const quotedPrintable = (text: string): string =>
  text
    .split(crlf)
    .map((line) => {
      let out = ''
      let column = 0
      for (const byte of Buffer.from(line)) {
        const piece = byte === 61 || byte < 32 || byte > 126 ? `=${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte)
        if (column + piece.length > 74) {
          out += `=${crlf}`
          column = 0
        }
        out += piece
        column += piece.length
      }
      return out
    })
    .join(crlf)

interface Draft {
  readonly n: number
  readonly rng: Rng
  readonly from: DemoPerson
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

/** Header lines that every well-formed message has, then `more`, then the body. */
function compose(draft: Draft, more: readonly string[], body: string | Buffer, less: readonly string[] = []): Buffer {
  const date = new Date(Date.UTC(2026, 4, 10, 1, 0, draft.n)).toUTCString().replace('GMT', '+0000')
  const lines = [
    `From: ${word(draft.from.name)} <${draft.from.address}>`,
    `To: ${draft.to.slice(0, 10).map((address) => `<${address}>`).join(`,${crlf} `)}`,
    `Subject: ${word(draft.subject)}`,
    `Date: ${date}`,
    `Message-ID: <demo.${draft.n}@${draft.from.address.split('@')[1]}>`,
    'MIME-Version: 1.0',
    ...more,
  ].filter((line) => !less.some((name) => line.toLowerCase().startsWith(`${name}:`)))
  return Buffer.concat([Buffer.from(lines.join(crlf) + crlf + crlf), typeof body === 'string' ? Buffer.from(body) : body])
}

const attachment = (boundary: string, name: string, type: string, bytes: Buffer, extra = ''): string =>
  `--${boundary}${crlf}Content-Type: ${type}${crlf}Content-Transfer-Encoding: base64${crlf}Content-Disposition: attachment;${crlf} filename*=UTF-8''${encodeURIComponent(name)}${crlf}${extra}${crlf}${base64(bytes)}${crlf}`

/** Sizes of attachments: 1 KB to 20 MB. */
const attachmentSizes = [1_024, 4_096, 30_000, 150_000, 700_000, 2_500_000, 20_971_520]

type Maker = (draft: Draft) => Buffer

const boundaryOf = (draft: Draft, k = 1): string => `=_demo_${draft.n}_${k}`

const makers: Readonly<Record<string, Maker>> = {
  'plain text, UTF-8 8bit': (d) => compose(d, ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'], d.text),
  'plain text, quoted-printable': (d) => compose(d, ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable'], quotedPrintable(d.text) + crlf),
  'plain text, base64': (d) => compose(d, ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64'], base64(Buffer.from(d.text)) + crlf),
  'HTML with inline images': (d) => {
    const [mixed, alternative] = [boundaryOf(d), boundaryOf(d, 2)]
    const image = `--${mixed}${crlf}Content-Type: image/png${crlf}Content-Transfer-Encoding: base64${crlf}Content-ID: <logo.${d.n}@demo>${crlf}Content-Disposition: inline; filename="logo.png"${crlf}${crlf}${base64(d.rng.bytes(3000))}${crlf}`
    return compose(
      d,
      [`Content-Type: multipart/related; boundary="${mixed}"`],
      `--${mixed}${crlf}Content-Type: multipart/alternative; boundary="${alternative}"${crlf}${crlf}--${alternative}${crlf}Content-Type: text/plain; charset=utf-8${crlf}Content-Transfer-Encoding: 8bit${crlf}${crlf}${d.text}${crlf}--${alternative}${crlf}Content-Type: text/html; charset=utf-8${crlf}Content-Transfer-Encoding: quoted-printable${crlf}${crlf}${quotedPrintable(`<p>${d.text}</p><img src="cid:logo.${d.n}@demo">`)}${crlf}--${alternative}--${crlf}${crlf}${image}--${mixed}--${crlf}`,
    )
  },
  'attachment of 1 KB to 20 MB': (d) => {
    const boundary = boundaryOf(d)
    const size = attachmentSizes[Math.floor(d.n / 13) % attachmentSizes.length]!
    return compose(
      d,
      [`Content-Type: multipart/mixed; boundary="${boundary}"`],
      `--${boundary}${crlf}Content-Type: text/plain; charset=utf-8${crlf}Content-Transfer-Encoding: 8bit${crlf}${crlf}${d.text}${crlf}${attachment(boundary, `Công văn số ${d.n}.pdf`, 'application/pdf', d.rng.bytes(size))}--${boundary}--${crlf}`,
    )
  },
  'windows-1258 without any label': (d) => compose(d, [], toWindows1258(d.text)),
  'windows-1258, labelled': (d) => compose(d, ['Content-Type: text/plain; charset=windows-1258', 'Content-Transfer-Encoding: 8bit'], toWindows1258(d.text)),
  'TCVN3 without any label': (d) => compose(d, [], toTcvn3(d.text)),
  'VNI without any label': (d) => compose(d, ['Content-Type: text/plain'], toVni(d.text)),
  'raw 8-bit headers': (d) => {
    const raw = compose({ ...d, from: { ...d.from, name: '' }, subject: 'RAW' }, ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'], d.text)
    const subject = d.n % 3 === 0 ? toTcvn3(d.subject) : d.n % 3 === 1 ? toVni(d.subject) : Buffer.from(d.subject)
    const at = raw.indexOf('Subject: RAW') + 'Subject: '.length
    return Buffer.concat([raw.subarray(0, at), subject, raw.subarray(at + 3)])
  },
  'lines of 5,000 characters': (d) => compose(d, ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', `X-Long: ${'x'.repeat(5000)}`], `${d.text.replaceAll(crlf, ' ').repeat(40).slice(0, 5000)}${crlf}.${'y'.repeat(4999)}${crlf}..two dots${crlf}`),
  '2,000 header lines': (d) => compose(d, Array.from({ length: 2000 }, (_, i) => `X-Trace-${i}: ${d.n * 7919 + i}`), d.text),
  'long thread': (d) => {
    const parents = Array.from({ length: 40 }, (_, i) => `<thread.${d.n % 4}.${i}@congty.example.vn>`)
    return compose({ ...d, subject: `Re: Trao đổi số ${d.n % 4}` }, [`In-Reply-To: ${parents.at(-1)}`, `References: ${parents.join(`${crlf} `)}`, 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'], d.text)
  },
  'mailing list': (d) =>
    compose(
      d,
      ['List-Id: =?UTF-8?Q?H=E1=BB=99i_=C4=91=E1=BB=93ng?= <hoidong.lists.example.org>', 'List-Unsubscribe: <mailto:roi@lists.example.org>, <https://lists.example.org/roi>', 'Precedence: list', `Received: from lists.example.org (lists.example.org [192.0.2.9])${crlf}\tby relay.example.org; Sun, 10 May 2026 08:00:00 +0700`, 'DKIM-Signature: v=1; a=rsa-sha256; d=lists.example.org; s=s1; h=from:to; bh=eA==; b=eA==', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'],
      `${d.text}${crlf}-- ${crlf}_______________________________________________${crlf}`,
    ),
  'forwarded message inside': (d) =>
    compose(d, [`Content-Type: multipart/mixed; boundary="${boundaryOf(d)}"`], Buffer.concat([Buffer.from(`--${boundaryOf(d)}${crlf}Content-Type: message/rfc822${crlf}${crlf}`), compose({ ...d, n: d.n + 100_000, subject: `Chuyển tiếp: ${d.subject}` }, ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'], d.text), Buffer.from(`${crlf}--${boundaryOf(d)}--${crlf}`)])),
  'malformed: multipart that is cut off': (d) => compose(d, [`Content-Type: multipart/mixed; boundary="${boundaryOf(d)}"`], `--${boundaryOf(d)}${crlf}Content-Type: text/plain${crlf}${crlf}${d.text}--${boundaryOf(d)}${crlf}Content-Type: application/octet-stream${crlf}Content-Transfer-Encoding: base64${crlf}${crlf}AAAA`),
  'malformed: no boundary parameter, broken dates and addresses': (d) => compose(d, ['Content-Type: multipart/mixed', 'Date: hôm qua', 'Cc: <<<@>>, "open quote <a@b', 'Content-Transfer-Encoding: 9bit'], d.text),
  'malformed: broken encoded words and parameters': (d) => compose(d, ['Subject: =?UTF-8?B?!!!?= =?unknown?X?abc?= =?UTF-8?Q?=ZZ', `Content-Type: text/plain; charset=; name*0*=utf-8''%E1%BB; name*2=x; boundary=`], d.text),
  'malformed: no header at all': (d) => Buffer.from(`${crlf}${d.text}${crlf}${d.n}${crlf}`),
  'malformed: a header line without a colon, control characters': (d) => compose(d, ['this is no header field', 'X-Control: \u0001\u0002\u007f\u000b', ' folded: after nothing'], `${d.text}\f\u001b[31m${crlf}`),
}

/** Bad ones come from outside only: a submission of ours must name its author. */
const outsideOnly = new Set(['malformed: no header at all'])

export interface DemoPlan {
  readonly people: readonly DemoPerson[]
  readonly count: number
}

export function demoMessages({ people, count }: DemoPlan): DemoMessage[] {
  const kinds = Object.keys(makers)
  return Array.from({ length: count }, (_, n) => {
    const rng = new Rng(n + 1)
    const kind = kinds[n % kinds.length]!
    const submitted = !outsideOnly.has(kind) && rng.next() < 0.5
    const from = submitted ? rng.pick(people) : rng.pick(outsiders)
    const recipients = recipientsOf(rng, people, n)
    const paragraphs = Array.from({ length: 2 + rng.below(12) }, () => rng.pick(sentences))
    const draft: Draft = { n, rng, from, to: recipients, subject: `${rng.pick(subjects)} số ${n}`, text: `${paragraphs.join(crlf)}${crlf}Mã ${n}${crlf}` }
    return withBcc(finish(kind, makers[kind]!(draft), { draft, submitted }), rng, people)
  })
}

function recipientsOf(rng: Rng, people: readonly DemoPerson[], n: number): string[] {
  const wanted = n % 25 === 7 ? 30 : n % 5 === 0 ? 2 + rng.below(6) : 1
  const chosen = new Set<string>()
  while (chosen.size < Math.min(wanted, people.length)) chosen.add(rng.pick(people).address)
  return [...chosen]
}

function finish(kind: string, made: Buffer, { draft, submitted }: { draft: Draft; submitted: boolean }): DemoMessage {
  const bytes = made.subarray(-2).equals(Buffer.from(crlf)) ? made : Buffer.concat([made, Buffer.from(crlf)])
  const common = { kind, sender: draft.from.address, recipients: draft.to, account: submitted ? draft.from.address : null }
  if (!submitted || draft.n % 10 !== 3) return { ...common, bytes, expected: bytes, added: [] }
  const bare = Buffer.from(bytes.toString('latin1').replace(/^Date: [^\r]*\r\n/m, '').replace(/^Message-ID: [^\r]*\r\n/m, ''), 'latin1')
  const head = bare.toString('latin1').split('\r\n\r\n')[0]!
  return { ...common, bytes: bare, expected: bare, added: /^date:/im.test(head) ? ['message-id'] : ['date', 'message-id'] }
}

/** Every twelfth submission names a blind copy: it must arrive there, and its field nowhere. */
function withBcc(message: DemoMessage, rng: Rng, people: readonly DemoPerson[]): DemoMessage {
  const wanted = message.account !== null && !message.kind.startsWith('malformed') && rng.below(6) === 0
  if (!wanted) return message
  const blind = rng.pick(people.filter((person) => !message.recipients.includes(person.address)))
  const field = Buffer.from(`Bcc: ${word(blind.name)}${crlf} <${blind.address}>${crlf}`)
  return { ...message, kind: `${message.kind}, Bcc`, recipients: [...message.recipients, blind.address], bytes: Buffer.concat([field, message.bytes]) }
}
