import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readBackupConfig, readDestination } from './backup-config.ts'

const directory = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
const file = join(directory, 'secret')
writeFileSync(file, 'age1abc\n', { mode: 0o600 })
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const s3 = { SALLYPORT_BACKUP_S3_ACCESS_KEY_ID: 'id', SALLYPORT_BACKUP_S3_SECRET_KEY_FILE: file }

describe('The configuration of backups', () => {
  it('complains of everything that is missing at once', () => {
    expect(() => readBackupConfig({})).toThrow(
      /DESTINATION is not set.*DATABASE_URL is not set.*RECOVERY_RECIPIENT_FILE.*SIGNING_KEY_FILE/s,
    )
  })

  it('names a directory, or a bucket with a prefix', () => {
    expect(readDestination({}, '/srv/backups')).toEqual({ kind: 'directory', path: '/srv/backups' })
    expect(readDestination(s3, 's3://bucket/a/b')).toMatchObject({
      kind: 's3',
      bucket: 'bucket',
      prefix: 'a/b/',
      endpoint: 'https://s3.us-east-1.amazonaws.com',
    })
    expect(readDestination(s3, 's3://bucket')).toMatchObject({ prefix: '' })
  })

  it.each([
    ['relative', {}],
    ['s3://', s3],
    ['s3://b/../c', s3],
    ['s3://bucket/?x', s3],
    ['s3://bucket', {}],
    ['s3://bucket', { ...s3, SALLYPORT_BACKUP_S3_ENDPOINT: 'http://192.0.2.1' }],
  ])('refuses %s with %o', (text, environment) => {
    expect(() => readDestination(environment, text)).toThrow('is not usable')
  })
})
