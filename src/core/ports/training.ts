/** The spam filter's memory: it learns from what people move into and out of their junk mailbox. */

export type JunkKind = 'spam' | 'ham'

export interface SpamTraining {
  /**
   * Gives the filter one message as it came from its sender. `known`: it had learned this one already, or there is too little
   * in it to learn from. Refuses `unavailable` while the filter cannot be asked, which may pass; `message-refused` when it will
   * not take this message or not from us. Learning twice is learning once.
   */
  learn(kind: JunkKind, message: Uint8Array, signal: AbortSignal): Promise<'learned' | 'known'>
}
