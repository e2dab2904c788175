/** Signatures of mail that leaves (RFC 6376). They stand in the prefix of its outgoing rows, so that the body is kept once. */
import type { MessageSigner } from '../ports/signing.ts'

const none = new Uint8Array(0)

/** @param from the author's address or its domain: DMARC wants the signature to be of that domain (RFC 7489 §3.1.1) */
export async function signaturesOf(signer: MessageSigner | null | undefined, from: string, bytes: Uint8Array): Promise<Uint8Array> {
  return signer === null || signer === undefined ? none : await signer.sign(from.slice(from.lastIndexOf('@') + 1), bytes)
}
