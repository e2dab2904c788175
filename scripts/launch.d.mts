/** Types of launch.mjs. */
export const serverFlags: readonly string[]
export function serverEnvironment(given?: Readonly<Record<string, string | undefined>>): Record<string, string | undefined>
export function becomeServer(args: readonly string[]): never
export function runServer(node: string, args: readonly string[], options?: { readonly cwd?: string }): void
