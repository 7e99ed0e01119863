import type { BegunRotation } from '../clients/vault.ts'
import { checkAccountName } from '../domain/rotation/account.ts'
import type { TagValues } from '../domain/template/tags.ts'
import type { SignIn } from '../executors/executor.ts'

/** Who signs in for the change: the privileged account, or the account itself with its current secret. */
export const signInFor = ({ account, kind, current, privileged }: BegunRotation): SignIn | undefined => {
  if (privileged !== undefined) return privileged
  return current && { username: loginName(account), kind, secret: current }
}

/** The account's own sign-in with one of its secrets, for probing. */
export const ownSignIn = (rotation: BegunRotation, secret: SignIn['secret']): SignIn => ({
  username: loginName(rotation.account),
  kind: rotation.kind,
  secret,
})

const loginName = ({ username, domain }: BegunRotation['account']): string =>
  domain === '' ? username : `${domain}\\${username}`

/** The secrets of an attempt, for masking. */
export const secretsOf = ({ candidate, current, privileged }: BegunRotation): Uint8Array[] =>
  [candidate, current, privileged?.secret].flatMap(secret => (secret === undefined ? [] : [secret.bytes()]))

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What the tags stand for. The bytes are the secrets' own, so they go when the secrets go. */
export const tagValuesOf = (rotation: BegunRotation): TagValues => {
  const { account, candidate, current, privileged, target } = rotation
  const authPassword = privileged?.kind === 'password' ? privileged.secret : undefined
  return {
    USERNAME: encode(checkAccountName(account.username)),
    DOMAIN: encode(account.domain),
    HOSTNAME: encode(account.deviceName),
    IP: encode(target.address),
    NEW_PASSWORD: candidate.bytes(),
    ...(current && { CURRENT_PASSWORD: current.bytes() }),
    ...(privileged && { AUTH_USER: encode(checkAccountName(privileged.username)) }),
    ...(authPassword && { AUTH_PASSWORD: authPassword.bytes() }),
  }
}

export const disposeOf = ({ candidate, current, privileged }: BegunRotation): void => {
  candidate.dispose()
  current?.dispose()
  privileged?.secret.dispose()
}
