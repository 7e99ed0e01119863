/** What an opaque token opens: a login session, an API token, or the next step of a login. */
export type TokenKind = 'session' | 'api-token' | 'challenge'

export type OpaqueToken = { kind: TokenKind; tenantId: string; secret: string }

const prefixes: Readonly<Record<TokenKind, string>> = { session: 'sps', 'api-token': 'spt', challenge: 'spc' }
const shape = /^(sp[stc])_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$/

/** `sps_<tenant>_<secret>`: the tenant is in clear so that the lookup happens inside it. */
export const formatToken = (token: OpaqueToken): string => {
  return `${prefixes[token.kind]}_${token.tenantId.replaceAll('-', '')}_${token.secret}`
}

/** Reads a token, or gives undefined for anything that is not exactly one. */
export const parseToken = (text: string): OpaqueToken | undefined => {
  const [, prefix, hex, secret] = shape.exec(text) ?? []
  const kind = kindOf(prefix)
  if (kind === undefined || hex === undefined || secret === undefined) return undefined
  return { kind, tenantId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), secret }
}

const kindOf = (prefix: string | undefined): TokenKind | undefined => {
  if (prefix === prefixes.session) return 'session'
  if (prefix === prefixes['api-token']) return 'api-token'
  return prefix === prefixes.challenge ? 'challenge' : undefined
}
