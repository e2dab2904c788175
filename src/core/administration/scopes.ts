/**
 * Scopes of API tokens: an area of the API, to read or to change. A token has those that it was made with and never more
 * than the role of its owner; changing includes reading. What is about one's own sign-in is never open to a token.
 */

export const scopeAreas = [
  'agencies',
  'accounts',
  'imports',
  'directory',
  'lifecycle',
  'requests',
  'cases',
  'calendar',
  'quota',
  'notices',
  'incidents',
  'records',
  'reports',
  'delegations',
] as const

export type ScopeArea = (typeof scopeAreas)[number]
export type Scope = `${ScopeArea}:${'read' | 'write'}`

export const scopes: readonly Scope[] = scopeAreas.flatMap((area): Scope[] => [`${area}:read`, `${area}:write`])

export function covers(held: readonly Scope[], area: ScopeArea, access: 'read' | 'write'): boolean {
  return held.includes(`${area}:write`) || (access === 'read' && held.includes(`${area}:read`))
}
