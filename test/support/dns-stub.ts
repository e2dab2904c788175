/** A DNS server on loopback with the records that a test gives it (RFC 1035, UDP only). */
import dgram from 'node:dgram'
import { once } from 'node:events'

export type DnsType = 'A' | 'PTR' | 'MX' | 'TXT' | 'AAAA'

export interface DnsStub extends AsyncDisposable {
  /** `address:port`, as Node's resolvers take it. */
  readonly server: string
  /** `TXT example.com` → texts; `A …` → addresses; `MX …` → `10 host`; `hang` = no answer ever; `fail` = SERVFAIL. Absent: NXDOMAIN. */
  records: Record<string, readonly string[] | 'hang' | 'fail'>
  /** Questions so far: `TXT example.com`. */
  readonly asked: string[]
}

const types: Readonly<Record<number, DnsType>> = { 1: 'A', 12: 'PTR', 15: 'MX', 16: 'TXT', 28: 'AAAA' }

export async function dnsStub(): Promise<DnsStub> {
  const socket = dgram.createSocket('udp4')
  const stub: DnsStub = {
    server: '',
    records: {},
    asked: [],
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    },
  }
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query)
    stub.asked.push(`${type} ${name}`)
    const found = stub.records[`${type} ${name}`]
    if (found === 'hang') return
    socket.send(found === 'fail' ? failureOf(query.subarray(0, end)) : answerTo(query.subarray(0, end), type, found ?? null), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return Object.assign(stub, { server: `127.0.0.1:${socket.address().port}` })
}

function readQuestion(query: Buffer): { name: string; type: DnsType | undefined; end: number } {
  const labels: string[] = []
  let at = 12
  while (query[at]! > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
    at += 1 + query[at]!
  }
  return { name: labels.join('.').toLowerCase(), type: types[query.readUInt16BE(at + 1)], end: at + 5 }
}

function failureOf(question: Buffer): Buffer {
  const head = Buffer.from(question)
  head.writeUInt16BE(0x8182, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(0, 6)
  head.writeUInt16BE(0, 10)
  return head
}

function answerTo(question: Buffer, type: DnsType | undefined, found: readonly string[] | null): Buffer {
  const head = Buffer.from(question)
  head.writeUInt16BE(found === null ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(found?.length ?? 0, 6)
  head.writeUInt32BE(0, 8)
  const answers = (found ?? []).map((value) => {
    const data = dataOf(type, value)
    const record = Buffer.alloc(12)
    record.writeUInt16BE(0xc00c, 0)
    question.copy(record, 2, question.length - 4)
    record.writeUInt32BE(60, 6)
    record.writeUInt16BE(data.length, 10)
    return Buffer.concat([record, data])
  })
  return Buffer.concat([head, ...answers])
}

function dataOf(type: DnsType | undefined, value: string): Buffer {
  const name = (text: string): Buffer =>
    Buffer.concat([...(text === '' ? [] : text.split('.')).map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])])
  switch (type) {
    case 'A':
      return Buffer.from(value.split('.').map(Number))
    case 'MX': {
      const [priority, host] = value.split(' ')
      const number = Buffer.alloc(2)
      number.writeUInt16BE(Number(priority))
      return Buffer.concat([number, name(host!)])
    }
    case 'PTR':
      return name(value)
    default: {
      const pieces = value.match(/.{1,255}/gs) ?? ['']
      return Buffer.concat(pieces.map((piece) => Buffer.from([piece.length, ...Buffer.from(piece)])))
    }
  }
}
