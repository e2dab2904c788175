/** Types of test-mongo.mjs. */
export function findMongod(): string | null
export function whyUnreachable(): string | null
export function layOutMongod(): string
