import { isDeviceName, isDomain, isTargetUsername, isTenantName, isUserName } from './login-name-parts.ts'

/** What an SSH login name says: who, and optionally which account on which device. */
export type LoginName = {
  readonly tenant: string
  readonly user: string
  readonly target?: TargetName
  /** A one-time code that was appended to the login name, for clients that cannot be asked. */
  readonly code?: string
}

export type TargetName = { readonly domain?: string; readonly username: string; readonly device: string }

export type ParsedLoginName =
  | { readonly ok: true; readonly login: LoginName }
  | { readonly ok: false; readonly problem: string }

export const DEFAULT_TENANT = 'default'
const MAX_LENGTH = 600

export const USAGE: string = [
  'Name the account and the device in the login name:',
  "  ssh 'you[account@device]'@proxy",
  "  ssh 'you[domain\\account@device]'@proxy",
  "  ssh 'tenant/you[account@10.0.0.7]'@proxy",
  "  ssh 'you[account@[2001:db8::7]]'@proxy",
].join('\n')

/**
 * Parses `[tenant/]user[[domain\]account@device][code]`, as people know it from other multihop proxies.
 * Everything that is not exactly that is refused: no part ever reaches a shell, a path or a log unchecked.
 */
export const parseLoginName = (text: string): ParsedLoginName => {
  if (text.length > MAX_LENGTH) return refuse('the login name is too long')
  const open = text.indexOf('[')
  const person = parsePerson(open === -1 ? text : text.slice(0, open))
  if (person === undefined) return refuse('the part before "[" must be [tenant/]user')
  if (open === -1) return { ok: true, login: person }
  const close = text.lastIndexOf(']')
  if (close < open) return refuse('a "]" is missing')
  const code = text.slice(close + 1)
  if (code !== '' && !/^[0-9]{6,8}$/.test(code)) return refuse('only a one-time code may follow the "]"')
  const target = parseTarget(text.slice(open + 1, close))
  if (target === undefined) return refuse('the part in brackets must be [domain\\]account@device')
  return { ok: true, login: { ...person, target, ...(code !== '' && { code }) } }
}

/** The canonical text of a login name: parsing it gives the same login name. */
export const formatLoginName = ({ tenant, user, target, code }: LoginName): string =>
  `${tenant}/${user}${target ? `[${formatTarget(target)}]${code ?? ''}` : ''}`

/** Such as "root@web-1", for people. */
export const formatTarget = ({ domain, username, device }: TargetName): string =>
  `${domain === undefined ? '' : `${domain}\\`}${username}@${device.includes(':') ? `[${device}]` : device}`

const parsePerson = (text: string): { tenant: string; user: string } | undefined => {
  const slash = text.indexOf('/')
  const tenant = slash === -1 ? DEFAULT_TENANT : text.slice(0, slash)
  const user = text.slice(slash + 1)
  return isTenantName(tenant) && isUserName(user) ? { tenant, user } : undefined
}

const parseTarget = (text: string): TargetName | undefined => {
  const at = text.lastIndexOf('@')
  const backslash = text.indexOf('\\')
  if (at === -1 || backslash > at) return undefined
  const username = text.slice(backslash + 1, at)
  const device = unbracket(text.slice(at + 1))
  if (!isTargetUsername(username) || device === undefined || !isDeviceName(device)) return undefined
  if (backslash === -1) return { username, device }
  const domain = text.slice(0, backslash)
  return isDomain(domain) ? { domain, username, device } : undefined
}

/** An IPv6 address stands in brackets of its own, and nothing else does. */
const unbracket = (text: string): string | undefined => {
  const inner = /^\[(.*)\]$/.exec(text)?.[1]
  if (inner === undefined) return text.includes(':') ? undefined : text
  return inner.includes(':') ? inner : undefined
}

const refuse = (problem: string): ParsedLoginName => ({ ok: false, problem })
