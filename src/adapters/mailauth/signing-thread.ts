/** The thread that signs: hashing a large message and an RSA signature take longer than the main thread may stand still. */
import { parentPort } from 'node:worker_threads'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'
import type { DkimKey } from './dkim-keys.ts'

export interface SigningRequest {
  readonly id: number
  readonly domain: string
  readonly keys: readonly DkimKey[]
  readonly message: Uint8Array
}

export type SigningReply = { readonly id: number; readonly signatures: string } | { readonly id: number; readonly failed: string }

const port = parentPort!

port.on('message', (request: SigningRequest) => {
  void sign(request).then((reply) => port.postMessage(reply))
})

async function sign({ id, domain, keys, message }: SigningRequest): Promise<SigningReply> {
  try {
    const signing = {
      canonicalization: 'relaxed/relaxed',
      signatureData: keys.map(({ selector, algorithm, privateKey }) => ({ signingDomain: domain, selector, algorithm, privateKey })),
    }
    // What the function reads is `signatureData`; its type names the fields of one signature.
    const { signatures, errors } = await dkimSign(Buffer.from(message.buffer, message.byteOffset, message.byteLength), signing as unknown as Parameters<typeof dkimSign>[1])
    // A message whose author cannot be read proves nothing, signed or not.
    const failed = errors.filter(({ err }) => err.code !== 'ENOFROM')
    return failed.length === 0 ? { id, signatures } : { id, failed: failed.map(({ err }) => String(err)).join('; ') }
  } catch (error) {
    return { id, failed: String(error) }
  }
}
