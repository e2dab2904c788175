/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  readonly vietnamese: string

  constructor(vietnamese: string, english: string) {
    super(english)
    this.vietnamese = vietnamese
  }
}
