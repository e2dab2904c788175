/** The version that a change names (If-Match), as the use cases take it. A text that is no version is none that there ever was. */
export const versionSeen = (ifMatch: string): { readonly ifVersion: number } => ({ ifVersion: /^\d{1,9}$/.test(ifMatch) ? Number(ifMatch) : -1 })
