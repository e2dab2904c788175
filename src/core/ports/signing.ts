/** Signs mail that leaves with the key of its domain. */
export interface MessageSigner {
  /**
   * DKIM-Signature fields (RFC 6376), each with its line end, to stand before the message as it is given, which must not
   * change any more; none when the message names no author. Refuses `unavailable` when it could not be signed now.
   */
  sign(domain: string, message: Uint8Array): Promise<Uint8Array>
}
