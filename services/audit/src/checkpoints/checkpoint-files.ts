import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isUuid } from '@sallyport/database/uuid-v7'
import type { Checkpoint } from '../domain/checkpoint.ts'
import { checkpointLine, parseCheckpoint } from './checkpoint-line.ts'

const suffix = '.ndjson'
const fileOf = (directory: string, tenantId: string): string => join(directory, `${tenantId}${suffix}`)

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

/**
 * Appends a checkpoint to the tenant's file, and returns once it is on disk. The directory belongs somewhere that
 * who can change the database cannot change: another host, or append-only storage.
 */
export const appendCheckpoint = async (directory: string, checkpoint: Checkpoint): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await using file = await open(fileOf(directory, checkpoint.tenantId), 'a', 0o600)
  // The line break comes first: a line torn by a crash must not swallow the next one.
  await file.appendFile(`\n${checkpointLine(checkpoint)}`)
  await file.sync()
  await using folder = await open(directory, 'r')
  await folder.sync()
}

/** Puts the public key that checkpoints are signed with beside them, for whoever verifies without us. */
export const publishKey = async (directory: string, publicKey: string): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(join(directory, 'checkpoint-key.pem'), publicKey)
}

/** The tenant's checkpoints of a directory, in the order in which they were written. Torn lines are left out. */
export const readCheckpointFile = async (directory: string, tenantId: string): Promise<Checkpoint[]> => {
  const content = await readFile(fileOf(directory, tenantId), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return ''
    throw error
  })
  return content.split('\n').flatMap(line => {
    const checkpoint = parseCheckpoint(line)
    return checkpoint?.tenantId === tenantId ? [checkpoint] : []
  })
}

/** The tenants that have a file in the directory. */
export const tenantsWithCheckpoints = async (directory: string): Promise<string[]> => {
  const names = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return names
    .map(name => name.slice(0, -suffix.length))
    .filter((name, at) => isUuid(name) && names[at]?.endsWith(suffix))
}
