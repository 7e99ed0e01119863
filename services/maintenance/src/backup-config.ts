import { type Environment, type Reader, readConfig } from '@sallyport/config/reader'
import type { KeyFiles } from './backup/key-material.ts'
import type { Destination } from './destination/open-store.ts'

export type BackupConfig = {
  readonly destination: Destination
  readonly databaseUrl: string
  readonly keyFiles: KeyFiles
  readonly recordingDirectory: string | undefined
  readonly recoveryRecipient: string
  readonly proveRecipient: string | undefined
  readonly signingKeyFile: string
}

export type RestoreConfig = {
  readonly destination: Destination
  readonly adminUrl: string
  readonly keyFiles: KeyFiles
  readonly recordingDirectory: string | undefined
  readonly checkpointDirectory: string | undefined
  readonly recoveryKeyFile: string
}

export type ProveConfig = {
  readonly destination: Destination
  readonly keyFile: string
  readonly chainKeyFile: string
  readonly checkpointDirectory: string | undefined
  readonly scratchDirectory: string | undefined
  readonly metricsFile: string | undefined
}

/** Throws ConfigError with every problem at once, as the following do. */
export const readBackupConfig = (environment: Environment): BackupConfig =>
  readConfig(environment, reader => ({
    destination: destinationOf(reader),
    databaseUrl: reader.secretText('SALLYPORT_BACKUP_DATABASE_URL'),
    keyFiles: keyFilesOf(reader),
    recordingDirectory: reader.optional('SALLYPORT_RECORDING_DIRECTORY'),
    recoveryRecipient: recipientOf(reader, 'SALLYPORT_BACKUP_RECOVERY_RECIPIENT_FILE'),
    proveRecipient: reader.optional('SALLYPORT_BACKUP_PROVE_RECIPIENT_FILE')
      ? recipientOf(reader, 'SALLYPORT_BACKUP_PROVE_RECIPIENT_FILE')
      : undefined,
    signingKeyFile: reader.file('SALLYPORT_BACKUP_SIGNING_KEY_FILE'),
  }))

export const readRestoreConfig = (environment: Environment): RestoreConfig =>
  readConfig(environment, reader => ({
    destination: destinationOf(reader),
    adminUrl: reader.secretText('SALLYPORT_RESTORE_DATABASE_URL'),
    keyFiles: keyFilesOf(reader),
    recordingDirectory: reader.optional('SALLYPORT_RECORDING_DIRECTORY'),
    checkpointDirectory: reader.optional('SALLYPORT_AUDIT_CHECKPOINT_DIRECTORY'),
    recoveryKeyFile: reader.file('SALLYPORT_BACKUP_RECOVERY_KEY_FILE'),
  }))

export const readProveConfig = (environment: Environment): ProveConfig =>
  readConfig(environment, reader => ({
    destination: destinationOf(reader),
    keyFile: reader.file('SALLYPORT_BACKUP_PROVE_KEY_FILE'),
    chainKeyFile: reader.file('SALLYPORT_AUDIT_CHAIN_KEY_FILE'),
    checkpointDirectory: reader.optional('SALLYPORT_AUDIT_CHECKPOINT_DIRECTORY'),
    scratchDirectory: reader.optional('SALLYPORT_BACKUP_SCRATCH_DIRECTORY'),
    metricsFile: reader.optional('SALLYPORT_BACKUP_METRICS_FILE'),
  }))

/** The environment’s destination, or the one of a command line. */
export const readDestination = (environment: Environment, text?: string): Destination =>
  readConfig({ ...environment, ...(text && { SALLYPORT_BACKUP_DESTINATION: text }) }, reader =>
    destinationOf(reader),
  )

const destinationOf = (reader: Reader): Destination => {
  const text = reader.text('SALLYPORT_BACKUP_DESTINATION')
  if (!text.startsWith('s3://')) {
    if (text !== '' && !text.startsWith('/'))
      reader.complain('SALLYPORT_BACKUP_DESTINATION must be an absolute path, or s3://bucket/prefix')
    return { kind: 'directory', path: text }
  }
  const [, bucket = '', prefix = ''] = /^s3:\/\/([a-z0-9.-]{3,63})(?:\/(.*))?$/.exec(text) ?? []
  if (bucket === '' || !/^[\w./-]*$/.test(prefix))
    reader.complain('SALLYPORT_BACKUP_DESTINATION must be s3://bucket or s3://bucket/prefix')
  const region = reader.text('SALLYPORT_BACKUP_S3_REGION', 'us-east-1')
  return {
    kind: 's3',
    bucket,
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    region,
    endpoint: endpointOf(reader, region),
    accessKeyId: reader.text('SALLYPORT_BACKUP_S3_ACCESS_KEY_ID'),
    secretKeyFile: reader.file('SALLYPORT_BACKUP_S3_SECRET_KEY_FILE'),
  }
}

/** What is signed travels in clear to nobody but this machine. */
const endpointOf = (reader: Reader, region: string): string => {
  const name = 'SALLYPORT_BACKUP_S3_ENDPOINT'
  const text = reader.text(name, `https://s3.${region}.amazonaws.com`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url?.protocol !== 'https:' && !isLocal) reader.complain(`${name} must be an https URL`)
  return text
}

/** Under the names that the services have for them. Those that are not set are not in the backup. */
const keyFilesOf = (reader: Reader): KeyFiles => {
  const files = {
    'access-control': reader.optional('SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE'),
    'vault-root': reader.optional('SALLYPORT_VAULT_ROOT_KEY_FILE'),
    recordings: reader.optional('SALLYPORT_RECORDING_KEY_FILE'),
    'audit-chain': reader.optional('SALLYPORT_AUDIT_CHAIN_KEY_FILE'),
    'ssh-host-key': reader.optional('SALLYPORT_SSH_HOST_KEY_FILE'),
  }
  const set = Object.entries(files).filter(([, path]) => path !== undefined)
  return Object.fromEntries(set) as KeyFiles
}

const recipientOf = (reader: Reader, name: string): string => {
  const text = reader.bytes(name).toString('utf8').trim()
  if (text !== '' && !/^age1[a-z0-9]+$/.test(text)) reader.complain(`${name} must hold one public key of age`)
  return text
}
