import { type Environment, type Reader, readConfig } from '@sallyport/config/reader'
import { type HealthConfig, readHealth } from '@sallyport/telemetry/health-config'
import { logLevels } from '@sallyport/telemetry/log-level'
import type { LogLevel } from '@sallyport/telemetry/logger'
import type { Revealed } from './reveal.ts'

export type AccountConfig = {
  readonly userName: string
  readonly passwordFile: string
  /** Of the second factor, as `otpauth:` URI. */
  readonly totpFile: string
}

export type SyntheticUserConfig = {
  readonly apiUrl: string
  /** PEM: who must have signed the certificate of the API; unless given, whoever Node trusts. */
  readonly tlsAuthority: string | undefined
  readonly ssh: { readonly host: string; readonly port: number; readonly hostKey: string }
  readonly tenant: string
  readonly user: AccountConfig
  readonly approver: AccountConfig
  /** Such as `account@device`. */
  readonly target: string
  readonly revealed: Revealed | undefined
  readonly everySeconds: number
  /** How long each step may take. */
  readonly stepSeconds: number
  readonly health: HealthConfig | undefined
  readonly logLevel: LogLevel
}

/** @throws ConfigError */
export const readSyntheticUserConfig = (environment: Environment): SyntheticUserConfig =>
  readConfig(environment, reader => ({
    apiUrl: readUrl(reader),
    tlsAuthority: reader.optional('SALLYPORT_SYNTHETIC_TLS_AUTHORITY_FILE')
      ? reader.bytes('SALLYPORT_SYNTHETIC_TLS_AUTHORITY_FILE').toString()
      : undefined,
    ssh: {
      host: reader.text('SALLYPORT_SYNTHETIC_SSH_HOST'),
      port: reader.integer('SALLYPORT_SYNTHETIC_SSH_PORT', { min: 1, max: 65_535 }, 22),
      hostKey: readHostKey(reader),
    },
    tenant: reader.text('SALLYPORT_SYNTHETIC_TENANT', 'default'),
    user: readAccount(reader, 'USER'),
    approver: readAccount(reader, 'APPROVER'),
    target: reader.text('SALLYPORT_SYNTHETIC_TARGET'),
    revealed: readRevealed(reader),
    // Each one-time code is good once, and a run may take two of the user’s.
    everySeconds: reader.integer('SALLYPORT_SYNTHETIC_EVERY_SECONDS', { min: 60, max: 3_600 }, 60),
    stepSeconds: reader.integer('SALLYPORT_SYNTHETIC_STEP_SECONDS', { min: 3, max: 60 }, 10),
    health: readHealth(reader),
    logLevel: reader.oneOf('SALLYPORT_LOG_LEVEL', logLevels, 'info'),
  }))

const readUrl = (reader: Reader): string => {
  const text = reader.text('SALLYPORT_SYNTHETIC_API_URL')
  const url = URL.parse(text)
  const isGood = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.username === ''
  if (text !== '' && !isGood)
    reader.complain('SALLYPORT_SYNTHETIC_API_URL must be as https://sallyport.example, without a path')
  return isGood ? url.origin : ''
}

const readHostKey = (reader: Reader): string => {
  const key = reader.text('SALLYPORT_SYNTHETIC_SSH_HOST_KEY')
  if (key !== '' && !/^[a-z0-9-]+ [A-Za-z0-9+/]{40,}={0,2}$/.test(key))
    reader.complain(
      'SALLYPORT_SYNTHETIC_SSH_HOST_KEY must be as in known_hosts, without the host: ssh-ed25519 AAAA…',
    )
  return key
}

const readAccount = (reader: Reader, who: 'USER' | 'APPROVER'): AccountConfig => ({
  userName: reader.text(`SALLYPORT_SYNTHETIC_${who}_NAME`),
  passwordFile: reader.file(`SALLYPORT_SYNTHETIC_${who}_PASSWORD_FILE`),
  totpFile: reader.file(`SALLYPORT_SYNTHETIC_${who}_TOTP_FILE`),
})

const readRevealed = (reader: Reader): Revealed | undefined => {
  const [credentialId, deviceId] = ['CREDENTIAL', 'DEVICE'].map(what =>
    reader.optional(`SALLYPORT_SYNTHETIC_REVEAL_${what}_ID`),
  )
  if (credentialId && deviceId) return { credentialId, deviceId }
  if (credentialId || deviceId)
    reader.complain('SALLYPORT_SYNTHETIC_REVEAL_CREDENTIAL_ID and _DEVICE_ID belong together')
  return undefined
}
