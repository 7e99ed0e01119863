import { createHash, randomBytes } from 'node:crypto'
import { formatToken, type OpaqueToken, parseToken, type TokenKind } from '../domain/opaque-token.ts'

/** A new opaque token of 256 random bits: the text for its holder, the hash for storage. */
export const newToken = (kind: TokenKind, tenantId: string): { text: string; hash: Buffer } => {
  const token = { kind, tenantId, secret: randomBytes(32).toString('base64url') }
  return { text: formatToken(token), hash: hashOf(token) }
}

/** Reads a token that somebody presents. Undefined for anything malformed or of another kind. */
export const readToken = (
  text: string,
  kinds: readonly TokenKind[],
): { kind: TokenKind; tenantId: string; hash: Buffer } | undefined => {
  const token = parseToken(text)
  if (token === undefined || !kinds.includes(token.kind)) return undefined
  return { kind: token.kind, tenantId: token.tenantId, hash: hashOf(token) }
}

// 256 random bits need no salt and no slow hash.
const hashOf = (token: OpaqueToken): Buffer => createHash('sha256').update(formatToken(token)).digest()
